"""Runs the images of tools/build_images.py as a deployment would, without a Docker engine, and asks them.

    python tools/try_images.py [--targets api dashboard jobs space] [--save FOLDER]

Needs root, buildah, the images and the ports 8000 and 8501. PostgreSQL is the embedded one, behind a TCP port. The
steps are those of production: schema as the owner, a login of its own for each, signing key, API key, health check,
decision, stop. `jobs` must explain itself, and a Space pass its health check. --save keeps the images that were tried,
each as a folder with its layers, and their digests: what is published is then what was tried.

Printed: one line per step; the exit code is 1 at the first that goes wrong.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import unquote

import psycopg

from build_images import RECIPES, ROOT, buildah, image_name
from image_containers import STATE, Container, Space, TrialError, container
from solvent.cli.main import TERMINATED
from solvent.decision_log.database.embedded import start_embedded

sys.path.insert(0, str(ROOT / "tests"))

API_PORT, DASHBOARD_PORT = 8000, 8501
LOGINS = {"scoring": "solvent_api", "dashboard": "solvent_reader, solvent_officer, solvent_monitor"}
"""As docs/decisions/0012-roles-of-the-database.md has them."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the trials happen: a folder with a bundle, and the URL of the database for a login."""

    folder: Path
    url_of: Callable[[str], str]


def main() -> int:
    """Try each image that was asked for; say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", choices=RECIPES, default=["api", "dashboard"])
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep what was tried, in the form of a registry")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-trial-") as name, database(Path(name) / "postgres") as url_of:
        folder = Path(name)
        folder.chmod(0o755)
        prepare(folder, url_of("postgres"))
        for target in options.targets:
            TRIALS[target](Surroundings(folder, url_of))
    for target in options.targets if options.save else ():
        say(f"{target}: saved", save(target, options.save))
    return 0


def prepare(folder: Path, url: str) -> None:
    """Write a bundle, and make the tables and logins that a deployment has before its images start."""
    from tiny_model import write_tiny_bundle  # noqa: PLC0415 - LightGBM loads slowly

    write_tiny_bundle(folder / "models" / "champion")
    with psycopg.connect(url, autocommit=True) as connection:
        for login, roles in LOGINS.items():
            for role in roles.split(", "):
                connection.execute(f"CREATE ROLE {role} NOLOGIN".encode())
            connection.execute(f"CREATE ROLE {login} LOGIN IN ROLE {roles}".encode())


def try_api(around: Surroundings) -> None:
    """From an empty database to a decision, and a refusal without a key."""
    from tiny_model import SAFE  # noqa: PLC0415 - LightGBM loads slowly

    with container("api", around.folder, {"SOLVENT_DATABASE_URL": around.url_of("postgres")}) as owner:
        say("user", owner.run("-c", "import os; print(os.getuid(), os.getgid())", entrypoint=("python3",)))
        check_read_only(owner)
        check_powerless(owner)
        say("schema", owner.run("db", "upgrade"))
        key = owner.run("keys", "create", "trial", "--scope", "score", "--who", "trial")
        say("signing key", owner.run("ledger", "key").splitlines()[0])
        api = replace(owner, environment={"SOLVENT_DATABASE_URL": around.url_of("scoring")})
        with api.serve(*api.config["Cmd"][:-2], "--workers", "2"):
            say("health check", "passes")
            say("decision", ask(SAFE, key))
            say("without a key", ask(SAFE, ""))
        say("stop", "code 0 after SIGTERM")


def try_dashboard(around: Surroundings) -> None:
    """The image's command, with the login of the dashboard and a password."""
    environment = {"SOLVENT_DATABASE_URL": around.url_of("dashboard"), "SOLVENT_DASHBOARD_PASSWORD": token_urlsafe()}
    with container("dashboard", around.folder, environment) as dashboard:
        check_powerless(dashboard)
        address = f"http://127.0.0.1:{DASHBOARD_PORT}/"
        with (
            dashboard.serve(*dashboard.config["Cmd"], ends_with=TERMINATED),
            urllib.request.urlopen(address, timeout=10) as page,
        ):
            say("dashboard", f"health check passes, {page.status} {page.headers.get_content_type()}")


