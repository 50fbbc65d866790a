"""Decisions that a shadow model scored too, with what became of them."""

from datetime import UTC, datetime

import pytest
from log_examples import MODEL, make_decision, make_submission

from solvent.decision_log.database.connections import connect_sync
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
SHADOW = "2026.12.1+abcdef"


async def test_pairs_both_models_and_knows_only_final_outcomes(
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
    outcome = ReportedOutcome(OutcomeKind.MATURED, MATURED, MATURED, defaulted=True, client_id=1)
    import_outcomes(database_url, [outcome], as_of=MATURED)
    with connect_sync(database_url, application_name="test") as connection:
        assert count_shadowed(connection) == [(MODEL.model_version, SHADOW, 2)]
        found = list(
            read_shadowed(connection, MODEL.model_version, SHADOW, definition=DefaultDefinition(), as_of=MATURED)
        )
    assert found == [
        ShadowedDecision(1, -2.0, 0.1, False, -1.0, 0.3, True, True),
        ShadowedDecision(2, -2.0, 0.1, False, -1.0, 0.3, True, None),
    ]
