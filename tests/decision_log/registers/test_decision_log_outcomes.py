from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from log_examples import ARRIVAL, ReadRows, make_submission

from solvent.decision_log.registers.outcomes import (
    ONE_AT_A_TIME,
    ImportSummary,
    ImportTerms,
    import_outcomes,
)
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.outcomes import OutcomeKind, ReportedOutcome
from solvent.errors import DecisionLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FIRST, SECOND = (UUID(f"018f0000-0000-7000-8000-00000000000{number}") for number in (1, 2))
YEAR_LATER = datetime(2027, 11, 22, 10, tzinfo=UTC)
AS_OF = datetime(2030, 1, 1, tzinfo=UTC)


def matured(
    *, defaulted: bool, client: int | None = 100001, request: UUID | None = None, reported: datetime = YEAR_LATER
) -> ReportedOutcome:
    return ReportedOutcome(OutcomeKind.MATURED, YEAR_LATER, reported, defaulted, client, request)


def undated(
    kind: OutcomeKind, observed_at: datetime, defaulted: bool | None = None, *, withdrawn: bool = False
) -> ReportedOutcome:
    return ReportedOutcome(kind, observed_at, None, defaulted, 100001, is_withdrawn=withdrawn)


@pytest.fixture
async def decided(postgres_log: PostgresDecisionLog) -> None:
    """One decision on client 100001."""
    await postgres_log.record(make_submission(1))