def try_jobs(around: Surroundings) -> None:
    """The image explains itself, and its slowest library loads."""
    with container("jobs", around.folder, {"SOLVENT_ENVIRONMENT": "local"}) as jobs:
        if "Usage: solvent" not in jobs.run(*jobs.config["Cmd"]):
            raise TrialError("the image `jobs` does not explain itself")
        say("jobs", f"solvent --help; MLflow {jobs.run('-c', MLFLOW, entrypoint=('python3',))}")


def try_space(around: Surroundings) -> None:
    """What Hugging Face would start; its health check goes through the door to the API and its database."""
    with container("space", around.folder, {}, kind=Space) as space, space.serve(*space.config["Cmd"]):
        say("space", "health check passes on port 7860")


MLFLOW = "import mlflow; print(mlflow.__version__)"
TRIALS: Mapping[str, Callable[[Surroundings], None]] = {
    "api": try_api,
    "dashboard": try_dashboard,
    "jobs": try_jobs,
    "space": try_space,
}


def save(target: str, folder: Path) -> str:
    """Keep an image as a folder of compressed layers beside a file with its digest; return the digest.

    The form is Docker's (v2s2): OCI's has no place for a health check.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = folder / f"{target}.digest"
    told = ("push", "--quiet", "--format", "v2s2", "--digestfile", str(digest))
    buildah(*told, image_name(target), f"dir:{folder / target}")
    return digest.read_text()


def say(step: str, what: str) -> None:
    """One line of the report."""
    print(f"{step:18}{what}", flush=True)


def check_read_only(api: Container) -> None:
    """Nothing but the two places can be written to, and no code of ours could be changed even if the rest could."""
    script = "import os, pathlib; print([p for p in map(str, {places}) if os.access(p, os.W_OK)])"
    writable = api.run(
        "-c",
        script.format(places=["/", "/opt/solvent", "/usr", "/etc", "/models", "/tmp", STATE]),
        entrypoint=("python3",),
    )
    if writable != str(["/tmp", STATE]):
        raise TrialError(f"these places can be written to: {writable}")
    say("can be written to", "/tmp and /var/lib/solvent alone")
    own = [str(path) for path in (api.root / "opt").rglob("*") if path.lstat().st_uid != 0]
    if own:
        raise TrialError(f"the service user owns its code: {own[0]}")


def check_powerless(api: Container) -> None:
    """The process has no capability and can get none."""
    status = dict(line.split(":\t", 1) for line in api.run("/proc/self/status", entrypoint=("cat",)).splitlines())
    found = {name: status[name].strip() for name in ("CapEff", "CapBnd", "NoNewPrivs")}
    if found != {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}:
        raise TrialError(f"the process keeps rights: {found}")
    say("capabilities", "none, and no way to get one")


def ask(body: Mapping[str, Any], key: str) -> str:
    """Post one application; return the status and what was decided, or the code of the problem."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(f"http://127.0.0.1:{API_PORT}/predict", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            decision = json.load(answer)
            return f"{answer.status} {decision['decision']} {decision['probability_default']:.4f}"
    except urllib.error.HTTPError as refused:
        return f"{refused.code} {json.load(refused)['code']}"


@contextmanager
def database(folder: Path) -> Iterator[Callable[[str], str]]:
    """An embedded PostgreSQL behind a TCP port of this machine; gives the URL for a login."""
    with start_embedded(folder) as server:
        socket = f"{unquote(server.url.partition('host=')[2])}/.s.PGSQL.5432"
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        listening = asyncio.run_coroutine_threadsafe(_listen(socket), loop).result()
        port = listening.sockets[0].getsockname()[1]
        yield lambda login: f"postgresql://{login}@127.0.0.1:{port}/postgres"
        loop.call_soon_threadsafe(loop.stop)


async def _listen(socket: str) -> asyncio.Server:
    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_unix_connection(socket)
        await asyncio.gather(_pass_on(reader, there), _pass_on(back, writer))

    return await asyncio.start_server(join, "127.0.0.1", 0)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    sys.exit(main())
