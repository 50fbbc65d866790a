"""Who is not signed in sees nothing, on any page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from served_pages import Served, serve
from visits import PAGES, start_visit

from solvent.dashboard.exposure import PROXY_HEADER

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

PROXY_KNOWS = "what the proxy alone knows"
PASSWORD = "a long enough password"  # noqa: S105 - of this test alone


def test_without_the_password_no_page_shows_anything(served: Served, browser: Browser, tmp_path: Path) -> None:
    with serve(served.database_url, tmp_path, SOLVENT_DASHBOARD_PASSWORD=PASSWORD) as address:
        visit = start_visit(browser, address)
        for name in ("", *PAGES[1:]):
            visit.page.goto(f"{address}/{name}")
            visit.page.get_by_label("Password", exact=True).wait_for()
            assert visit.page.locator("[data-testid=stMetric], [data-testid=stPlotlyChart]").count() == 0
        visit.page.get_by_label("Password", exact=True).fill("a wrong password")
        visit.page.keyboard.press("Enter")
        visit.page.get_by_text("That is not the password.").wait_for()
        visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
        visit.page.keyboard.press("Enter")
        visit.page.get_by_role("heading", name="Audit").wait_for()


def test_only_whom_the_proxy_names_sees_pages(served: Served, browser: Browser, tmp_path: Path) -> None:
    named = {"X-Forwarded-User": "ada"}
    by_proxy = {"SOLVENT_DASHBOARD_USER_HEADER": "X-Forwarded-User", "SOLVENT_DASHBOARD_PROXY_SECRET": PROXY_KNOWS}
    with serve(served.database_url, tmp_path, **by_proxy) as address:
        for headers in ({}, named, named | {PROXY_HEADER: "what the proxy never said"}, {PROXY_HEADER: PROXY_KNOWS}):
            page = browser.new_context(extra_http_headers=headers).new_page()
            page.goto(address)
            page.get_by_text("this request did not say").wait_for()
        page = browser.new_context(extra_http_headers=named | {PROXY_HEADER: PROXY_KNOWS}).new_page()
        page.goto(address)
        page.get_by_role("heading", name="Credit decisions, answered for").wait_for()
