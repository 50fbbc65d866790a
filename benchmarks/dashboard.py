"""Measures how long each page of the dashboard takes in Chromium, cold and warm, and the memory of its process.

    python benchmarks/seeded_log.py --bundle BUNDLE --decisions 1000000
    python benchmarks/dashboard.py [--window all]
    python benchmarks/dashboard.py --pictures DIR      # no figures, but a picture of every page in both languages

It serves the dashboard on the log of the settings. Cold: a process that has just been started shows each page for the
first time, in a browser that has nothing kept. Warm: the same pages for another visitor, whose browser has nothing kept
either. Again: that visitor comes a second time. Visitors look at each page for two seconds. Time runs from the click on
the link to the page, of the home page from its address, until Streamlit says that its script has ended and every chart
is drawn. "overview first" is that page opened by its address.

Beside them stand pages of a bare Streamlit app in the same browser, which no page of ours can be faster than: a title
(compare home), a page with one small chart, the first that loads Plotly (compare overview first), and one with four.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

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
BARE = """
import plotly.graph_objects as go
import streamlit as st

def show(charts):
    st.title("x")
    for number in range(charts):
        st.plotly_chart(go.Figure(go.Bar(y=[1, 2, 3])), key=str(number))

def title():
    show(0)

def one_chart():
    show(1)

def four_charts():
    show(4)

st.navigation([st.Page(title), st.Page(one_chart), st.Page(four_charts)]).run()
"""
LOOKING_SECONDS = 2.0
BARE_PAGES = ("title", "one chart", "four charts")
VIEWPORT: ViewportSize = {"width": 1360, "height": 2400}
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
    port = _free_port()
    environment = dashboard_environment(database_url=url, api_url=f"http://{LOOPBACK}:9")
    with _start(dashboard_command(port), environment, port) as process:
        yield f"http://{LOOPBACK}:{port}", process


@contextmanager
def serve_bare() -> Iterator[str]:
    """Serve the pages of `BARE`, with the options of ours; give the address."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(BARE, encoding="utf-8")
        options = dashboard_command(port)[2:]
        with _start(("-m", "streamlit", "run", str(script), *options), {}, port):
            yield f"http://{LOOPBACK}:{port}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])


@contextmanager
def _start(command: tuple[str, ...], environment: dict[str, str], port: int) -> Iterator[psutil.Process]:
    variables = {**psutil.Process().environ(), **environment}
    process = subprocess.Popen((sys.executable, *command), env=variables, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        while True:
            try:
                httpx.get(f"http://{LOOPBACK}:{port}/_stcore/health", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def visit(context: BrowserContext, address: str, *, pages: int = len(PAGES)) -> list[float]:
    """Open every page once by its link, in a tab of its own; return the seconds of each."""
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_function(STANDS, arg=0, timeout=120_000)
    seconds = [time.perf_counter() - started]
    for place in range(1, pages):
        page.wait_for_timeout(1000 * LOOKING_SECONDS)
        started = time.perf_counter()
        page.locator("[data-testid=stSidebarNavLink]").nth(place).click()
        page.wait_for_function(STANDS, arg=place, timeout=120_000)
        seconds.append(time.perf_counter() - started)
    page.close()
    return seconds


def measure(browser: Browser, address: str, *, pages: int = len(PAGES)) -> list[tuple[float, ...]]:
    """Return the seconds of each page: cold, warm, again."""
    first, other = browser.new_context(viewport=VIEWPORT), browser.new_context(viewport=VIEWPORT)
    visits = [visit(context, address, pages=pages) for context in (first, other, other)]
    first.close()
    other.close()
    return list(zip(*visits, strict=True))


def open_first(browser: Browser, address: str) -> tuple[float, ...]:
    """Return the seconds of the overview as the first page of two visitors, and of the second one's second visit."""
    seconds = []
    context = browser.new_context(viewport=VIEWPORT)
    for place in range(3):
        if place == 1:
            context = browser.new_context(viewport=VIEWPORT)
        page = context.new_page()
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_function(STANDS, arg=PAGES.index("overview"), timeout=120_000)
        seconds.append(time.perf_counter() - started)
        page.close()
    return tuple(seconds)


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
            seconds = measure(browser, f"{address}/?window={options.window}")
            first = open_first(browser, f"{address}/overview?window={options.window}")
            peak = _peak_memory(process)
            with serve_bare() as bare:
                bare_seconds = measure(browser, bare, pages=len(BARE_PAGES))
            browser.close()
    print("page               cold      warm      again")
    rows = (
        *zip(PAGES, seconds, strict=True),
        ("overview first", first),
        *zip((f"bare: {name}" for name in BARE_PAGES), bare_seconds, strict=True),
    )
    for name, figures in rows:
        print(f"{name:17}" + "   ".join(f"{one:5.2f} s" for one in figures))
    print(f"peak memory of the dashboard process: {peak / 2**20:.0f} MB")


def _peak_memory(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
