import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson
import psycopg
import pytest
from recording import record
from watched import draw

from solvent.cli.main import main
from solvent.decision_log.registers.model_switches import record_switch
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.monitoring.alert_rules import read_rules

if TYPE_CHECKING:
    from solvent.scoring.model import Model

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

Run = Callable[..., tuple[int, str, str]]

# 600 decisions a month from January 2024 on, a tenth of them refused, every one with its outcome and early sign: at the
# probability of 0.1 that is stated, and from `since` on at twice that.
FILL = """
WITH drawn AS (
    SELECT gen_random_uuid() AS request_id, month + make_interval(mins => n * 60) AS timestamp, month, n
    FROM generate_series(timestamptz '2024-01-01 00:00Z', timestamptz '2024-09-01 00:00Z', '1 month') month,
        generate_series(1, 600) n
), decided AS (
    INSERT INTO decisions (
        writer_id, sequence, request_id, timestamp, scored_at, recorded_at, endpoint, model_version, api_version,
        preprocessing_time_ms, inference_time_ms, total_response_time_ms, memory_usage_mb, score, prediction_proba,
        prediction_class, decision, confidence_level, http_status_code, data_quality_score, warning_flags, reasons,
        decision_threshold, history_source
    )
    SELECT gen_random_uuid(), 1, request_id, timestamp, timestamp, timestamp, '/predict', '{version}', '1', 1, 1,
        1, 1, 0,
        0.05 + 0.0001666 * n, (n > 540)::int, CASE WHEN n > 540 THEN 'refuse' ELSE 'approve' END, 'LOW', 200, 1,
        '{{}}', '{{}}', 0.14, 'none'
    FROM drawn
)
INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted)
SELECT request_id, timestamp, kind, timestamp + after, timestamp + after, CASE WHEN kind = 'matured' THEN is_bad END
FROM drawn,
    LATERAL (SELECT (n * 7) % 20 < CASE WHEN month >= '{since}'::timestamptz THEN 4 ELSE 2 END AS is_bad) of_client,
    (VALUES ('matured', interval '365 days 6 hours'), ('late_30_days', interval '91 days')) outcome (kind, after)
WHERE kind = 'matured' OR is_bad
"""


@pytest.fixture
async def run(
    postgres_log: PostgresDecisionLog,
    model: "Model",
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command on a log that knows the small model."""
    await postgres_log.register_model(model.describe())
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run_command


def fill(url: str, version: str, *, since: str = "2099-01-01") -> None:
    with psycopg.connect(url) as connection:
        connection.execute(FILL.format(version=version, since=since).encode())


def test_shows_realised_and_estimated_performance_by_month(
    run: Run, database_url: str, model: "Model", tmp_path: Path
) -> None:
    fill(database_url, model.version)
    out = tmp_path / "performance.json"
    code, shown, _ = run("performance", "report", "--as-of", "2025-10-20", "--json", str(out))
    lines = shown.splitlines()
    assert code == 0
    assert lines[0] == ("as of 2025-10-20 00:00 UTC, all decisions; a default is 90 days past due within 12 months")
    assert lines[2].startswith("2024-01        600  realised")
    assert "0.1000 (0.0785-0.1266)" in lines[2]
    assert "estimates of default_rate over 8 months: off by 0.0001 on average" in shown
    assert "2024-09        600  realised   matures on 2025-11-01" in shown
    months = orjson.loads(out.read_bytes())["months"]
    assert [datetime.fromisoformat(month["start"]).month for month in months] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert months[0]["realised"]["default_rate"]["value"] == pytest.approx(0.1)
    assert months[0]["estimated"]["default_rate"]["value"] == pytest.approx(0.10006, abs=1e-5)


async def test_performance_is_judged_by_the_policy_of_the_model_in_force(
    run: Run, database_url: str, model: "Model", postgres_log: PostgresDecisionLog
) -> None:
    fill(database_url, model.version)
    await postgres_log.register_model(replace(model.describe(), model_version="2026.9.30", manifest=b"{}", files={}))
    assert run("performance", "report", "--as-of", "2025-10-20")[0] == 78
    record_switch(database_url, ModelSwitch(SwitchKind.START, "test", None, model.version, None, None))
    assert run("performance", "report", "--as-of", "2025-10-20")[0] == 0


def test_without_decisions_there_is_nothing_to_judge(run: Run) -> None:
    code, shown, said = run("performance", "report")
    assert (code, shown) == (1, "")
    assert "there are no decisions to judge in these months" in said
    assert run("performance", "report", "--json", "absent/x.json")[0] == 2


def test_a_round_on_a_log_without_decisions_is_quiet(run: Run) -> None:
    code, shown, _ = run("monitor", "run")
    assert code == 0
    assert f"quiet: 8 figures, 0 of {len(read_rules())} rules ring, 0 new alerts" in shown


def test_a_round_where_nothing_is_wrong_is_quiet(run: Run, database_url: str, model: "Model") -> None:
    fill(database_url, model.version)
    code, shown, _ = run("monitor", "run", "--as-of", "2025-10-20")
    assert code == 0, shown
    (line,) = [line for line in shown.splitlines() if line.startswith("defaults_above_expected")]
    assert line.split()[1] == "silent"
    assert run("alerts", "list")[1] == "no open alerts\n"


def test_a_rise_of_risk_rings_once_and_says_what_to_do(run: Run, database_url: str, model: "Model") -> None:
    fill(database_url, model.version, since="2024-06-01")
    first = run("monitor", "run", "--as-of", "2025-10-20")
    second = run("monitor", "run", "--as-of", "2025-10-20")
    assert (first[0], second[0]) == (1, 1)
    assert "new alert 1 (HIGH, defaults_above_expected): default_rate_ratio is " in first[1]
    assert "do: Probabilities are too low: retrain" in first[1]
    assert "0 new alerts" in second[1]
    listed = run("alerts", "list")[1]
    assert listed.count("defaults_above_expected") == 1


def test_a_monitor_that_cannot_read_is_named_rings_and_lets_the_next_one_go_on(
    run: Run, database_url: str, model: "Model"
) -> None:
    fill(database_url, model.version)
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE request_failures RENAME COLUMN error_message TO gone")
    code, shown, _ = run("monitor", "run", "--as-of", "2025-10-20")
    assert code == 1
    assert "monitor operations could not measure: " in shown
    assert "new alert 1 (HIGH, monitor_failed): monitor operations could not measure: " in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("defaults_above_expected")]
    assert line.split()[1] == "silent"
    assert shown.splitlines()[-1].startswith("cannot measure: ")


# To those that were never late so far one more comes each month: the older a month, the more of them have shown.
LATER_SIGNS = """
INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at)
SELECT request_id, timestamp, 'late_30_days', seen, seen
FROM (
        SELECT *, row_number() OVER (PARTITION BY date_trunc('month', timestamp) ORDER BY timestamp) AS n FROM decisions
    ) d,
    LATERAL (SELECT timestamp + (4 + n % 16) * interval '30.4375 days' AS seen) later
