"""What monitors read from a real log: vectors as they were recorded, counts as they are."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from log_examples import FAILURE
from recording import record, record_failures
from sealed_logs import seal
from watched import draw

from solvent.decision_log.audit.signing import make_signer
from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.reading.monitoring import ObservedDecisions
from solvent.decision_log.registers.drift_reports import list_reports
from solvent.domain.observations import DecisionScope, DriftRecord, LogColumn, OperationCounts, UncoveredRecords
from solvent.errors import DecisionLogError
from solvent.monitoring.binning import unpack
from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres

START = datetime(2026, 11, 2, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = timedelta(days=31)


def test_vectors_come_back_as_recorded_without_those_outside_the_scope(database_url: str, model: Model) -> None:
    inside, outside = draw(model, 1_200), draw(model, 100, seed=2)
    record(database_url, model, inside, start=START, span=DAY)
    record(database_url, model, outside, start=START + DAY, span=DAY)
    record(database_url, model, outside, start=START, span=DAY, caller="shop")
    with connect_sync(database_url, application_name="test") as connection:
        log = ObservedDecisions(connection)
        scope = DecisionScope(START, START + DAY, model.version, LogColumn.CALLER, "local")
        (batch,) = log.read_vectors(scope)
        assert list(log.read_vectors(DecisionScope(START, START + DAY, "1999"))) == []
        assert log.count_by_model(START, START + 2 * DAY) == {model.version: 1_400}
        assert log.find_bounds() == (START, START + 2 * DAY - DAY / 100)
    found = unpack(batch, model.bundle.program)
    order, wanted = np.argsort(found.scores), np.argsort(inside.scores)
    np.testing.assert_array_equal(found.values[order], inside.values[wanted])
    np.testing.assert_array_equal(found.probabilities[order], inside.probabilities[wanted])


def test_erased_decisions_have_no_vector_but_count(database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 20), start=START, span=DAY)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM decision_payloads WHERE client_id < 100005")
    with connect_sync(database_url, application_name="test") as connection:
        log = ObservedDecisions(connection)
        scope = DecisionScope(START, START + DAY, model.version)
        assert sum(batch.rows for batch in log.read_vectors(scope)) == 15
        assert log.read_quality(scope, stale_after=MONTH).decisions == 20


def test_warnings_sources_and_stale_histories_are_counted(database_url: str, model: Model) -> None:
    rows = draw(model, 10)
    faulty = {
        "warnings": ("out_of_range:AMT_ANNUITY", "no_history"),
        "history_source": "none",
        "data_quality_score": 0.5,
    }
    record(database_url, model, rows, start=START, span=DAY, **faulty)
    record(database_url, model, rows, start=START, span=DAY, history_source="stored", data_quality_score=1.0)
    with psycopg.connect(database_url) as connection:
        for client, age in ((100_000, 40 * DAY), (100_001, 10 * DAY), (100_002, -DAY)):
            connection.execute(
                "INSERT INTO client_features (client_id, program_digest, payload, stored_at) VALUES (%s, %s, '', %s)",
                (client, model.bundle.program.digest, START - age),
            )
    with connect_sync(database_url, application_name="test") as connection:
        found = ObservedDecisions(connection).read_quality(
            DecisionScope(START, START + DAY, model.version), stale_after=MONTH
        )
    assert found.decisions == 20
    assert found.mean_quality_score == 0.75
    assert found.warnings == {"no_history": 10, "out_of_range:AMT_ANNUITY": 10}
    assert found.history_sources == {"none": 10, "stored": 10}
    assert found.stale_histories == 1


def test_operations_are_summed_up_by_stage_cause_and_earlier_weeks(database_url: str, model: Model) -> None:
    week = timedelta(weeks=1)
    for back, size in ((0, 30), (1, 20), (2, 10)):
        record(database_url, model, draw(model, size), start=START - back * week, span=DAY)
    record_failures(database_url, [replace(FAILURE, received_at=START)])
    with connect_sync(database_url, application_name="test") as connection:
        found = ObservedDecisions(connection).read_operations(START, START + DAY)
        assert ObservedDecisions(connection).read_operations(START + week, START + week + DAY) == OperationCounts(
            0, {}, (), (31, 20, 10)
        )
    assert (found.requests, found.errors, found.earlier_volumes) == (31, {"invalid-application": 1}, (20, 10))
    inference = next(stage for stage in found.stages if stage.stage == "inference")
    assert (inference.decisions, inference.mean_ms, inference.p50_ms, inference.p99_ms) == (30, 0.5, 0.5, 0.5)
    assert [stage.stage for stage in found.stages] == ["preprocessing", "inference", "total"]


def test_a_record_waits_until_a_checkpoint_covers_it(database_url: str, model: Model, tmp_path: Path) -> None:
    def read_uncovered() -> UncoveredRecords:
        with connect_sync(database_url, application_name="test") as connection:
            return ObservedDecisions(connection).read_uncovered()

    assert read_uncovered() == UncoveredRecords(0, None)
    record(database_url, model, draw(model, 20), start=START, span=DAY)
    record_failures(database_url, [replace(FAILURE, received_at=START)])
    with psycopg.connect(database_url) as connection:
        oldest = connection.execute("SELECT min(recorded_at) FROM decisions").fetchone()
    assert oldest is not None
    assert read_uncovered() == UncoveredRecords(21, oldest[0])
    asyncio.run(seal(database_url, make_signer(tmp_path / "signing.key"), tmp_path))
    assert read_uncovered() == UncoveredRecords(0, None)
    record(database_url, model, draw(model, 5), start=START + DAY, span=DAY)
    assert read_uncovered().count == 5


def test_reports_are_kept_and_listed_the_newest_first(database_url: str) -> None:
    first = DriftRecord(
        generated_at=START,
        period_start=START - DAY,
        period_end=START,
        reference_dataset="bundle 1",
        reference_size=6_000,
        current_size=2_000,
        drift_detected=True,
        drift_score=0.25,
        drifted_features=("income",),
        report_html_path="a.html",
        report_json_path="a.json",
        metadata={"causes": ["score"]},
    )
    second = DriftRecord(START + DAY, START, START + DAY, "bundle 1", 6_000, 100, False, None, ())
    with connect_sync(database_url, application_name="test") as connection:
        log = ObservedDecisions(connection)
        assert log.keep_drift_report(first) < log.keep_drift_report(second)
    with connect_sync(database_url, application_name="test") as connection:
        assert list_reports(connection) == (second, first)
        assert list_reports(connection, limit=1) == (second,)


def test_a_log_without_tables_is_named(unmigrated_url: str) -> None:
    with (
        connect_sync(unmigrated_url, application_name="test") as connection,
        pytest.raises(DecisionLogError, match="cannot be read: run `solvent db check`"),
    ):
        ObservedDecisions(connection).find_bounds()
