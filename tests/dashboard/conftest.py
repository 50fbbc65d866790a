"""A served dashboard, and Chromium to look at it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from solvent.decision_log.database.embedded import EmbeddedServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from served_pages import Served


@pytest.fixture(autouse=True)
def main_module_as_before() -> Iterator[None]:
    """Give `__main__` back: AppTest puts its script there, and processes that later tests spawn would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for tests in a browser alone
    from served_pages import CHROMIUM_FLAGS, find_chromium  # noqa: PLC0415

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def served(
    embedded_server: EmbeddedServer, migrated_template: str, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Served"]:
    """The dashboard on a log with two incidents, reports, measurements and alerts."""
    from served_pages import Served, database, fill, serve  # noqa: PLC0415

    home = tmp_path_factory.mktemp("home")
    with database(embedded_server, migrated_template) as url:
        fill(url, tiny_bundle, home)
        with serve(url, home) as address:
            yield Served(address, url)
