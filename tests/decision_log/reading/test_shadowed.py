"""Decisions that a shadow model scored too, with what became of them."""

from datetime import UTC, datetime, timedelta

import pytest
from log_examples import MODEL, make_decision, make_submission

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.reading.shadowed import count_shadowed, read_shadowed
from solvent.decision_log.registers.outcomes import import_outcomes
from solvent.decision_log.registers.shadow_scores import ShadowScore, ShadowStore
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.outcomes import MONTH, DefaultDefinition, OutcomeKind, ReportedOutcome
from solvent.domain.policy import Decision
from solvent.domain.shadowed import ShadowedDecision

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
MATURED = JUNE + 12 * MONTH
REPORTED = datetime(2026, 7, 1, tzinfo=UTC) + 12 * MONTH + timedelta(days=31)
SHADOW = "2026.12.1+abcdef"


async def test_pairs_both_models_and_knows_outcomes_of_covered_months_alone(
    postgres_log: PostgresDecisionLog, database_url: str
) -> None:
    await postgres_log.register_model(MODEL)
    store = ShadowStore(database_url)
    for number in (1, 2, 3):
        await postgres_log.record(
            make_submission(
                number, received_at=JUNE, client_id=number, score=-2.0, probability_default=0.1,
                decision=Decision.APPROVE,
            )
        )  # fmt: skip
        if number < 3:
            store.keep([ShadowScore(make_decision(number).request_id, JUNE, SHADOW, "a" * 64, -1.0, 0.3, "refuse")])
    store.close()
    with connect_sync(database_url, application_name="test") as connection:
        assert count_shadowed(connection) == [(MODEL.model_version, SHADOW, 2)]
        for client, defaulted in ((1, True), (2, False), (3, False)):
            outcome = ReportedOutcome(OutcomeKind.MATURED, MATURED, MATURED, defaulted=defaulted, client_id=client)
            import_outcomes(database_url, [outcome], as_of=MATURED)
            if client == 1:
                assert read(connection, REPORTED) == [
                    ShadowedDecision(1, -2.0, 0.1, False, -1.0, 0.3, True, None),
                    ShadowedDecision(2, -2.0, 0.1, False, -1.0, 0.3, True, None),
                ]
        assert [one.has_defaulted for one in read(connection, MATURED)] == [None, None]
        assert [one.has_defaulted for one in read(connection, REPORTED)] == [True, False]


def read(connection: SyncConnection, as_of: datetime) -> list[ShadowedDecision]:
    found = read_shadowed(connection, MODEL.model_version, SHADOW, definition=DefaultDefinition(), as_of=as_of)
    return list(found)
