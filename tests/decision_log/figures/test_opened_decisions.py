"""Readers of single decisions, of chains and of outcomes, on logs whose figures are known by hand."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from log_examples import DECISION, MODEL, make_decision
from random_log import END, START, write_random_log

from solvent.decision_log.database.roles import AS_OFFICER
from solvent.decision_log.figures.chains import read_chain_state
from solvent.decision_log.figures.comparison import read_quartiles
from solvent.decision_log.figures.latest import read_latest, read_of_client
from solvent.decision_log.figures.questions import Scope, open_reader
from solvent.decision_log.figures.risk import MaturedOutcomes, read_outcomes
from solvent.decision_log.figures.roll_ups import roll_up
from solvent.decision_log.reading.recorded import open_decision
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision
from solvent.domain.records import DecisionRecord, Submission
from solvent.domain.threshold import RiskBin
from solvent.errors import DecisionLogError

pytestmark = pytest.mark.postgres


def write(url: str, *records: DecisionRecord) -> None:
    async def record() -> None:
        async with PostgresDecisionLog(url) as log:
            await log.register_model(MODEL)
            await log.record(Submission(records, b"{}"))

    asyncio.run(record())


def test_lists_the_newest_decisions_and_those_of_a_client(database_url: str) -> None:
    write(
        database_url,
        make_decision(1, received_at=START, client_id=7),
        make_decision(2, received_at=START + timedelta(hours=1), client_id=8),
        make_decision(3, received_at=START + timedelta(hours=2), client_id=7),
    )
    with open_reader(database_url) as connection:
        assert [one.request_id.int - DECISION.request_id.int for one in read_latest(connection, limit=2)] == [2, 1]
    with open_reader(database_url, session=AS_OFFICER) as connection:
        found = read_of_client(connection, 7)
    assert [one.request_id.int - DECISION.request_id.int for one in found] == [2, 0]


def test_a_reader_of_pages_cannot_look_for_a_client(database_url: str) -> None:
    with pytest.raises(DecisionLogError, match="InsufficientPrivilege"), open_reader(database_url) as connection:
        read_of_client(connection, 7)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM decisions",
        "UPDATE decision_payloads SET loan_amount = 0",
        "SELECT key FROM idempotency_claims",
        "SELECT client_id FROM decision_payloads",
        "SELECT client_id FROM predictions",
        "SELECT * FROM feature_values",
        "UPDATE anomalies SET severity = 'LOW'",
        "DELETE FROM anomalies",
    ],
)
def test_an_officer_may_look_handle_alerts_and_nothing_else(database_url: str, statement: str) -> None:
    with (
        pytest.raises(DecisionLogError, match="InsufficientPrivilege"),
        open_reader(database_url, session=AS_OFFICER) as connection,
    ):
        connection.execute(statement.encode())


def test_an_officer_sees_the_payload_of_what_is_opened_and_no_other(database_url: str) -> None:
    write(database_url, make_decision(1, client_id=7), make_decision(2, client_id=8))
    first, second = (UUID(int=DECISION.request_id.int + number) for number in (0, 1))
    with open_reader(database_url, session=AS_OFFICER) as connection:
        assert connection.execute("SELECT count(*) FROM opened_payloads").fetchone() == (0,)
        opened = open_decision(connection, first)
        assert opened is not None
        assert opened.client_id == 7
        assert connection.execute("SELECT request_id FROM opened_payloads").fetchall() == [(first,)]
        connection.commit()
        assert connection.execute("SELECT count(*) FROM opened_payloads").fetchone() == (0,)
        assert [one.request_id for one in read_of_client(connection, 8)] == [second]
        assert connection.execute("SELECT request_id FROM opened_payloads").fetchall() == [(second,)]


def test_quartiles_of_the_top_numbers_by_decision(database_url: str) -> None:
    refused = [make_decision(number, top_numbers=(float(number), None, None)) for number in range(1, 6)]
    approved = make_decision(6, top_numbers=(9.0, None, 2.0), decision=Decision.APPROVE)
    write(database_url, *refused, approved)
    with open_reader(database_url, session=AS_OFFICER) as connection:
        found = read_quartiles(connection, MODEL.model_version).value
    assert [(one.rank, one.decision, one.first, one.median, one.third, one.count) for one in found] == [
        (1, "approve", 9.0, 9.0, 9.0, 1),
        (1, "refuse", 2.0, 3.0, 4.0, 5),
        (3, "approve", 2.0, 2.0, 2.0, 1),
    ]


def test_counts_chains_and_what_no_checkpoint_covers(database_url: str) -> None:
    write_random_log(database_url, 6, decisions=8)
    with open_reader(database_url) as connection:
        state = read_chain_state(connection).value
    assert (state.writers, state.records, state.uncovered, state.checkpoints) == (2, 16, 16, None)


def keep_outcome(url: str, number: int, *, defaulted: bool, kind: str = "matured", withdrawn: bool = False) -> None:
    """One more report, said a second after the last one."""
    outcome = "INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted, withdrawn)"
    said = "(SELECT %s + count(*) * interval '1 second' FROM outcomes)"
    request, now = UUID(int=DECISION.request_id.int - 1 + number), datetime(2026, 12, 1, tzinfo=UTC)
    with psycopg.connect(url) as connection:
        connection.execute(
            f"{outcome} VALUES (%s, %s, %s, %s, {said}, %s, %s)".encode(),
            (request, START, kind, now, now, defaulted, withdrawn),
        )


def read_matured(url: str) -> MaturedOutcomes:
    roll_up(url)
    with open_reader(url) as connection:
        return read_outcomes(connection, Scope(START.replace(minute=0), END)).value


@pytest.fixture
def two_approved_one_refused(database_url: str) -> str:
    approved = {"decision": Decision.APPROVE, "received_at": START}
    write(
        database_url,
        make_decision(1, probability_default=0.012, **approved),
        make_decision(2, probability_default=0.014, **approved),
        make_decision(3, probability_default=0.3, received_at=START),
    )
    return database_url


def test_matured_decisions_by_probability(two_approved_one_refused: str) -> None:
    for number, defaulted in ((1, False), (2, True)):
        keep_outcome(two_approved_one_refused, number, defaulted=defaulted)
    outcomes = read_matured(two_approved_one_refused)
    assert outcomes == MaturedOutcomes((RiskBin(0.01, 1, 1),), refused=0)
    assert outcomes.are_of_approved_alone


def test_an_outcome_of_a_refused_client_is_told(two_approved_one_refused: str) -> None:
    assert not read_matured(two_approved_one_refused).are_of_approved_alone
    keep_outcome(two_approved_one_refused, 3, defaulted=False)
    outcomes = read_matured(two_approved_one_refused)
    assert outcomes == MaturedOutcomes((RiskBin(0.3, 1, 0),), refused=1)
    assert not outcomes.are_of_approved_alone


def test_a_corrected_outcome_takes_the_place_of_the_one_that_was_counted(two_approved_one_refused: str) -> None:
    keep_outcome(two_approved_one_refused, 1, defaulted=False)
    assert read_matured(two_approved_one_refused).bins == (RiskBin(0.01, 1, 0),)
    keep_outcome(two_approved_one_refused, 1, defaulted=True)
    assert read_matured(two_approved_one_refused).bins == (RiskBin(0.01, 0, 1),)
    keep_outcome(two_approved_one_refused, 1, defaulted=True, withdrawn=True)
    assert read_matured(two_approved_one_refused).bins == ()


def test_a_good_end_that_a_later_default_contradicts_does_not_count(two_approved_one_refused: str) -> None:
    keep_outcome(two_approved_one_refused, 1, defaulted=False)
    keep_outcome(two_approved_one_refused, 2, defaulted=False)
    assert read_matured(two_approved_one_refused).bins == (RiskBin(0.01, 2, 0),)
    keep_outcome(two_approved_one_refused, 2, defaulted=True, kind="default")
    assert read_matured(two_approved_one_refused).bins == (RiskBin(0.01, 1, 0),)
