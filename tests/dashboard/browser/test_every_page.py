from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from served_pages import Served
from visits import FILTERED, PAGES, Visit, start_visit

from solvent.dashboard.app import REFRESH_SECONDS
from solvent.dashboard.texts import common
from solvent.dashboard.texts.language import Language
from solvent.decision_log.registers.alerts import AlertStore

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

SCREENSHOTS = Path(__file__).parents[3] / ".solvent" / "screenshots"
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "resultTypes": ["violations"],
    "rules": {"list": {"enabled": False}, "listitem": {"enabled": False}},
}
"""Both rules fail on the list of pages alone, whose markup is Streamlit's."""


def click_every_filter(visit: Visit) -> None:
    for place in range(len(common.WINDOWS)):
        visit.page.locator("[data-testid=stMain] [data-testid=stButtonGroup] button").nth(place).click()
        visit.page.wait_for_timeout(150)
        visit.settle()
        assert visit.exceptions() == []
    assert "window=range" in visit.page.url
    versions = visit.page.locator("[data-testid=stMain] [data-testid=stSelectbox] input").first
    versions.click()
    visit.page.locator("[role=option]").last.click()
    visit.page.wait_for_timeout(150)
    visit.settle()
    assert "model=2026.11.23" in visit.page.url


def find_barriers(visit: Visit) -> list[str]:
    found = Axe().run(visit.page, options=AXE).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def take_picture(visit: Visit, name: str) -> None:
    height = visit.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    visit.page.set_viewport_size({"width": 1360, "height": int(height) + 20})
    visit.page.wait_for_timeout(300)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    visit.page.screenshot(path=SCREENSHOTS / f"{name}.png")
    visit.page.set_viewport_size({"width": 1360, "height": 900})


@pytest.mark.parametrize("language", list(Language))
def test_every_page_stands_without_error_or_barrier(served: Served, browser: Browser, language: Language) -> None:
    visit = start_visit(browser, served.address)
    visit.go(f"?lang={language.value}&window=30d")
    for name in PAGES:
        visit.open(name)
        assert visit.exceptions() == [], name
        assert find_barriers(visit) == [], name
        take_picture(visit, f"{name}_{language.value}")
        if name in FILTERED:
            click_every_filter(visit)
        if language is Language.FRENCH:
            assert "lang=fr" in visit.page.url
    assert visit.faults == []


def test_home_needs_neither_the_chart_library_nor_the_highlighter(served: Served, browser: Browser) -> None:
    visit = start_visit(browser, served.address)
    visit.page.route("**/PlotlyChart*", lambda route: route.abort())
    visit.go("?lang=en&window=30d")
    assert visit.exceptions() == []
    assert visit.page.locator("[data-testid=stMain] [data-testid=stImage]").count() == 1
    assert visit.page.locator("[data-testid=stPlotlyChart], [data-testid=stCode]").count() == 0


def count_decisions(visit: Visit) -> int:
    return int(visit.page.locator("[data-testid=stMetricValue]").first.inner_text().replace(",", ""))


@pytest.mark.parametrize("live", ["", "&live=1"])
def test_a_window_changes_what_is_counted_and_the_address(served: Served, browser: Browser, live: str) -> None:
    with psycopg.connect(served.database_url) as connection:
        ((everything,),) = connection.execute("SELECT count(*) FROM decisions").fetchall()
    visit = start_visit(browser, served.address)
    visit.go(f"overview?window=24h{live}")
    of_a_day = count_decisions(visit)
    visit.page.get_by_role("radio", name="All").click()
    visit.page.wait_for_url("**window=all**")
    visit.settle()
    assert count_decisions(visit) == everything
    assert 0 < of_a_day < everything
    assert visit.exceptions() == []
    assert visit.faults == []


def test_a_page_that_is_refreshed_shows_after_a_minute_what_happened_meanwhile(
    served: Served, browser: Browser
) -> None:
    visit = start_visit(browser, served.address)
    visit.page.clock.install()
    visit.go("alerts?live=1")
    store = AlertStore(served.database_url)
    store.acknowledge(store.list()[0].alert_id, who="ada", now=datetime.now(UTC))
    visit.settle()
    assert visit.page.get_by_text("Taken on by ada").count() == 0
    visit.page.clock.fast_forward(1000 * REFRESH_SECONDS)
    visit.page.get_by_text("Taken on by ada").wait_for()
    assert visit.exceptions() == []


def test_a_button_verifies_the_chains_with_the_rights_of_a_reader(served: Served, browser: Browser) -> None:
    visit = start_visit(browser, served.address)
    visit.go("audit")
    visit.page.get_by_role("button", name="Verify").click()
    visit.page.get_by_text("Nothing was changed.").wait_for()
    visit.page.get_by_text("Inputs and features are out of reach of this page.").wait_for()
    assert visit.exceptions() == []
    assert visit.faults == []
