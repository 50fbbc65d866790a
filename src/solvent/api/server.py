"""Runs the API: everything is checked and open before the first request is let in, and closed after the last."""

import asyncio
import gc
import ipaddress
import multiprocessing
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from solvent.api.app import create_app
from solvent.api.logging import configure_logging
from solvent.api.services import Services
from solvent.api.workers import run_workers
from solvent.bootstrap import build_service, load_model, open_database, open_log, prepare_database
from solvent.domain.clock import utc_now
from solvent.errors import SettingsError
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.settings import Settings

GRACE_SECONDS = 30
"""Time that requests under way get after a signal (RELIABILITY.md, P-12)."""
BACKLOG = 1024
"""Connections that the kernel holds for us while we are busy."""

log = structlog.get_logger(__name__)


class _StoppedError(BaseException):
    """SIGTERM or SIGINT came: leave every block in order. No `except Exception` may swallow it."""


def serve(bundle: Path, settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Answer requests until SIGTERM or SIGINT; then finish what is under way, close everything, and return.

    Args:
        bundle: folder of the model bundle.
        settings: of the deployment.
        host: a loopback address.
        port: 0 takes a free one; the event `api_listening` names it.
        workers: processes that share the port, each with its own writer to the decision log.

    Raises:
        SettingsError: the host is not a loopback address, or the port is taken.
        BundleError: the bundle must not be served; the port was not touched.
        DecisionLogError: the database cannot be reached, or would lose decisions.
    """
    _check_host(host)
    configure_logging(settings)
    with _unwound_by_signals():
        model = load_model(bundle)
        with closing(_bind(host, port)) as listener, open_database(settings) as url:
            prepare_database(url)
            if workers == 1:
                _answer_requests(model, settings, url, listener)
            else:
                run_workers(workers, _work, (bundle, settings, url, listener), grace_seconds=GRACE_SECONDS + 5)


def _check_host(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SettingsError(
            "the API asks callers for no key yet, so it serves this machine only: choose the host 127.0.0.1 or ::1"
        )


def _bind(host: str, port: int) -> socket.socket:
    """Take the port, but let nobody connect yet."""
    # asyncio turns Nagle's delay of 40 ms off only on sockets that name their protocol.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"port {port} of {host} cannot be used ({error.strerror}): choose another") from error
    return listener


@contextmanager
def _unwound_by_signals() -> Iterator[None]:
    """Make the first SIGTERM or SIGINT leave the block as an error does, closing all that it opened."""
    is_stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        if not is_stopping:
            is_stopping = True
            raise _StoppedError

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except _StoppedError:
        log.info("api_stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _work(bundle: Path, settings: Settings, url: str, listener: socket.socket) -> None:
    """The life of one worker process."""
    configure_logging(settings)
    with _unwound_by_signals(), closing(listener):
        _answer_requests(load_model(bundle), settings, url, listener)


def _answer_requests(model: Model, settings: Settings, url: str, listener: socket.socket) -> None:
    decision_log = open_log(url)
    service = build_service(model, decision_log)
    limits = (settings.max_body_bytes, settings.max_batch_body_bytes)
    config = uvicorn.Config(
        create_app(Services(service, utc_now, new_request_id, *limits)),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)

    async def run() -> None:
        async with decision_log:
            await service.start()
            server.stop_with_parent()
            # What is loaded now stays: looking through it for garbage costs 50 ms, some requests' time, now and then.
            gc.collect()
            gc.freeze()
            await server.serve([listener])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        log.info("api_listening", host=host, port=port)

    def stop_with_parent(self) -> None:
        """In a worker: drain and end if the supervising process is gone, however it went."""
        parent = multiprocessing.parent_process()
        if parent is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(parent.sentinel, self._leave, parent.sentinel)

    def _leave(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        self.should_exit = True