async def test_attaches_the_outcome_of_a_client_to_its_decision(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    assert import_outcomes(database_url, [matured(defaulted=True)], as_of=AS_OF) == ImportSummary(read=1, added=1)
    assert rows("SELECT request_id, timestamp, kind, observed_at, reported_at, defaulted FROM outcomes") == [
        (FIRST, ARRIVAL, "matured", YEAR_LATER, YEAR_LATER, True)
    ]


async def test_of_several_decisions_takes_the_last_before_the_outcome(
    postgres_log: PostgresDecisionLog, database_url: str, rows: ReadRows
) -> None:
    for number, time in ((1, ARRIVAL), (2, ARRIVAL + timedelta(days=30)), (3, YEAR_LATER + timedelta(days=1))):
        await postgres_log.record(make_submission(number, received_at=time))
    outcomes = [matured(defaulted=False), undated(OutcomeKind.LATE_30_DAYS, ARRIVAL + timedelta(days=1))]
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(read=2, added=2, several=1)
    assert rows("SELECT kind, request_id FROM outcomes ORDER BY id") == [("matured", SECOND), ("late_30_days", FIRST)]


async def test_a_client_with_one_decision_before_the_outcome_is_not_counted_as_one_with_several(
    postgres_log: PostgresDecisionLog, database_url: str
) -> None:
    await postgres_log.record(make_submission(1))
    await postgres_log.record(make_submission(2, received_at=YEAR_LATER + timedelta(days=1)))
    outcomes = [matured(defaulted=False), matured(defaulted=False, client=None, request=FIRST)]
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(read=2, added=1, repeated=1)


async def test_the_same_outcomes_after_another_decision_on_the_client_change_nothing(
    postgres_log: PostgresDecisionLog, database_url: str, rows: ReadRows
) -> None:
    outcomes = [matured(defaulted=True), undated(OutcomeKind.DEFAULT, YEAR_LATER, True)]
    await postgres_log.record(make_submission(1))
    import_outcomes(database_url, outcomes, as_of=AS_OF)
    await postgres_log.record(make_submission(2, received_at=ARRIVAL + timedelta(days=30)))
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(read=2, repeated=2, several=1)
    assert rows("SELECT DISTINCT request_id FROM outcomes") == [(FIRST,)]


async def test_a_request_id_names_its_decision_whatever_the_client(
    postgres_log: PostgresDecisionLog, database_url: str, rows: ReadRows
) -> None:
    await postgres_log.record(make_submission(1))
    await postgres_log.record(make_submission(2, received_at=ARRIVAL + timedelta(days=30)))
    import_outcomes(database_url, [matured(defaulted=True, client=7, request=FIRST)], as_of=AS_OF)
    assert rows("SELECT request_id FROM outcomes") == [(FIRST,)]


async def test_the_same_outcomes_again_change_nothing(decided: None, database_url: str, rows: ReadRows) -> None:
    sign = ReportedOutcome(OutcomeKind.LATE_30_DAYS, YEAR_LATER, YEAR_LATER, None, 100001)
    outcomes = [sign, matured(defaulted=True), matured(defaulted=True)]
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(read=3, added=2, repeated=1)
    before = rows("SELECT * FROM outcomes ORDER BY id")
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(read=3, repeated=3)
    assert rows("SELECT * FROM outcomes ORDER BY id") == before


async def test_a_correction_is_one_more_version_and_the_latest_report_counts(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    import_outcomes(database_url, [matured(defaulted=False)], as_of=AS_OF)
    later, latest = (YEAR_LATER + timedelta(days=days) for days in (10, 20))
    correction = matured(defaulted=True, reported=latest)
    assert import_outcomes(database_url, [correction], as_of=AS_OF) == ImportSummary(read=1, corrected=1)
    too_late = [matured(defaulted=False, reported=later)]
    assert import_outcomes(database_url, too_late, as_of=AS_OF) == ImportSummary(read=1, without_effect=1)
    assert rows("SELECT defaulted, reported_at FROM outcomes ORDER BY id") == [
        (False, YEAR_LATER), (True, latest), (False, later),
    ]  # fmt: skip
    assert rows("SELECT request_id, kind, defaulted FROM current_outcomes") == [(FIRST, "matured", True)]


async def test_an_old_file_after_its_correction_does_not_revert_it(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    for defaulted in (False, True, False):
        import_outcomes(database_url, [matured(defaulted=defaulted)], as_of=AS_OF)
    assert rows("SELECT defaulted FROM current_outcomes") == [(True,)]


async def test_without_a_time_of_report_the_import_counts_whatever_was_observed_earlier(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    june, march = (undated(OutcomeKind.DEFAULT, datetime(2027, month, 10, tzinfo=UTC), True) for month in (6, 3))
    next_day = AS_OF + timedelta(days=1)
    assert import_outcomes(database_url, [june], as_of=AS_OF) == ImportSummary(read=1, added=1)
    assert import_outcomes(database_url, [march], as_of=AS_OF) == ImportSummary(read=1, corrected=1)
    for again in (june, march):
        assert import_outcomes(database_url, [again], as_of=next_day) == ImportSummary(read=1, repeated=1)
    assert rows("SELECT observed_at, reported_at FROM current_outcomes") == [(march.observed_at, AS_OF)]


async def test_of_two_reports_in_one_file_without_a_time_the_later_row_counts(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    outcomes = [undated(OutcomeKind.MATURED, YEAR_LATER, answer) for answer in (True, False)]
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(read=2, added=1, without_effect=1)
    assert rows("SELECT defaulted FROM current_outcomes") == [(False,)]


@pytest.mark.parametrize(("kind", "defaulted"), [(OutcomeKind.DEFAULT, True), (OutcomeKind.FIRST_PAYMENT_MISSED, None)])
async def test_a_withdrawn_outcome_is_kept_but_shown_no_more(
    decided: None, database_url: str, rows: ReadRows, kind: OutcomeKind, defaulted: bool | None
) -> None:
    mistake, withdrawal = (undated(kind, YEAR_LATER, defaulted, withdrawn=withdrawn) for withdrawn in (False, True))
    import_outcomes(database_url, [mistake, matured(defaulted=False)], as_of=AS_OF)
    assert import_outcomes(database_url, [withdrawal], as_of=AS_OF) == ImportSummary(read=1, withdrawn=1)
    assert import_outcomes(database_url, [mistake, withdrawal], as_of=AS_OF) == ImportSummary(read=2, repeated=2)
    assert rows("SELECT kind FROM current_outcomes") == [("matured",)]
    assert rows("SELECT withdrawn FROM outcomes ORDER BY id") == [(False,), (False,), (True,)]
    after = ReportedOutcome(kind, YEAR_LATER, AS_OF + timedelta(days=1), defaulted, 100001)
    assert import_outcomes(database_url, [after], as_of=AS_OF + timedelta(days=1)).added == 1


async def test_what_was_never_reported_cannot_be_withdrawn(decided: None, database_url: str, rows: ReadRows) -> None:
    withdrawal = undated(OutcomeKind.LATE_30_DAYS, YEAR_LATER, withdrawn=True)
    assert import_outcomes(database_url, [withdrawal], as_of=AS_OF) == ImportSummary(read=1, without_effect=1)
    assert rows("SELECT * FROM current_outcomes") == []


@pytest.mark.parametrize(
    ("default_after", "is_default", "shown"),
    [
        (timedelta(days=-1), False, [("matured", False)]),
        (timedelta(0), False, [("matured", False)]),
        (timedelta(days=1), False, [("default", True)]),
        (timedelta(days=-1), True, [("default", True), ("matured", True)]),
    ],
)
async def test_of_a_default_and_a_matured_that_contradict_it_the_one_reported_last_counts(
    decided: None,
    database_url: str,
    rows: ReadRows,
    default_after: timedelta,
    is_default: bool,
    shown: list[tuple[str, bool]],
) -> None:
    default = ReportedOutcome(
        OutcomeKind.DEFAULT, ARRIVAL + timedelta(days=100), YEAR_LATER + default_after, True, 100001
    )
    import_outcomes(database_url, [default, matured(defaulted=is_default)], as_of=AS_OF)
    assert rows("SELECT kind, defaulted FROM current_outcomes ORDER BY kind") == shown


async def test_a_withdrawn_matured_contradicts_nothing(decided: None, database_url: str, rows: ReadRows) -> None:
    default = ReportedOutcome(OutcomeKind.DEFAULT, YEAR_LATER, YEAR_LATER, True, 100001)
    withdrawal = undated(OutcomeKind.MATURED, YEAR_LATER, False, withdrawn=True)
    import_outcomes(database_url, [default, matured(defaulted=False), withdrawal], as_of=AS_OF)
    assert rows("SELECT kind, defaulted FROM current_outcomes") == [("default", True)]


async def test_counts_what_belongs_to_no_decision_and_keeps_the_rest(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    outcomes = [
        matured(defaulted=True, client=5),
        matured(defaulted=True),
        matured(defaulted=True, client=None, request=SECOND),
        ReportedOutcome(OutcomeKind.DEFAULT, ARRIVAL - timedelta(days=1), AS_OF, True, 100001),
    ]
    summary = import_outcomes(database_url, outcomes, as_of=AS_OF)
    assert summary == ImportSummary(read=4, added=1, unknown=2, before_decision=1, unknown_rows=(1, 3), early_rows=(4,))
    assert rows("SELECT kind FROM outcomes") == [("matured",)]


async def test_names_the_first_unknown_rows_and_counts_all(database_url: str) -> None:
    outcomes = [matured(defaulted=True, client=client) for client in range(1, 9)]
    summary = import_outcomes(database_url, outcomes, as_of=AS_OF)
    assert summary == ImportSummary(read=8, unknown=8, unknown_rows=(1, 2, 3, 4, 5))


async def test_leaves_out_what_was_not_known_at_that_time(decided: None, database_url: str) -> None:
    day_before = YEAR_LATER - timedelta(days=1)
    assert import_outcomes(database_url, [matured(defaulted=True)], as_of=day_before).not_yet_known == 1
    assert import_outcomes(database_url, [matured(defaulted=True)], as_of=YEAR_LATER).added == 1


async def test_an_error_half_way_leaves_nothing(decided: None, database_url: str, rows: ReadRows) -> None:
    def broken() -> Iterator[ReportedOutcome]:
        yield matured(defaulted=True)
        raise DecisionLogError("line 3 is wrong")

    with pytest.raises(DecisionLogError, match="line 3 is wrong"):
        import_outcomes(database_url, broken(), as_of=AS_OF)
    assert rows("SELECT count(*) FROM outcomes") == [(0,)]


async def test_no_outcomes_are_no_error(database_url: str) -> None:
    assert import_outcomes(database_url, [], as_of=AS_OF) == ImportSummary()


async def test_reads_the_file_while_another_import_writes_and_then_waits_only_so_long(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    taken: list[int] = []

    def read() -> Iterator[ReportedOutcome]:
        taken.append(1)
        yield matured(defaulted=True)

    with psycopg.connect(database_url) as other:
        other.execute(ONE_AT_A_TIME)
        with pytest.raises(DecisionLogError, match="another import is writing, try again"):
            import_outcomes(database_url, read(), as_of=AS_OF, terms=ImportTerms(lock_seconds=0.05))
    assert taken == [1]
    assert rows("SELECT count(*) FROM outcomes") == [(0,)]
    assert import_outcomes(database_url, read(), as_of=AS_OF, terms=ImportTerms(lock_seconds=0.05)).added == 1


async def test_an_outcome_survives_the_erasure_of_the_client(decided: None, database_url: str, rows: ReadRows) -> None:
    import_outcomes(database_url, [matured(defaulted=True)], as_of=AS_OF)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM decision_payloads")
    assert rows("SELECT request_id, defaulted FROM current_outcomes") == [(FIRST, True)]


async def test_a_database_without_tables_or_server_is_an_error(unmigrated_url: str, tmp_path: Path) -> None:
    with pytest.raises(DecisionLogError, match=r"not imported .*run `solvent db check`"):
        import_outcomes(unmigrated_url, [matured(defaulted=True)], as_of=AS_OF)
    with pytest.raises(DecisionLogError, match="cannot be reached"):
        import_outcomes(f"postgresql://postgres@/postgres?host={tmp_path}", [], as_of=AS_OF)
