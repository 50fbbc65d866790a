import asyncio
import time
import traceback
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
import structlog
from cutting_proxy import CuttingProxy
from log_examples import FAILURE, ReadRows, make_decision, make_submission

from solvent.decision_log.database.connections import RETRY_SECONDS, connect
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.revisions import upgrade
from solvent.decision_log.database.same_server import SameServer
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import Receipt, StoredHistory
from solvent.errors import (
    DecisionLogError,
    KeyInFlightError,
    KeyReusedError,
    LogUnavailableError,
    OutcomeUnknownError,
    UnsafeLogError,
)

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture
async def cutting_proxy(database_url: str, anyio_backend: str) -> AsyncIterator[tuple[CuttingProxy, str]]:
    """The proxy, and the URL that leads through it."""
    directory = parse_qs(urlsplit(database_url).query)["host"][0]
    with TemporaryDirectory(prefix="solvent-proxy-") as own:
        proxy = CuttingProxy(Path(directory) / ".s.PGSQL.5432")
        server = await asyncio.start_unix_server(proxy.serve, Path(own) / ".s.PGSQL.5432")
        yield proxy, f"{database_url.partition('?')[0]}?host={own}"
        server.close()
        await proxy.close()


COUNTS = """
SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM decision_payloads),
       (SELECT count(*) FROM idempotency_claims)
"""


async def test_a_decision_is_committed_before_its_receipt(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    await postgres_log.record(make_submission(1, key="k1"))
    assert rows(COUNTS) == [(1, 1, 1)]


async def test_stores_every_column_of_a_decision(database_url: str, rows: ReadRows) -> None:
    def clock() -> datetime:
        return datetime(2026, 11, 22, 10, 0, 0, 133456, tzinfo=UTC)

    async with PostgresDecisionLog(database_url, clock=clock) as log:
        await log.record(make_submission(1))
    assert rows(
        "SELECT request_id, timestamp, scored_at, sequence, endpoint, model_version, api_version, "
        "preprocessing_time_ms, inference_time_ms, total_response_time_ms, memory_usage_mb, score, prediction_proba, "
        "prediction_class, decision, confidence_level, http_status_code, data_quality_score, warning_flags, reasons, "
        "decision_threshold, history_source FROM decisions"
    ) == [
        (
            UUID("018f0000-0000-7000-8000-000000000001"),
            datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC),
            datetime(2026, 11, 22, 10, 0, 0, 125456, tzinfo=UTC),
            1,
            "/predict",
            "2026.11.1+3fa9c1",
            "1.0",
            1.5,
            0.5,
            10.0,
            128.0,
            2.5,
            0.25,
            1,
            "refuse",
            "HIGH",
            200,
            0.875,
            ["unknown_category:NAME_HOUSING_TYPE"],
            ["EXTERNAL_SCORE"],
            0.0912,
            "request",
        )
    ]
    assert rows(
        "SELECT recorded_at, caller, encode(model_digest, 'hex'), encode(code_digest, 'hex') FROM decisions"
    ) == [(clock(), "local", "01" * 32, "02" * 32)]
    (stored,) = rows(
        "SELECT client_id, loan_amount, input, features, top_numbers, top_categories, stored_history "
        "FROM decision_payloads"
    )
    assert stored[:2] == (100001, 450000.0)
    assert zlib.decompress(stored[2]) == b'{"SK_ID_CURR":100001}'
    assert stored[3:] == (bytes.fromhex("0000803f0000c07f"), [0.5, None, None], [None, "Cash loans", None], None)


async def test_a_clock_that_stepped_back_never_makes_a_request_shorter_than_its_parts(
    database_url: str, rows: ReadRows
) -> None:
    async with PostgresDecisionLog(database_url, clock=lambda: datetime(1970, 1, 1, tzinfo=UTC)) as log:
        await log.record(make_submission(1))
    assert rows("SELECT total_response_time_ms FROM decisions") == [(2.0,)]


