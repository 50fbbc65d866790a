"""Measures how long each page of the dashboard takes in Chromium, cold and warm, and the memory of its process.

    python benchmarks/seeded_log.py --bundle BUNDLE --decisions 1000000
    python benchmarks/dashboard.py [--window all]
    python benchmarks/dashboard.py --pictures DIR      # no figures, but a picture of every page in both languages

It serves the dashboard on the log of the settings. Cold: a process that has just been started shows each page for the
first time. Warm: the same pages for another visitor, whose browser has nothing kept. Time runs from the click on the
link to the page, of the home page from its address, until Streamlit says that its script has ended and every chart is
drawn.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from solvent.bootstrap import open_database
from solvent.cli.serving import LOOPBACK, dashboard_command, dashboard_environment
from solvent.decision_log.figures.roll_ups import roll_up
from solvent.settings import read_settings

PAGES = (
    "home",
    "overview",
    "performance",
    "business",
    "drift",
    "quality",
    "risk",
    "model",
    "decision",
    "alerts",
    "audit",
)
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
STANDS = """
place => document.querySelectorAll('[data-testid=stSidebarNavLink]')[place]?.ariaCurrent === 'page'
    && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && document.querySelector('[data-testid=stMain] h1')
    && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton]')
    && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(chart => chart.querySelector('.main-svg'))
"""


@contextmanager
def serve(url: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the pages on a free port; give the address and the process."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    environment = {
        **psutil.Process().environ(),
        **dashboard_environment(database_url=url, api_url=f"http://{LOOPBACK}:9"),
    }
    process = subprocess.Popen((sys.executable, *dashboard_command(port)), env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    address = f"http://{LOOPBACK}:{port}"
    try:
        while True:
            try:
                httpx.get(f"{address}/_stcore/health", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def visit(browser: Browser, address: str, window: str) -> list[float]:
    """Open every page once by its link, in a tab of its own; return the seconds of each."""
    page = browser.new_page(viewport={"width": 1360, "height": 2400})
    started = time.perf_counter()
    page.goto(f"{address}/?window={window}")
    page.wait_for_function(STANDS, arg=0, timeout=120_000)
    seconds = [time.perf_counter() - started]
    for place in range(1, len(PAGES)):
        started = time.perf_counter()
        page.locator("[data-testid=stSidebarNavLink]").nth(place).click()
        page.wait_for_function(STANDS, arg=place, timeout=120_000)
        seconds.append(time.perf_counter() - started)
    page.close()
    return seconds


def take_pictures(browser: Browser, address: str, window: str, folder: Path) -> None:
    """Write each page as it is seen from top to bottom, in English and French."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in ("en", "fr"):
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        for place, name in enumerate(PAGES):
            page.goto(f"{address}/{'' if name == 'home' else name}?window={window}&lang={language}")
            page.wait_for_function(STANDS, arg=place, timeout=120_000)
            height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            page.set_viewport_size({"width": 1360, "height": int(height) + 20})
            page.wait_for_timeout(1_500)  # charts take the new size, figures count up
            page.screenshot(path=folder / f"{name}_{language}.png")
            page.set_viewport_size({"width": 1360, "height": 900})
        page.close()


def main() -> None:
    """Measure, and print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--window", default="all", help="24h, 7d, 30d or all")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="take pictures instead")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is missing: run apt-get install chromium")
    with open_database(read_settings()) as url:
        started = time.perf_counter()
        print(f"{roll_up(url):,} decisions counted by hour in {time.perf_counter() - started:.1f} s")
        with serve(url) as (address, process), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            if options.pictures is not None:
                take_pictures(browser, address, options.window, options.pictures)
                return
            cold = visit(browser, address, options.window)
            warm = visit(browser, address, options.window)
            peak = _peak_memory(process)
            browser.close()
    print("page             cold      warm")
    for name, first, again in zip(PAGES, cold, warm, strict=True):
        print(f"{name:12}  {first:5.2f} s   {again:5.2f} s")
    print(f"peak memory of the dashboard process: {peak / 2**20:.0f} MB")


def _peak_memory(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
