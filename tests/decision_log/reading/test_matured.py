"""What a retraining reads: the last matured decision on each client by models with one feature program."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from log_examples import MODEL, make_decision, make_submission

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.reading.matured import MaturedDecisions
from solvent.decision_log.registers.outcomes import import_outcomes
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.matured import MaturedDecision
from solvent.domain.outcomes import MONTH, DefaultDefinition, OutcomeKind, ReportedOutcome
from solvent.domain.policy import Decision

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
JUNE_MATURE = JULY + 12 * MONTH + timedelta(days=31)
MATURE = datetime(2026, 8, 1, tzinfo=UTC) + 12 * MONTH + timedelta(days=31)
PROGRAM = "c" * 64


@pytest.fixture
async def connection(postgres_log: PostgresDecisionLog, database_url: str) -> AsyncIterator[SyncConnection]:
    """Clients 1 and 2 decided in June, 1 again in July, 3 by a model with other features."""
    await postgres_log.register_model(MODEL)
    await postgres_log.register_model(
        replace(MODEL, model_version="other", bundle_digest="e" * 64, program_digest="f" * 64)
    )
    for number, client, moment, version in (
        (1, 1, JUNE, MODEL.model_version),
        (2, 2, JUNE, MODEL.model_version),
        (3, 1, JULY, MODEL.model_version),
        (4, 3, JUNE, "other"),
    ):
        decision = Decision.REFUSE if client == 2 else Decision.APPROVE
        await postgres_log.record(
            make_submission(number, received_at=moment, client_id=client, model_version=version, decision=decision)
        )
    for number, moment, defaulted in ((1, JUNE, True), (2, JUNE, True), (3, JULY, False), (4, JUNE, False)):
        matured, request_id = moment + 12 * MONTH, make_decision(number).request_id
        outcome = ReportedOutcome(OutcomeKind.MATURED, matured, matured, defaulted, request_id=request_id)
        import_outcomes(database_url, [outcome], as_of=MATURE)
    with connect_sync(database_url, application_name="test") as opened:
        yield opened


def read(connection: SyncConnection, as_of: datetime) -> list[MaturedDecision]:
    found = MaturedDecisions(connection).read_matured(PROGRAM, definition=DefaultDefinition(), as_of=as_of)
    return list(found)


async def test_the_last_matured_decision_of_each_client_counts(connection: SyncConnection) -> None:
    found = read(connection, MATURE)
    assert [(one.client_id, one.is_approved) for one in found] == [(1, True), (2, False)]
    assert found[0].features == bytes.fromhex("0000803f0000c07f")
    assert found[0].application == {"SK_ID_CURR": 100001}
    assert found[0].has_history


async def test_what_has_not_matured_by_then_is_left_out(connection: SyncConnection) -> None:
    found = read(connection, JUNE_MATURE)
    assert [(one.client_id, one.decided_at, one.has_defaulted) for one in found] == [
        (1, JUNE, True),
        (2, JUNE, True),
    ]
    assert read(connection, JUNE_MATURE - timedelta(seconds=1)) == []


async def test_a_month_with_too_few_outcomes_teaches_nothing_and_is_named(
    connection: SyncConnection, postgres_log: PostgresDecisionLog
) -> None:
    """June has the outcomes of 2 of 3 approved decisions then, and of its 1 refused one; July has all of its own."""
    await postgres_log.record(
        make_submission(5, received_at=JUNE, client_id=4, model_version=MODEL.model_version, decision=Decision.APPROVE)
    )
    log = MaturedDecisions(connection)
    assert log.find_thin_months(definition=DefaultDefinition(), as_of=MATURE) == ("2026-06",)
    found = read(connection, MATURE)
    assert [(one.client_id, one.decided_at, one.is_approved) for one in found] == [(1, JULY, True), (2, JUNE, False)]


async def test_defaults_that_are_known_before_good_ends_teach_nothing(
    postgres_log: PostgresDecisionLog, database_url: str
) -> None:
    """One of two approved clients defaulted early; of the other nothing is reported yet: the rate is not 100 %."""
    await postgres_log.register_model(MODEL)
    for number in (1, 2):
        await postgres_log.record(
            make_submission(number, received_at=JUNE, client_id=number, model_version=MODEL.model_version,
                            decision=Decision.APPROVE)
        )  # fmt: skip
    early = JUNE + 3 * MONTH
    default = ReportedOutcome(OutcomeKind.DEFAULT, early, early, True, request_id=make_decision(1).request_id)
    import_outcomes(database_url, [default], as_of=MATURE)
    with connect_sync(database_url, application_name="test") as opened:
        assert read(opened, JUNE_MATURE) == []
        assert MaturedDecisions(opened).find_thin_months(definition=DefaultDefinition(), as_of=JUNE_MATURE) == (
            "2026-06",
        )


async def test_the_window_holds_every_decision_of_the_months_that_teach(
    connection: SyncConnection, postgres_log: PostgresDecisionLog
) -> None:
    """June and July teach; client 4 was refused in July without an outcome, client 5 in August, which has none."""
    for number, client, moment in ((6, 4, JULY), (7, 5, JULY + 2 * MONTH)):
        await postgres_log.record(
            make_submission(
                number,
                received_at=moment,
                client_id=client,
                model_version=MODEL.model_version,
                decision=Decision.REFUSE,
            )
        )
    found = list(MaturedDecisions(connection).read_window(PROGRAM, definition=DefaultDefinition(), as_of=MATURE))
    assert [(one.client_id, one.is_approved) for one in found] == [(1, True), (2, False), (4, False)]
    assert found[0].features == bytes.fromhex("0000803f0000c07f")
    assert [one.client_id for one in read(connection, MATURE)] == [1, 2]


async def test_a_program_of_which_nothing_was_decided_has_no_decisions(connection: SyncConnection) -> None:
    found = MaturedDecisions(connection).read_matured("a" * 64, definition=DefaultDefinition(), as_of=MATURE)
    assert list(found) == []
