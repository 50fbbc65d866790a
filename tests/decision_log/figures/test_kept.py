"""The statement beside what the registers keep gives it again when somebody runs it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from log_examples import MODEL

from solvent.decision_log.figures import kept
from solvent.decision_log.figures.questions import open_reader
from solvent.decision_log.registers.alerts import AlertStore
from solvent.decision_log.registers.drift_reports import keep_report
from solvent.decision_log.registers.measurements import keep_measurements
from solvent.decision_log.registers.model_switches import record_switch
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.alerts import Breach, Severity
from solvent.domain.measurements import Measurement, Window
from solvent.domain.observations import DriftRecord
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import DecisionLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ReadRows = Callable[[str], list[tuple[Any, ...]]]

NOW = datetime(2026, 6, 8, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW)
BREACH = Breach(
    "shift", "", Severity.LOW, "psi is 0.3", "Look.", 0.3, 0.2, 500, WINDOW, ("age",), cool_down=timedelta(days=1)
)


def test_alerts_come_with_the_statement_that_gave_them(database_url: str, rows: ReadRows) -> None:
    store = AlertStore(database_url)
    store.record([BREACH, replace(BREACH, rule="outage", severity=Severity.CRITICAL)], NOW)
    closed = store.record([replace(BREACH, rule="closed")], NOW)[0].alert_id
    store.resolve(closed, note="nothing", who="ada", now=NOW)
    with open_reader(database_url) as connection:
        found = kept.read_alerts(connection, with_resolved=False, limit=10)
        everything = kept.read_alerts(connection, with_resolved=True, limit=10)
    assert [one.rule for one in found.value] == ["outage", "shift"]
    assert [row[3] for row in rows(found.query)] == ["outage", "shift"]
    assert [row[3] for row in rows(everything.query)] == ["outage", "shift", "closed"]
    assert (found.count, everything.count) == (2, 3)


def test_drift_reports_come_with_the_statement_that_gave_them(database_url: str, rows: ReadRows) -> None:
    with psycopg.connect(database_url) as connection:
        for day in (1, 2):
            at = NOW + timedelta(days=day)
            keep_report(connection, DriftRecord(at, NOW, at, "bundle", 5000, 900, False, day / 10, ()))
    with open_reader(database_url) as connection:
        found = kept.read_drift_reports(connection, limit=1)
    assert [one.drift_score for one in found.value] == [0.2]
    assert [row[7] for row in rows(found.query)] == [0.2]


def test_measurements_come_with_the_statement_that_gave_them(database_url: str, rows: ReadRows) -> None:
    measured = [Measurement(name, WINDOW, 10, 0.5) for name in ("auc", "brier", "psi")]
    keep_measurements(database_url, measured, measured_at=NOW)
    with open_reader(database_url) as connection:
        found = kept.read_measured(connection, ("psi", "auc"), since=WINDOW.start)
    assert found.value == (measured[0], measured[2])
    assert [row[0] for row in rows(found.query)] == ["auc", "psi"]


def test_switches_come_with_the_statement_that_gave_them(database_url: str, rows: ReadRows) -> None:
    for version in ("1", "2"):
        record_switch(database_url, ModelSwitch(SwitchKind.RELOAD, "test", None, version, None, None))
    with open_reader(database_url) as connection:
        found = kept.read_switches(connection, limit=5)
    assert [one.model_version for one in found.value] == ["2", "1"]
    assert [row[3] for row in rows(found.query)] == ["2", "1"]


async def test_a_model_comes_with_the_statements_that_gave_it(
    postgres_log: PostgresDecisionLog, database_url: str, rows: ReadRows
) -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    manifest = json.dumps({"files": {"policy.json": digest}}).encode()
    await postgres_log.register_model(replace(MODEL, manifest=manifest, files={"policy.json": b"{}"}))
    with open_reader(database_url) as connection:
        found = kept.read_model(connection, MODEL.model_version)
        with pytest.raises(DecisionLogError, match="holds no model of version 9: run `solvent ledger verify`"):
            kept.read_model(connection, "9")
    models, files = found.query.split(";\n")
    assert found.value.files == {"policy.json": b"{}"}
    assert [row[0] for row in rows(models)] == [MODEL.model_version]
    assert [row[0] for row in rows(files.rstrip(";"))] == [digest]
