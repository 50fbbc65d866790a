from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from log_examples import make_submission

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.reading.decided_outcomes import read_decided_outcomes
from solvent.decision_log.registers.outcomes import import_outcomes
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.outcomes import MONTH, DecidedOutcomes, DefaultDefinition, OutcomeKind, ReportedOutcome
from solvent.domain.policy import Decision
from solvent.errors import DecisionLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

MAY = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
async def connection(postgres_log: PostgresDecisionLog, database_url: str) -> "Iterator[SyncConnection]":  # type: ignore[misc]
    """A log with five decisions: one of May, refused; four of June, approved, the last by another model."""
    await postgres_log.record(make_submission(1, received_at=MAY, client_id=1, probability_default=0.25))
    for number, version in ((2, "a"), (3, "a"), (4, "a"), (5, "b")):
        await postgres_log.record(
            make_submission(
                number, received_at=JUNE, client_id=number, probability_default=number / 100, model_version=version,
                decision=Decision.APPROVE,
            )
        )  # fmt: skip
    with connect_sync(database_url, application_name="test") as connection:
        yield connection


def report(url: str, client: int, kind: OutcomeKind, after: timedelta, *, defaulted: bool | None = None) -> None:
    observed = (MAY if client == 1 else JUNE) + after
    import_outcomes(url, [ReportedOutcome(kind, observed, observed, defaulted, client)], as_of=LATER)


def read(
    connection: SyncConnection, *, start: datetime = MAY, model: str | None = None, as_of: datetime = LATER
) -> list[tuple[int, float, int]]:
    found = read_decided_outcomes(
        connection, start, END, as_of=as_of, definition=DefaultDefinition(), model_version=model
    )
    columns = (
        np.frombuffer(found.months, "<i2"),
        np.frombuffer(found.probabilities, "<f8"),
        np.frombuffer(found.flags, "<i2"),
    )
    assert found.rows == len(columns[0])
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


async def test_gives_month_probability_and_decision_of_every_decision(connection: SyncConnection) -> None:
    assert read(connection) == [
        (24316, 0.25, 0),
        *[(24317, number / 100, DecidedOutcomes.APPROVED) for number in (2, 3, 4, 5)],
    ]
    assert read(connection, start=JUNE, model="b") == [(24317, 0.05, DecidedOutcomes.APPROVED)]
    assert read(connection, start=END - timedelta(days=1)) == []


async def test_gives_what_is_known_of_them(connection: SyncConnection, database_url: str) -> None:
    report(database_url, 1, OutcomeKind.MATURED, 12 * MONTH, defaulted=True)
    report(database_url, 2, OutcomeKind.MATURED, 12 * MONTH, defaulted=False)
    report(database_url, 3, OutcomeKind.DEFAULT, 4 * MONTH, defaulted=True)
    report(database_url, 3, OutcomeKind.FIRST_PAYMENT_MISSED, MONTH)
    report(database_url, 4, OutcomeKind.LATE_30_DAYS, 3 * MONTH)
    kept = DecidedOutcomes
    assert [flags for _, _, flags in read(connection)] == [
        kept.KNOWN + kept.DEFAULTED,
        kept.APPROVED + kept.KNOWN,
        kept.APPROVED + kept.KNOWN + kept.DEFAULTED + kept.FIRST_PAYMENT_MISSED,
        kept.APPROVED + kept.LATE_30_DAYS,
        kept.APPROVED,
    ]


@pytest.mark.parametrize(("after", "is_default"), [(12 * MONTH, True), (12 * MONTH + timedelta(days=2), False)])
async def test_a_default_after_its_term_is_none(
    connection: SyncConnection, database_url: str, after: timedelta, is_default: bool
) -> None:
    report(database_url, 2, OutcomeKind.DEFAULT, after, defaulted=True)
    (_, _, flags) = read(connection, start=JUNE)[0]
    assert flags == DecidedOutcomes.APPROVED + is_default * (DecidedOutcomes.KNOWN + DecidedOutcomes.DEFAULTED)


@pytest.mark.parametrize(
    ("kind", "limit", "flag"),
    [
        (OutcomeKind.FIRST_PAYMENT_MISSED, MONTH, DecidedOutcomes.FIRST_PAYMENT_MISSED),
        (OutcomeKind.LATE_30_DAYS, 3 * MONTH, DecidedOutcomes.LATE_30_DAYS),
    ],
)
async def test_an_early_sign_counts_within_its_months_alone(
    connection: SyncConnection, database_url: str, kind: OutcomeKind, limit: timedelta, flag: int
) -> None:
    report(database_url, 2, kind, limit)
    report(database_url, 3, kind, limit + timedelta(days=2))
    assert [flags for _, _, flags in read(connection, start=JUNE)][:2] == [
        DecidedOutcomes.APPROVED + flag,
        DecidedOutcomes.APPROVED,
    ]


async def test_what_was_reported_later_is_not_known_yet(connection: SyncConnection, database_url: str) -> None:
    report(database_url, 2, OutcomeKind.MATURED, 12 * MONTH, defaulted=True)
    report(database_url, 2, OutcomeKind.MATURED, 12 * MONTH + timedelta(days=1), defaulted=False)
    known = DecidedOutcomes.APPROVED + DecidedOutcomes.KNOWN
    for days, flags in ((-1, DecidedOutcomes.APPROVED), (0, known + DecidedOutcomes.DEFAULTED), (1, known)):
        as_of = JUNE + 12 * MONTH + timedelta(days=days)
        assert read(connection, start=JUNE, as_of=as_of)[0][2] == flags


async def test_a_correction_counts_and_the_first_report_does_not(connection: SyncConnection, database_url: str) -> None:
    report(database_url, 2, OutcomeKind.MATURED, 12 * MONTH, defaulted=True)
    report(database_url, 2, OutcomeKind.MATURED, 12 * MONTH + timedelta(days=1), defaulted=False)
    assert read(connection, start=JUNE)[0][2] == DecidedOutcomes.APPROVED + DecidedOutcomes.KNOWN


async def test_an_unmigrated_database_is_an_error_with_its_remedy(unmigrated_url: str) -> None:
    with (
        connect_sync(unmigrated_url, application_name="test") as connection,
        pytest.raises(DecisionLogError, match="run `solvent db upgrade`"),
    ):
        read(connection)
