"""`solvent drift report` on a real log: exit codes, text, files, rows, and what it says of bad input."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from recording import record
from watched import draw

from edge_examples import write_other_bundle
from solvent.bundle.reference import render_reference
from solvent.cli.main import main
from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.registers.drift_reports import list_reports
from solvent.domain.measurements import Window
from solvent.domain.observations import DriftRecord
from solvent.errors import MonitoringError
from solvent.monitoring.input_watch import WatchRequest, watch_inputs
from solvent.monitoring.segments import find_segment
from solvent.monitoring.watched_model import watch_model
from solvent.monitoring_bootstrap import observe_log
from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres

START = datetime(2026, 11, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
PERIOD = ("--from", "2026-11-02", "--to", "2026-11-09")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOLVENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)

    def run_command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["drift", "report", *map(str, arguments)])
        written = capsys.readouterr()
        return code, written.out, written.err

    return run_command


def kept(database_url: str) -> DriftRecord:
    with connect_sync(database_url, application_name="test") as connection:
        (report,) = list_reports(connection)
        return report


def test_is_silent_where_nothing_changed(run: Run, database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 1_000), start=START)
    code, out, _ = run(*PERIOD, "--no-html")
    assert code == 0
    assert "drift        no drift\n" in out
    assert "decisions    1,000 of model" in out
    report = kept(database_url)
    assert (report.drift_detected, report.drift_score, report.drifted_features) == (False, 0.0, ())
    assert (report.period_start, report.period_end) == (START, START + WEEK)
    assert (report.reference_dataset, report.reference_size) == (f"bundle {model.version}", 2_000)
    assert (report.current_size, report.report_html_path) == (1_000, None)


def test_names_what_drifted_and_ends_with_1(run: Run, database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 1_000, hide_external=0.4), start=START)
    code, out, _ = run(*PERIOD, "--no-html")
    assert code == 1
    assert "drift        drift: a feature moved far; an important feature drifted" in out
    assert "drifted      1 of 6 features (16.7%" in out
    assert "strongest    external                                     drifted  PSI" in out
    assert "missing at least 5% more often: EXT_SOURCE_2" in out
    report = kept(database_url)
    assert report.drift_detected
    assert report.drifted_features == ("external",)
    assert report.drift_score == pytest.approx(1 / 6)
    assert report.metadata["verdict"] == "drift"


def test_too_few_decisions_are_said_to_be_too_few(run: Run, database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 100, hide_external=1.0), start=START)
    code, out, _ = run(*PERIOD)
    assert code == 0
    assert "drift        not enough data\n" in out
    assert "a verdict needs 500 on both sides: give a longer period" in out
    assert (kept(database_url).drift_score, kept(database_url).current_size) == (None, 100)


def test_a_period_without_decisions_is_an_error_that_says_what_there_is(
    run: Run, database_url: str, model: Model, rows: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    code, _, err = run(*PERIOD)
    assert code == 1
    assert "no decisions from 2026-11-02 00:00 to 2026-11-09 00:00 UTC (it holds none): give another period" in err
    record(database_url, model, draw(model, 10), start=START - WEEK, span=timedelta(days=1))
    code, _, err = run(*PERIOD)
    assert code == 1
    assert "it holds decisions from 2026-10-26 00:00 to 2026-10-26 21:36" in err
    assert rows("SELECT count(*) FROM drift_reports") == [(0,)]


def test_a_model_whose_profile_the_log_does_not_keep_asks_for_its_folder(
    run: Run, database_url: str, model: Model, tiny_bundle: Path
) -> None:
    record(database_url, model, draw(model, 600), start=START)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM model_files")
    code, _, err = run(*PERIOD)
    assert code == 1
    assert f"the log keeps no profile of model {model.version}: give its folder, --bundle BUNDLE" in err
    assert run(*PERIOD, "--bundle", tiny_bundle, "--no-html")[0] == 0


def test_an_earlier_period_can_be_the_reference(run: Run, database_url: str, model: Model) -> None:
    changed = draw(model, 800, hide_external=0.5)
    record(database_url, model, changed, start=START - WEEK)
    record(database_url, model, draw(model, 800, seed=2, hide_external=0.5), start=START)
    assert run(*PERIOD, "--no-html")[0] == 1
    code, out, _ = run(*PERIOD, "--no-html", "--reference", "2026-10-26/2026-11-02")
    assert code == 0
    assert "reference    log 2026-10-26 00:00 to 2026-11-02 00:00, 800 rows" in out


def test_a_segment_is_watched_apart(run: Run, database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 2_000), start=START)
    record(database_url, model, draw(model, 600, seed=3, hide_external=0.5), start=START, caller="shop")
    assert run(*PERIOD, "--no-html", "--segment", "caller=local")[0] == 0
    code, out, _ = run(*PERIOD, "--no-html", "--segment", "caller=shop")
    assert (code, "2026-11-09 00:00 UTC, caller=shop" in out) == (1, True)
    code, out, _ = run(*PERIOD, "--no-html", "--segment", "contract=Revolving loans")
    assert "contract=Revolving loans" in out
    assert "rows" in out
    assert "strongest    " in out
    assert "quality" not in out


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        ("income=1", "a segment is NAME=VALUE, where NAME is one of caller, endpoint, history_source, contract"),
        ("contract=Gifts", "contract has no such category: choose one of Cash loans, Revolving loans"),
    ],
)
def test_a_segment_that_is_none_is_refused(
    run: Run, database_url: str, model: Model, segment: str, message: str
) -> None:
    record(database_url, model, draw(model, 10), start=START)
    code, _, err = run(*PERIOD, "--segment", segment)
    assert (code, message in err) == (1, True)


def test_a_segment_of_a_retrained_model_wants_an_earlier_period(database_url: str, model: Model) -> None:
    """The columns of its reference are shuffled: rows with a category are not rows of that category."""
    program = model.bundle.program
    watched = watch_model(model.bundle, render_reference(program, draw(model, 100), seed=1, shuffled=True))
    segment = find_segment("contract=Revolving loans", program)
    request = WatchRequest(Window(START, START + WEEK), segment=segment)
    with (
        observe_log(database_url) as (log, _),
        pytest.raises(MonitoringError, match=r"holds no whole rows.*with an earlier period, --reference FROM/TO"),
    ):
        watch_inputs(log, watched, request)


def test_periods_that_end_before_they_start_are_wrong_usage(run: Run) -> None:
    assert run("--from", "2026-11-09", "--to", "2026-11-02")[0] == 2


@pytest.mark.slow
def test_evidently_shows_what_moved_in_one_file_below_5_mb(run: Run, database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 2_000, hide_external=0.4), start=START)
    assert run(*PERIOD)[0] == 1
    report = kept(database_url)
    assert report.report_html_path is not None
    assert report.report_json_path is not None
    html = Path(report.report_html_path)
    assert 100_000 < html.stat().st_size < 5_000_000
    assert 'src="http' not in html.read_text()
    metrics = json.loads(Path(report.report_json_path).read_text())["metrics"]
    assert {one["config"].get("column") for one in metrics} >= {"external", "income", "score", "contract"}


@pytest.mark.slow
def test_evidently_leaves_out_a_feature_whose_source_was_away(run: Run, database_url: str, model: Model) -> None:
    record(database_url, model, draw(model, 1_000, hide_external=1.0), start=START)
    assert run(*PERIOD)[0] == 1
    report = kept(database_url)
    assert report.report_json_path is not None
    metrics = json.loads(Path(report.report_json_path).read_text())["metrics"]
    assert {one["config"].get("column") for one in metrics} >= {"income", "score", "contract"}
    assert "external" not in {one["config"].get("column") for one in metrics}


def test_a_folder_whose_bundle_says_nothing_of_normal_is_refused(
    run: Run, database_url: str, model: Model, tiny_bundle: Path, tmp_path: Path
) -> None:
    record(database_url, model, draw(model, 10), start=START)
    old = write_other_bundle(tiny_bundle, tmp_path / "old", profile={"rows": 2_000})
    code, _, err = run(*PERIOD, "--bundle", old)
    assert (code, "does not say what is normal: train the bundle again to watch it" in err) == (78, True)