WHERE (n * 7) % 20 >= 2 AND seen <= '2025-10-20'
"""


def test_a_constant_rate_of_late_payments_has_a_ratio_of_one_in_every_month(
    run: Run, database_url: str, model: "Model", rows: Callable[[str], list[tuple[float]]]
) -> None:
    fill(database_url, model.version)
    with psycopg.connect(database_url) as connection:
        connection.execute(LATER_SIGNS)
    assert run("monitor", "run", "--as-of", "2025-10-20")[0] == 0
    ratios = rows("SELECT value FROM measurements WHERE metric = 'late_30_days_ratio' AND value IS NOT NULL")
    assert [value for (value,) in ratios] == [pytest.approx(1.0)] * 6


def test_a_mistake_in_the_rules_is_named_and_nothing_is_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Callable[[str], list[tuple[int]]]
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nname = "x"\n', encoding="utf-8")
    monkeypatch.setenv("SOLVENT_ALERT_RULES", str(path))
    code, _, said = run("monitor", "run")
    assert code == 1
    assert "rules.toml, rule 1 (x) lacks metric, limit, direction, severity, what_to_do" in said
    assert rows("SELECT count(*) FROM measurements") == [(0,)]
    assert run("alerts", "rules", "--check", str(path))[0] == 1


@pytest.fixture
def login(database_url: str) -> Iterator[tuple[str, str]]:
    """A login that may read which revision the database has and nothing else: its name and the URL."""
    name = f"login_{uuid4().hex[:12]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
        connection.execute(f"GRANT SELECT ON alembic_version TO {name}".encode())
        yield name, database_url.replace("postgres@", f"{name}@")
        connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


@pytest.mark.parametrize(
    "command",
    [
        ("monitor", "run", "--as-of", "2025-10-20"),
        ("performance", "report", "--as-of", "2025-10-20"),
        ("drift", "report", "--from", "2026-11-02", "--to", "2026-11-08", "--no-html"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_in_production_a_login_with_the_role_of_the_monitors_is_enough(
    run: Run,
    database_url: str,
    login: tuple[str, str],
    model: "Model",
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"GRANT solvent_monitor TO {login[0]}".encode())
    fill(database_url, model.version)
    record(database_url, model, draw(model, 600), start=datetime(2026, 11, 2, tzinfo=UTC), history_source="stored")
    monkeypatch.setenv("SOLVENT_DATABASE_URL", login[1])
    monkeypatch.setenv("SOLVENT_ENVIRONMENT", "production")
    code, shown, said = run(*command)
    assert (code, "cannot measure" in shown) == (0, False), shown + said


def test_a_login_that_is_no_monitor_is_told_what_it_lacks(
    run: Run, login: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", login[1])
    monkeypatch.setenv("SOLVENT_ENVIRONMENT", "production")
    code, _, said = run("monitor", "run")
    assert code == 1
    assert "the login cannot act as it must (InsufficientPrivilege): give it the roles of docs/decisions/0012" in said


def test_watching_goes_on_until_a_signal_and_ends_cleanly(run: Run, database_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "SOLVENT_DATABASE_URL": database_url, "SOLVENT_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "solvent.cli", "monitor", "watch", "--every", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603
        assert process.stdout is not None
        assert "rules ring, 0 new alerts" in process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "stopped after 1 runs\n"
    assert process.returncode == 0
