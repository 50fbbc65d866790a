"""The dashboard as compose.yaml has it: logins with the roles of a deployment, an API with keys, homes of their own."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser
from served_pages import database, fill
from visits import PAGES, Visit, start_visit

from solvent.dashboard.exposure import PROXY_HEADER
from solvent.decision_log.database.embedded import EmbeddedServer
from tiny_model import SAFE

pytestmark = [pytest.mark.browser, pytest.mark.postgres]

LOGINS = Path(__file__).parents[3] / "deploy" / "compose" / "make_logins.sh"
GRANTED = re.compile(r"CREATE ROLE (\w+) LOGIN .* IN ROLE (.*);")
START_SECONDS, STOP_SECONDS = 90, 40
PASSWORD = "a long enough password"  # noqa: S105 - of this test alone
PROXY_KNOWS = "what the proxy alone knows"


SOLVENT = (sys.executable, "-m", "solvent.cli")


@dataclass(frozen=True)
class Deployment:
    """Address of the log for the dashboard's login, of the API, home of the dashboard, settings that name the ledger.

    Of the signing key its public half alone lies in that home.
    """

    database_url: str
    api: str
    home: Path
    ledger: Mapping[str, str]

    @contextmanager
    def dashboard(self, **settings: str) -> Iterator[str]:
        """Serve the pages; give their address."""
        arguments = ("dashboard", "--api-url", self.api)
        told = {**self.ledger, **settings}
        with running(self.home, self.database_url, "/_stcore/health", *arguments, **told) as address:
            yield address


@pytest.fixture(scope="module")
def deployment(
    embedded_server: EmbeddedServer, migrated_template: str, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployed")
    of_operator, of_api, of_dashboard = (folder / name for name in ("operator", "api", "dashboard"))
    for home in (of_operator, of_api, of_dashboard):
        home.mkdir()
    with database(embedded_server, migrated_template) as url, logins(url) as url_of:
        fill(url, tiny_bundle, of_api)
        key = ask(of_operator, url, "keys", "create", "shop", "--scope", "score", "--who", "test").split()[-1]
        arguments = ("api", "--bundle", str(tiny_bundle))
        with running(of_api, url_of["scoring"], "/health/ready", *arguments) as api:
            assert decide(api, {}) == httpx.codes.UNAUTHORIZED
            assert decide(api, {"Authorization": f"Bearer {key}"}) == httpx.codes.OK
            shutil.copy(of_api / "audit" / "signing.pub", of_dashboard)
            ledger = {
                "SOLVENT_AUDIT_FOLDER": str(of_api / "audit"),
                "SOLVENT_AUDIT_KEY_FILE": str(of_dashboard / "signing.key"),
            }
            yield Deployment(url_of["dashboard"], api, of_dashboard, ledger)


def decide(api: str, headers: dict[str, str]) -> int:
    return httpx.post(f"{api}/predict", json=SAFE, headers=headers, trust_env=False, timeout=30).status_code


def environment(home: Path, url: str, settings: Mapping[str, str]) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("SOLVENT_")}
    own = {"SOLVENT_ENVIRONMENT": "production", "SOLVENT_DATABASE_URL": url, "SOLVENT_HOME": str(home)}
    return {**others, **own, **settings}


def ask(home: Path, url: str, *arguments: str) -> str:
    command, variables = (*SOLVENT, *arguments), environment(home, url, {})
    done = subprocess.run(command, env=variables, cwd=home, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def logins(url: str) -> Iterator[dict[str, str]]:
    """The address of each login that compose makes, with its roles, under a name of this test."""
    suffix = uuid4().hex[:8]
    granted = dict(GRANTED.findall(LOGINS.read_text(encoding="utf-8")))
    with psycopg.connect(url, autocommit=True) as connection:
        for login, roles in granted.items():
            connection.execute(f"CREATE ROLE {login}_{suffix} LOGIN IN ROLE {roles}".encode())
        yield {login: url.replace("postgres@", f"{login}_{suffix}@") for login in granted}
        for login in granted:
            connection.execute(f"DROP ROLE {login}_{suffix}".encode())


@contextmanager
def running(home: Path, url: str, path: str, *arguments: str, **settings: str) -> Iterator[str]:
    """Run a command that serves on a free port until its path answers; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home / "said").open("w") as said:
        process = subprocess.Popen(  # noqa: S603 - our own
            (*SOLVENT, *arguments, "--port", str(port)), env=environment(home, url, settings), cwd=home,
            stdout=said, stderr=said,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}{path}", process, home / "said")
        yield address
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def wait_for(address: str, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail(f"{address} did not answer: {said.read_text()[-2000:]}")


def walk(visit: Visit, pages: Sequence[str] = PAGES) -> None:
    """Open pages; on the first the API is ready, a decision is replayed, and on the last the chains are verified."""
    for name in pages:
        visit.open(name)
        assert visit.exceptions() == [], name
        assert visit.page.get_by_text("The decision log cannot be read").count() == 0, name
        if name == "home":
            visit.page.get_by_text("Ready to decide").wait_for()
            visit.page.get_by_text("by the log, refuses from").wait_for()
        if name == "decision":
            visit.page.get_by_role("button", name="Replay").click()
            visit.page.get_by_text("It comes out bit for bit.").wait_for()
    visit.page.get_by_role("button", name="Verify").click()
    visit.page.get_by_text("Nothing was changed.").wait_for(timeout=60_000)
    assert visit.exceptions() == []
    assert visit.faults == []


def test_whom_the_proxy_names_walks_every_page_and_takes_on_an_alert(deployment: Deployment, browser: Browser) -> None:
    by_proxy = {"SOLVENT_DASHBOARD_USER_HEADER": "X-Forwarded-User", "SOLVENT_DASHBOARD_PROXY_SECRET": PROXY_KNOWS}
    with deployment.dashboard(**by_proxy) as address:
        visit = start_visit(browser, address, headers={"X-Forwarded-User": "ada", PROXY_HEADER: PROXY_KNOWS})
        visit.go("?window=all")
        walk(visit)
        visit.open("alerts")
        visit.page.get_by_role("button", name="Acknowledge").first.click()
        visit.page.get_by_text("Taken on by ada").first.wait_for()
        assert visit.exceptions() == []


def test_who_knows_the_password_replays_a_decision_and_verifies_the_chains(
    deployment: Deployment, browser: Browser
) -> None:
    with deployment.dashboard(SOLVENT_DASHBOARD_PASSWORD=PASSWORD) as address:
        visit = start_visit(browser, address)
        visit.page.goto(f"{address}/?window=all")
        visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
        visit.page.keyboard.press("Enter")
        visit.page.get_by_role("heading", name="Credit decisions, answered for").wait_for()
        walk(visit, ("home", "decision", "audit"))
