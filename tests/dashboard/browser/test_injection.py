"""Stored strings and addresses that try to run: fifty payloads, each in one parameter of an address (T-21)."""

import hashlib
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from payloads import PAYLOADS
from playwright.sync_api import Browser
from served_pages import Served, database, fill, make_breach, make_report, serve
from visits import PAGES, start_visit

from solvent.bundle.files import MODEL_CARD_FILE
from solvent.bundle.manifest import Manifest
from solvent.dashboard.visit import DEFAULTS
from solvent.decision_log.database.embedded import EmbeddedServer
from solvent.decision_log.registers.alerts import AlertStore
from solvent.decision_log.registers.drift_reports import keep_report
from solvent.decision_log.registers.measurements import keep_measurements
from solvent.domain.measurements import Measurement, Window

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

STORED = (
    """
    UPDATE decisions SET endpoint = %(text)s, caller = %(text)s, history_source = %(text)s, api_version = %(text)s,
        warning_flags = ARRAY[%(text)s], reasons = ARRAY[%(text)s]
    WHERE request_id = %(request)s
    """,
    "UPDATE request_failures SET error_message = %(text)s, endpoint = %(text)s WHERE request_id = %(failure)s",
    """
    INSERT INTO model_switches (kind, requested_by, previous_version, refusal)
    VALUES ('reload', %(text)s, %(text)s, %(text)s)
    """,
)


HIDDEN = "[data-testid=stMain] [data-testid=stCheckbox] label, [data-testid=stMain] [data-testid=stExpander] summary"


def poison_card(connection: psycopg.Connection[Any]) -> None:
    """Let the newest model have had a card that is made of payloads."""
    card = "\n\n".join(PAYLOADS).encode()
    digest = hashlib.sha256(card).hexdigest()
    version, manifest = connection.execute("SELECT model_version, manifest FROM models").fetchall()[-1]
    known = Manifest.from_json(manifest)
    altered = replace(known, files={**known.files, MODEL_CARD_FILE: digest})
    connection.execute("INSERT INTO model_files VALUES (%s, %s)", (digest, zlib.compress(card)))
    connection.execute("UPDATE models SET manifest = %s WHERE model_version = %s", (altered.to_json(), version))


def poison(url: str) -> None:
    """Put a payload into every text column that a page shows."""
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=1), now)
    with psycopg.connect(url) as connection:
        decisions = connection.execute("SELECT request_id FROM decisions ORDER BY timestamp DESC").fetchall()
        failures = connection.execute("SELECT request_id FROM request_failures").fetchall()
        for place, text in enumerate(PAYLOADS):
            values: dict[str, Any] = {
                "text": text, "request": decisions[place][0], "failure": failures[place % len(failures)][0],
            }  # fmt: skip
            for statement in STORED:
                connection.execute(statement.encode(), values)
        poison_card(connection)
        features = tuple(PAYLOADS)
        report = make_report(window, 0.4, html=PAYLOADS[0])
        strongest = [{"feature": text, "psi": 0.3} for text in PAYLOADS]
        metadata = {"threshold": 0.3, "strongest": strongest}
        named = replace(report, reference_dataset=PAYLOADS[0], drifted_features=features)
        keep_report(connection, replace(named, metadata=metadata))
    breaches = [
        replace(
            make_breach(window, place), rule=text, subject=text, description=text, what_to_do=text, affected=features
        )
        for place, text in enumerate(PAYLOADS)
    ]
    store = AlertStore(url)
    for place, alert in enumerate(store.record(breaches, now)):
        text = PAYLOADS[place % len(PAYLOADS)]
        if place % 2:
            store.acknowledge(alert.alert_id, who=text, now=now)
        else:
            store.resolve(alert.alert_id, who=text, note=text, now=now)
    keep_measurements(url, [Measurement("missing_rise", window, 9, 0.5, text) for text in PAYLOADS], measured_at=now)


@pytest.fixture(scope="module")
def poisoned(
    embedded_server: EmbeddedServer, migrated_template: str, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    home = tmp_path_factory.mktemp("poisoned")
    with database(embedded_server, migrated_template) as url:
        fill(url, tiny_bundle, home)
        poison(url)
        with serve(url, home) as address:
            yield Served(address, url)


def test_no_stored_string_runs_or_leads_out(poisoned: Served, browser: Browser) -> None:
    visit = start_visit(browser, poisoned.address)
    visit.go("?window=all")
    for name in PAGES:
        visit.open(name)
        assert visit.exceptions() == [], name
        for hidden in visit.page.locator(HIDDEN).all():
            hidden.click()
            visit.settle()
        assert visit.foreign_links() == [], name
    assert visit.faults == []


def test_no_address_runs_or_reaches_the_database(poisoned: Served, browser: Browser) -> None:
    visit = start_visit(browser, poisoned.address)
    pages = ("", "overview", "risk", "decision", "model")
    for place in range(0, len(PAYLOADS), len(DEFAULTS)):
        query = "&".join(f"{name}={quote(text)}" for name, text in zip(DEFAULTS, PAYLOADS[place:], strict=False))
        visit.go(f"{pages[place // len(DEFAULTS) % len(pages)]}?window=all&{query}")
        assert visit.exceptions() == []
        assert visit.foreign_links() == []
    assert visit.faults == []
    with psycopg.connect(poisoned.database_url) as connection:
        assert connection.execute("SELECT count(*) > 1000 FROM decisions").fetchone() == (True,)


def test_a_decision_made_of_payloads_is_shown_as_text(poisoned: Served, browser: Browser) -> None:
    with psycopg.connect(poisoned.database_url) as connection:
        found = connection.execute(
            "SELECT request_id FROM decisions WHERE caller = ANY(%s)", (list(PAYLOADS),)
        ).fetchall()
    visit = start_visit(browser, poisoned.address)
    visit.go()
    visit.open("decision")
    for (request,) in found[:: len(found) // 8]:
        visit.page.get_by_label("Request ID").fill(str(request))
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_timeout(300)
        visit.settle()
        assert visit.exceptions() == []
    assert visit.faults == []