async def test_keeps_missing_values_missing(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    missing = (None, None)
    await postgres_log.record(
        make_submission(1, loan_amount=None, top_numbers=missing, top_categories=missing, warnings=())
    )
    assert rows(
        "SELECT loan_amount, top_numbers, top_categories, warning_flags FROM decision_payloads JOIN decisions "
        "USING (request_id, timestamp)"
    ) == [(None, [None, None], [None, None], [])]


async def test_a_batch_is_recorded_whole(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    await postgres_log.record(make_submission(1, 2, 3, key="batch"))
    assert rows(COUNTS) == [(3, 3, 1)]
    assert rows("SELECT request_id FROM idempotency_claims") == [(UUID("018f0000-0000-7000-8000-000000000001"),)]


async def test_a_batch_with_one_bad_decision_is_not_recorded_at_all(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    decisions = (make_decision(1), make_decision(2, probability_default=7.0), make_decision(3))
    with pytest.raises(DecisionLogError, match="does not fit"):
        await postgres_log.record(replace(make_submission(key="batch"), decisions=decisions))
    assert rows(COUNTS) == [(0, 0, 0)]


async def test_the_failed_rows_of_a_batch_are_recorded_with_it_and_once(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    batch = replace(make_submission(1, key="batch"), failures=(FAILURE,))
    for _ in range(2):
        await postgres_log.record(batch)
    assert rows("SELECT http_status_code FROM predictions ORDER BY 1") == [(200,), (FAILURE.http_status_code,)]


async def test_a_request_without_decisions_can_claim_a_key(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    empty = make_submission(key="k1", answer=b"all rows refused")
    assert await postgres_log.record(empty) == Receipt(b"all rows refused", repeated=False)
    assert await postgres_log.record(empty) == Receipt(b"all rows refused", repeated=True)
    assert rows(COUNTS) == [(0, 0, 1)]


async def test_a_bad_submission_does_not_fail_its_neighbours(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    submissions = [make_submission(number, key=f"k{number}") for number in range(1, 21)]
    submissions[7] = make_submission(8, key="k8", probability_default=7.0)
    submissions[11] = make_submission(12, key="k12", endpoint="/pre\0dict")
    submissions[15] = make_submission(16, key="k16", score="high")
    results = await asyncio.gather(*map(postgres_log.record, submissions), return_exceptions=True)
    failed = {place for place, result in enumerate(results) if not isinstance(result, Receipt)}
    assert failed == {7, 11, 15}
    assert str(results[7]) == (
        "the record does not fit the decision log: CheckViolation decisions_prediction_proba_check"
    )
    assert not isinstance(results[7], LogUnavailableError)
    assert rows(COUNTS) == [(17, 17, 17)]
    assert rows("SELECT sequence FROM decisions ORDER BY sequence") == [(number,) for number in range(1, 18)]


async def test_a_refused_record_shows_none_of_its_values(
    postgres_log: PostgresDecisionLog, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = uuid4().hex
    with pytest.raises(DecisionLogError) as refusal:
        await postgres_log.record(make_submission(1, probability_default=7.0, history_source=canary))
    shown = "".join(traceback.format_exception(refusal.value)) + caplog.text + "".join(capsys.readouterr())
    assert "record_refused" in shown
    assert canary not in shown


async def test_numbers_have_no_holes_over_many_batches(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    submissions = [
        make_submission(number, probability_default=-1.0 if number % 10 == 0 else 0.25) for number in range(1, 101)
    ]
    outcomes = await asyncio.gather(*map(postgres_log.record, submissions), return_exceptions=True)
    recorded = sum(isinstance(outcome, Receipt) for outcome in outcomes)
    assert recorded > 32
    assert rows("SELECT array_agg(sequence ORDER BY sequence) FROM decisions GROUP BY writer_id") == [
        (list(range(1, recorded + 1)),)
    ]


async def test_one_batch_settles_repeats_and_reuse_among_its_own(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    first, repeat, other, free = await asyncio.gather(
        postgres_log.record(make_submission(1, answer=b"first", key="k1")),
        postgres_log.record(make_submission(2, answer=b"second", key="k1")),
        postgres_log.record(make_submission(3, answer=b"third", key="k1", body=b"other")),
        postgres_log.record(make_submission(4, answer=b"fourth", key="k2")),
        return_exceptions=True,
    )
    assert (first, repeat, free) == (Receipt(b"first", False), Receipt(b"first", True), Receipt(b"fourth", False))
    assert isinstance(other, KeyReusedError)
    assert rows(COUNTS) == [(2, 2, 2)]


async def test_two_writers_record_a_key_once(
    database_url: str, postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    async with PostgresDecisionLog(database_url) as other_log:
        for round_number in range(20):
            key, start = f"k{round_number}", 1 + 8 * round_number
            submissions = [make_submission(start + n, answer=b"%d" % n, key=key) for n in range(8)]
            logs = [postgres_log, other_log] * 4
            receipts = await asyncio.gather(
                *(log.record(submission) for log, submission in zip(logs, submissions, strict=True))
            )
            assert len({receipt.answer for receipt in receipts}) == 1
            assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert rows(COUNTS) == [(20, 20, 20)]


async def test_a_claim_in_flight_elsewhere_is_waited_for(database_url: str, postgres_log: PostgresDecisionLog) -> None:
    claim = "INSERT INTO idempotency_claims VALUES ('local', 'k1', '', NULL, 'theirs')"
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute(claim)
        waiting = asyncio.create_task(postgres_log.record(make_submission(1, answer=b"ours", key="k1")))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await other.rollback()
        assert await waiting == Receipt(b"ours", repeated=False)


async def test_a_claim_that_stays_in_flight_is_refused_within_a_second(
    database_url: str, postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    claim = "INSERT INTO idempotency_claims VALUES ('local', 'k1', '', NULL, 'theirs')"
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute(claim)
        started = time.monotonic()
        company = asyncio.create_task(postgres_log.record(make_submission(3, answer=b"third")))
        with pytest.raises(KeyInFlightError, match="under way"):
            await postgres_log.record(make_submission(1, key="k1"))
        assert 0.4 < time.monotonic() - started < 1.5
        assert await company == Receipt(b"third", repeated=False)
    await postgres_log.record(make_submission(2, key="k2"))
    assert rows("SELECT sequence FROM decisions ORDER BY 1") == [(1,), (2,)]


async def test_is_no_longer_ready_after_a_failed_write_and_finds_out_by_itself_when_writing_works_again(
    database_url: str, postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("REVOKE INSERT ON decision_payloads FROM solvent_api")
        with pytest.raises(LogUnavailableError, match="cannot be written"):
            await postgres_log.record(make_submission(1))
        await asyncio.sleep(1.5)
        with pytest.raises(LogUnavailableError):
            await postgres_log.check()
        owner.execute("GRANT INSERT ON decision_payloads TO solvent_api")
    async with asyncio.timeout(5.0):
        while not await _is_ready(postgres_log):
            await asyncio.sleep(0.05)
    assert rows("SELECT count(*) FROM decision_payloads") == [(0,)]


async def _is_ready(log: PostgresDecisionLog) -> bool:
    try:
        await log.check()
    except LogUnavailableError:
        return False
    return True


async def test_commits_synchronously_whatever_the_server_defaults_to(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")
    async with await connect(database_url, "solvent-writer") as writing:
        settings = await writing.execute(
            "SELECT current_setting('synchronous_commit'), current_setting('timezone'), "
            "current_setting('lock_timeout'), current_setting('application_name')"
        )
        assert await settings.fetchone() == ("on", "UTC", "2s", "solvent-writer")


async def test_failures_appear_in_predictions_with_their_status(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    await postgres_log.record_failure(FAILURE)
    await postgres_log.record(make_submission(1))
    await postgres_log.close()
    assert rows("SELECT http_status_code, error_message, decision, client_id FROM predictions ORDER BY 1") == [
        (200, None, "refuse", 100001),
        (422, "invalid-application", None, None),
    ]
    assert postgres_log.dropped_failures == 0


async def test_a_bad_failure_record_is_dropped_and_counted_alone(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    await postgres_log.record_failure(FAILURE)
    await postgres_log.record_failure(FAILURE)
    await postgres_log.record(make_submission(1))
    await postgres_log.close()
    assert rows("SELECT count(*) FROM request_failures") == [(1,)]
    assert rows(COUNTS) == [(1, 1, 0)]
    assert postgres_log.dropped_failures == 1


async def test_closing_writes_what_still_waits(database_url: str, rows: ReadRows) -> None:
    log = PostgresDecisionLog(database_url)
    await log.open()
    waiting = [asyncio.create_task(log.record(make_submission(number))) for number in range(1, 101)]
    await asyncio.sleep(0)
    await log.close()
    assert all(receipt.answer == b'{"decision":"refuse"}' for receipt in await asyncio.gather(*waiting))
    assert rows(COUNTS) == [(100, 100, 0)]
    with pytest.raises(LogUnavailableError, match="not open"):
        await log.record(make_submission(200))


async def test_a_caller_who_leaves_does_not_disturb_the_others(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    leaving = asyncio.create_task(postgres_log.record(make_submission(1)))
    staying = asyncio.create_task(postgres_log.record(make_submission(2)))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).repeated is False
    assert rows("SELECT count(*) FROM decisions WHERE request_id = '018f0000-0000-7000-8000-000000000002'") == [(1,)]


async def test_a_commit_that_never_arrived_is_unknown_and_the_retry_makes_the_first_decision(
    cutting_proxy: tuple[CuttingProxy, str], rows: ReadRows
) -> None:
    proxy, url = cutting_proxy
    async with PostgresDecisionLog(url) as log:
        proxy.cut_before = b"COMMIT"
        with pytest.raises(OutcomeUnknownError):
            await log.record(make_submission(1, key="k1"))
        assert rows(COUNTS) == [(0, 0, 0)]
        assert (await log.record(make_submission(1, key="k1"))).repeated is False
    assert rows(COUNTS) == [(1, 1, 1)]


async def test_a_cut_before_the_inserts_is_ridden_out_and_recorded_once(
    cutting_proxy: tuple[CuttingProxy, str], rows: ReadRows
) -> None:
    proxy, url = cutting_proxy
    async with PostgresDecisionLog(url) as log:
        proxy.cut_before = b"INSERT INTO decisions"
        assert await log.record(make_submission(1, key="k1")) == Receipt(b'{"decision":"refuse"}', repeated=False)
    assert rows(COUNTS) == [(1, 1, 1)]


async def test_a_cut_after_the_commit_was_sent_is_unknown_and_the_retry_finds_the_answer(
    cutting_proxy: tuple[CuttingProxy, str], rows: ReadRows
) -> None:
    proxy, url = cutting_proxy
    async with PostgresDecisionLog(url) as log:
        proxy.cut_after = b"COMMIT"
        with pytest.raises(OutcomeUnknownError, match="same key"):
            await log.record(make_submission(1, answer=b"first", key="k1"))
        assert await log.record(make_submission(2, answer=b"second", key="k1")) == Receipt(b"first", repeated=True)
        await log.record(make_submission(3))
    assert rows(COUNTS) == [(2, 2, 1)]
    assert rows("SELECT count(DISTINCT writer_id), max(sequence) FROM decisions") == [(2, 1)]


async def test_a_silent_server_holds_no_answer_longer_than_three_seconds(
    cutting_proxy: tuple[CuttingProxy, str],
) -> None:
    proxy, url = cutting_proxy
    async with PostgresDecisionLog(url) as log:
        proxy.silence_at = b"INSERT INTO decisions"
        started = time.monotonic()
        with pytest.raises(LogUnavailableError):
            await log.record(make_submission(1))
        assert time.monotonic() - started < 3.0
        assert (await log.record(make_submission(1))).repeated is False


async def test_a_silent_server_delays_a_read_by_one_second_and_then_another_connection_answers(
    cutting_proxy: tuple[CuttingProxy, str],
) -> None:
    proxy, url = cutting_proxy
    async with PostgresDecisionLog(url) as log:
        assert await log.find_history(1, "p1") is None
        await log.store_histories([StoredHistory(1, "p1", b"one")])
        proxy.silence_at = b"p1"
        started = time.monotonic()
        assert await log.find_history(1, "p1") == StoredHistory(1, "p1", b"one")
        assert 0.9 < time.monotonic() - started < 2.0


async def test_reading_survives_the_loss_of_its_idle_connection(
    database_url: str, postgres_log: PostgresDecisionLog
) -> None:
    await postgres_log.store_histories([StoredHistory(1, "p1", b"one")])
    assert await postgres_log.find_history(1, "p1") is not None
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'solvent-%' "
            "AND datname = current_database()"
        )
    assert await postgres_log.find_history(1, "p1") == StoredHistory(1, "p1", b"one")
    await postgres_log.check()


async def test_a_history_that_does_not_fit_stores_none(postgres_log: PostgresDecisionLog) -> None:
    with pytest.raises(DecisionLogError, match="no history was stored"):
        await postgres_log.store_histories([StoredHistory(1, "p1", b"one"), StoredHistory(2**70, "p1", b"two")])
    assert await postgres_log.find_history(1, "p1") is None


@pytest.mark.slow
async def test_refuses_while_the_server_is_away_and_works_again_when_it_returns(tmp_path: Path) -> None:
    server = start_embedded(tmp_path)
    upgrade(server.url)
    async with PostgresDecisionLog(server.url) as log:
        await log.record(make_submission(1))
        server.stop()
        started = time.monotonic()
        refusals = await asyncio.gather(
            *(log.record(make_submission(number)) for number in range(2, 12)), return_exceptions=True
        )
        assert all(isinstance(refusal, LogUnavailableError) for refusal in refusals)
        assert time.monotonic() - started < 3.0
        with pytest.raises(LogUnavailableError):
            await log.check()
        with pytest.raises(LogUnavailableError):
            await log.find_history(1, "p1")
        with pytest.raises(LogUnavailableError):
            await log.store_histories([])
        with start_embedded(tmp_path):
            assert (await log.record(make_submission(2))).repeated is False
            await asyncio.sleep(RETRY_SECONDS)
            await log.check()
            await log.close()


def _refuse_to_write(_logger: object, _method: str, _event: object) -> str:
    raise OSError("standard error is closed")


CUT_WRITER = b"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'solvent-writer'
"""


async def test_a_server_that_was_started_anew_is_looked_at_before_anything_is_written(tmp_path: Path) -> None:
    looks: list[bool] = []
    is_safe = True

    def examine() -> None:
        looks.append(is_safe)
        if not is_safe:
            raise UnsafeLogError("the database is older than an erasure")

    server = start_embedded(tmp_path)
    upgrade(server.url)
    async with PostgresDecisionLog(server.url, server=SameServer(examine)) as log:
        await log.record(make_submission(1))
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(CUT_WRITER)
        await log.record(make_submission(2))
        assert looks == [True]
        server.stop()
        is_safe = False
        with start_embedded(tmp_path):
            with pytest.raises(LogUnavailableError):
                await log.record(make_submission(3))
            with pytest.raises(LogUnavailableError):
                await log.check()
            assert looks[1:] == [False] * (len(looks) - 1)
            is_safe = True
            while looks[-1] is False:
                await asyncio.sleep(0.05)
            await log.record(make_submission(4))
            with psycopg.connect(server.url) as connection:
                assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (3,)
            await log.close()


async def test_the_writer_outlives_events_that_cannot_be_written(
    postgres_log: PostgresDecisionLog, rows: ReadRows
) -> None:
    structlog.configure(processors=[_refuse_to_write])
    with pytest.raises(DecisionLogError, match="does not fit"):
        await postgres_log.record(make_submission(1, probability_default=7.0))
    assert await postgres_log.record(make_submission(2, key="k2")) == Receipt(b'{"decision":"refuse"}', repeated=False)
    assert rows(COUNTS) == [(1, 1, 1)]


async def test_the_writer_outlives_a_cancellation_that_is_not_its_own(database_url: str, rows: ReadRows) -> None:
    faults: list[BaseException] = [asyncio.CancelledError()]

    def clock() -> datetime:
        if faults:
            raise faults.pop()
        return datetime(2026, 11, 22, 10, tzinfo=UTC)

    async with PostgresDecisionLog(database_url, clock=clock) as log:
        with pytest.raises(OutcomeUnknownError, match="the writer was interrupted: retry with the same key"):
            await log.record(make_submission(1, key="k1"))
        assert await log.record(make_submission(1, key="k1", answer=b"a")) == Receipt(b"a", repeated=False)
    assert rows(COUNTS) == [(1, 1, 1)]
