from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from log_examples import ARRIVAL, ReadRows, make_submission

from solvent.decision_log.outcomes import ImportSummary, import_outcomes
from solvent.decision_log.writer import PostgresDecisionLog
from solvent.domain.outcomes import OutcomeKind, ReportedOutcome
from solvent.errors import DecisionLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FIRST, SECOND = (UUID(f"018f0000-0000-7000-8000-00000000000{number}") for number in (1, 2))
YEAR_LATER = datetime(2027, 11, 22, 10, tzinfo=UTC)
AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
NOTHING = ImportSummary(0, 0, 0, 0, 0, 0, 0, ())


def matured(
    *, defaulted: bool, client: int | None = 100001, request: UUID | None = None, reported: datetime = YEAR_LATER
) -> ReportedOutcome:
    return ReportedOutcome(OutcomeKind.MATURED, YEAR_LATER, reported, defaulted, client, request)


@pytest.fixture
async def decided(postgres_log: PostgresDecisionLog) -> None:
    """One decision on client 100001."""
    await postgres_log.record(make_submission(1))


async def test_attaches_the_outcome_of_a_client_to_its_decision(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    assert import_outcomes(database_url, [matured(defaulted=True)], as_of=AS_OF) == ImportSummary(
        1, 1, 0, 0, 0, 0, 0, ()
    )
    assert rows("SELECT request_id, timestamp, kind, observed_at, reported_at, defaulted FROM outcomes") == [
        (FIRST, ARRIVAL, "matured", YEAR_LATER, YEAR_LATER, True)
    ]


async def test_of_several_decisions_takes_the_last_before_the_outcome(
    postgres_log: PostgresDecisionLog, database_url: str, rows: ReadRows
) -> None:
    for number, time in ((1, ARRIVAL), (2, ARRIVAL + timedelta(days=30)), (3, YEAR_LATER + timedelta(days=1))):
        await postgres_log.record(make_submission(number, received_at=time))
    import_outcomes(database_url, [matured(defaulted=False)], as_of=AS_OF)
    assert rows("SELECT request_id FROM outcomes") == [(SECOND,)]


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
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(3, 2, 0, 1, 0, 0, 0, ())
    before = rows("SELECT * FROM outcomes ORDER BY id")
    assert import_outcomes(database_url, outcomes, as_of=AS_OF) == ImportSummary(3, 0, 0, 3, 0, 0, 0, ())
    assert rows("SELECT * FROM outcomes ORDER BY id") == before


async def test_a_correction_is_one_more_version_and_the_latest_report_counts(
    decided: None, database_url: str, rows: ReadRows
) -> None:
    import_outcomes(database_url, [matured(defaulted=False)], as_of=AS_OF)
    later, latest = (YEAR_LATER + timedelta(days=days) for days in (10, 20))
    correction = matured(defaulted=True, reported=latest)
    assert import_outcomes(database_url, [correction], as_of=AS_OF).corrected == 1
    assert import_outcomes(database_url, [matured(defaulted=False, reported=later)], as_of=AS_OF).corrected == 1
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
    assert summary == ImportSummary(4, 1, 0, 0, 2, 1, 0, unknown_rows=(1, 3))
    assert rows("SELECT kind FROM outcomes") == [("matured",)]


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
    assert import_outcomes(database_url, [], as_of=AS_OF) == NOTHING


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
