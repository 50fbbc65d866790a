from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from solvent.dashboard.views import drift
from solvent.dashboard.visit import DEFAULTS, KEPT
from solvent.decision_log.registers.drift_reports import keep_report
from solvent.domain.observations import DriftRecord

NOW = datetime(2026, 6, 8, tzinfo=UTC)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("stored", "toggles"),
    [
        ("/home/of/the/monitor/reports/drift.html", ["Show it"]),
        ("drift.html", ["Show it"]),
        ("../secret.html", []),
        ("/etc/..", []),
        ("link.html", []),
        ("other.html", []),
    ],
)
def test_an_interactive_report_is_found_by_its_name_in_the_folder_of_reports_alone(
    monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path, stored: str, toggles: list[str]
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "drift.html").write_text("<p>report</p>")
    (tmp_path / "secret.html").write_text("<p>secret</p>")
    (reports / "link.html").symlink_to(tmp_path / "secret.html")
    record = DriftRecord(NOW, NOW - timedelta(days=7), NOW, "bundle", 500, 900, False, 0.1, (), report_html_path=stored)
    with psycopg.connect(database_url) as connection:
        keep_report(connection, record)
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)
    monkeypatch.setenv("SOLVENT_HOME", str(tmp_path))
    page = AppTest.from_file(str(Path(drift.__file__)), default_timeout=30)
    page.session_state[KEPT] = dict(DEFAULTS)
    page.run()
    assert not page.exception
    assert [one.label for one in page.toggle] == toggles
