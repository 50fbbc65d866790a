"""Serves the dashboard on a log of simulated decisions."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from visits import API

from solvent.cli.serving import dashboard_command, dashboard_environment
from solvent.decision_log.audit.signing import make_signer
from solvent.decision_log.database.embedded import EmbeddedServer
from solvent.decision_log.registers.alerts import AlertStore
from solvent.decision_log.registers.drift_reports import keep_report
from solvent.decision_log.registers.measurements import keep_measurements
from solvent.domain.alerts import Breach, Severity
from solvent.domain.measurements import Measurement, Window
from solvent.domain.observations import DriftRecord

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))

DECISIONS, DAYS = 1_500, 40.0
START_SECONDS = 90
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
FEATURES = ("burden", "external")


@dataclass(frozen=True)
class Served:
    """Where the dashboard answers, and the database behind it."""

    address: str
    database_url: str


def find_chromium() -> str:
    """The browser of SOLVENT_CHROMIUM, or the one on the path."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("no Chromium here: run `apt-get install chromium`, or set CHROMIUM to its path")
    return found


@contextmanager
def database(server: EmbeddedServer, template: str) -> Iterator[str]:
    name = f"browser_{uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield server.url.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def fill(url: str, bundle: Path, home: Path) -> None:
    """What the jobs of a running lender would have left; in a thread, since Playwright keeps an event loop in ours."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_fill, url, bundle, home).result()


def _fill(url: str, bundle: Path, home: Path) -> None:
    from seeded_log import ensure_months, seal  # noqa: PLC0415 - LightGBM takes over a second to import
    from seeded_log import fill as fill_log  # noqa: PLC0415
    from simulated_requests import draw_arrivals  # noqa: PLC0415
    from solvent.bootstrap import load_model  # noqa: PLC0415

    now = datetime.now(UTC)
    start = now - timedelta(days=DAYS)
    ensure_months(url, start, now)
    fill_log(url, [load_model(bundle)], draw_arrivals(DECISIONS, start=start, days=DAYS, seed=4), with_history=False)
    signer = make_signer(home / "audit" / "signing.key")
    asyncio.run(seal(url, signer, home / "audit"))
    window = Window(now - timedelta(days=7), now)
    keep_measurements(url, make_measurements(window), measured_at=now)
    report = home / "reports" / "drift.html"
    report.parent.mkdir(exist_ok=True)
    report.write_text("<!doctype html><title>report</title><p>An interactive report.</p>")
    with psycopg.connect(url) as connection:
        keep_report(connection, make_report(window, 0.1, html=None))
        keep_report(connection, make_report(window, 0.4, html=str(report)))
    AlertStore(url).record([make_breach(window, number) for number in range(2)], now)


def make_measurements(window: Window) -> list[Measurement]:
    month = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    quality = [
        Measurement("data_quality_score", window, 900, 0.93),
        Measurement("missing_rise", window, 900, 0.31, "EXT_SOURCE_2"),
        Measurement("out_of_range_rate", window, 900, 0.0, "AMT_ANNUITY"),
    ]
    names = ("auc", "default_rate", "cost_per_application")
    months = [
        Measurement(f"{prefix}_{name}", month, 800, 0.5, low=0.4, high=0.6)
        for name in names
        for prefix in ("realised", "estimated")
    ]
    return [*quality, *months, Measurement("default_rate_ratio", month, 800, 1.1, low=0.9, high=1.3)]


def make_report(window: Window, score: float, *, html: str | None) -> DriftRecord:
    strongest = [{"feature": feature, "psi": 0.3, "q_value": 0.001, "importance": 0.2} for feature in FEATURES]
    return DriftRecord(
        window.end, window.start, window.end, "bundle", 5000, 900, score >= 0.3, score, FEATURES,
        report_html_path=html, metadata={"threshold": 0.3, "strongest": strongest},
    )  # fmt: skip


def make_breach(window: Window, number: int) -> Breach:
    return Breach(
        rule=f"drift_{number}", subject="score", severity=Severity.HIGH, description="The score has drifted.",
        what_to_do="Look at the report.", value=0.4, limit=0.3, count=900, window=window, affected=FEATURES,
        cool_down=timedelta(days=1),
    )  # fmt: skip


@contextmanager
def serve(url: str, home: Path, **settings: str) -> Iterator[str]:
    """Serve the pages on a free port, and give the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, **dashboard_environment(database_url=url, api_url=API),
        "SOLVENT_HOME": str(home), **settings,
    }  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 - our own command
        (sys.executable, *dashboard_command(port)), env=environment, cwd=home, stdout=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(address, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail("the dashboard did not answer")
