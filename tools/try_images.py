"""Runs the images of tools/build_images.py as a deployment would, without a Docker engine, and asks the API inside.

    python tools/try_images.py

Needs root, buildah and the images `api` and `dashboard`. The root file system is read-only, /tmp and /var/lib/solvent
are the only places to write to, the user is the image's, without any capability and without a way to get one; network
is this machine's. PostgreSQL is the embedded one, behind a TCP port. The steps are those of production: schema as the
owner, login of its own for the API, signing key, API key, health check, decision, stop.

Printed: one line per step; the exit code is 1 at the first that goes wrong.
"""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg

from build_images import ROOT, buildah, image_name, read_config
from solvent.decision_log.database.embedded import start_embedded

sys.path.insert(0, str(ROOT / "tests"))

API_PORT, DASHBOARD_PORT = 8000, 8501
START_SECONDS = 90.0
STATE = "/var/lib/solvent"
JAIL = """
set -eu
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount -t tmpfs -o size=128m,mode=1777 tmpfs "$ROOT/tmp"
mount --bind "$STATE_FOLDER" "$ROOT/var/lib/solvent"
mount --bind "$MODELS" "$ROOT/models"
mount -o remount,bind,ro "$ROOT/models"
mount --rbind /proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
exec chroot "$ROOT" /usr/bin/setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups --no-new-privs \\
    --bounding-set=-all --inh-caps=-all -- /usr/bin/env -i --chdir=/var/lib/solvent "$@"
"""


class TrialError(Exception):
    """A step did not end as it must."""


@dataclass(frozen=True)
class Container:
    """An image with a place of its own on disk, and what it may see."""

    root: Path
    config: Mapping[str, Any]
    state: Path
    models: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def user(self) -> str:
        return str(self.config["User"]).partition(":")[0]

    def command(self, arguments: Sequence[str], *, entrypoint: Sequence[str] | None = None) -> list[str]:
        """The whole command line that runs `arguments` behind the image's entry point."""
        environment = [*self.config["Env"], *(f"{name}={value}" for name, value in self.environment.items())]
        wanted = [*(self.config["Entrypoint"] if entrypoint is None else entrypoint), *arguments]
        return ["unshare", "--mount", "sh", "-c", JAIL, "jail", *environment, *wanted]

    @property
    def places(self) -> dict[str, str]:
        """What the jail is told."""
        return {
            **os.environ,
            "ROOT": str(self.root),
            "STATE_FOLDER": str(self.state),
            "MODELS": str(self.models),
            "USER_ID": self.user,
        }

    def run(self, *arguments: str, entrypoint: Sequence[str] | None = None) -> str:
        """Run a command to its end and return what it printed; raises TrialError."""
        ran = subprocess.run(
            self.command(arguments, entrypoint=entrypoint), env=self.places, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise TrialError(f"`{shlex.join(arguments)}` ended with {ran.returncode}: {ran.stderr.strip()[-600:]}")
        return ran.stdout.strip()

    def check_health(self) -> None:
        """Run the image's own health check; raises TrialError."""
        _, *check = self.config["Healthcheck"]["Test"]
        self.run(*check, entrypoint=())

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[None]:
        """Run a server while the context lasts; SIGTERM must end it with code 0."""
        with subprocess.Popen(self.command(arguments), env=self.places, stderr=subprocess.PIPE, text=True) as server:
            try:
                self._wait_until_healthy(server)
                yield
            finally:
                server.terminate()
                _, said = server.communicate(timeout=60)
        if server.returncode:
            raise TrialError(f"`{shlex.join(arguments)}` ended with {server.returncode}: {said[-600:]}")

    def _wait_until_healthy(self, server: "subprocess.Popen[str]") -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.check_health()
            except TrialError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return


def main() -> int:
    """Go through the steps; say what was seen."""
    from tiny_model import SAFE, write_tiny_bundle  # noqa: PLC0415 - LightGBM loads slowly

    with tempfile.TemporaryDirectory(prefix="solvent-trial-") as name, database(Path(name) / "postgres") as url_of:
        folder = Path(name)
        folder.chmod(0o755)
        write_tiny_bundle(folder / "models" / "champion")
        with container("api", folder, {"SOLVENT_DATABASE_URL": url_of("postgres")}) as owner:
            say("user", owner.run("-c", "import os; print(os.getuid(), os.getgid())", entrypoint=("python3",)))
            check_read_only(owner)
            check_powerless(owner)
            say("schema", owner.run("db", "upgrade"))
            key = owner.run("keys", "create", "trial", "--scope", "score", "--who", "trial")
            say("signing key", owner.run("ledger", "key").splitlines()[0])
            make_login(url_of("postgres"))
            api = Container(
                owner.root, owner.config, owner.state, owner.models, {"SOLVENT_DATABASE_URL": url_of("scoring")}
            )
            with api.serve(*api.config["Cmd"][:-2], "--workers", "2"):
                say("health check", "passes")
                say("decision", ask(SAFE, key))
                say("without a key", ask(SAFE, ""))
            say("stop", "code 0 after SIGTERM")
    return 0


def say(step: str, what: str) -> None:
    """One line of the report."""
    print(f"{step:18}{what}", flush=True)


@contextmanager
def container(target: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Container]:
    """A container of an image, with an empty home folder of the image's user."""
    config = read_config(target)
    name = buildah("from", image_name(target)).strip()
    try:
        state = folder / f"state-{target}"
        state.mkdir(mode=0o700)
        user, _, group = str(config["User"]).partition(":")
        os.chown(state, int(user), int(group))
        root = Path(buildah("mount", name).strip())
        yield Container(root, config, state, folder / "models", environment)
    finally:
        buildah("rm", name)


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


def make_login(url: str) -> None:
    """The login of the API: a member of one role."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE scoring LOGIN IN ROLE solvent_api")


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
