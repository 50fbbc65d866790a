"""Runs the API: everything is checked and open before the first request is let in, and closed after the last."""

import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import structlog

from solvent.api.callers.rates import make_rates_file
from solvent.api.processes.serving_folder import serving_folder
from solvent.api.processes.worker import GRACE_SECONDS, RATES_FILE, WorkerPlan, answer_requests
from solvent.api.processes.workers import run_workers
from solvent.api.telemetry.logging import configure_logging
from solvent.bootstrap import bundle_reader, load_model, open_database, prepare_serving
from solvent.decision_log.registers.model_switches import record_switch
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import SettingsError
from solvent.scoring.bundle_shelf import BundleShelf, InForce
from solvent.scoring.model import Model
from solvent.settings import Environment, Settings

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

log = structlog.get_logger(__name__)


class _StoppedError(BaseException):
    """SIGTERM or SIGINT came: leave every block in order. No `except Exception` may swallow it."""


def serve(bundle: Path, settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Answer requests until SIGTERM or SIGINT; then finish what is under way, close everything, and return.

    Args:
        bundle: folder of the model bundle; SIGHUP and /admin/reload read it again.
        settings: of the deployment.
        host: a loopback address, unless callers are asked for keys.
        port: 0 takes a free one; the event `api_listening` names it.
        workers: processes that share the port, each with its own writer to the decision log; those that end are
            replaced.

    Raises:
        SettingsError: callers would need no key where others can reach us, or the port is taken.
        BundleError: a bundle must not be served; the port was not touched.
        DecisionLogError: the database cannot be reached, or would lose decisions.
    """
    _check_access(host, settings)
    configure_logging(settings)
    with _unwound_by_signals():
        model = load_model(bundle, settings)
        if settings.shadow_bundle is not None:
            load_model(settings.shadow_bundle, settings)
        with closing(_bind(host, port)) as listener, open_database(settings) as url, serving_folder() as folder:
            prepare_serving(url, settings)
            _put_in_force(model, bundle, BundleShelf(folder, read=bundle_reader(settings)), url)
            make_rates_file(folder / RATES_FILE, workers=workers)
            plan = WorkerPlan(settings, url, bundle.absolute(), folder, workers, _find_allowed_hosts(host, settings))
            if workers == 1:
                answer_requests(plan, listener, model=model)
            else:
                run_workers(workers, _work, (plan, listener), grace_seconds=GRACE_SECONDS + 5)


def _check_access(host: str, settings: Settings) -> None:
    """Callers go without keys only where they are on this machine, and it is nobody else's."""
    if settings.asks_for_keys:
        return
    if settings.environment is not Environment.LOCAL:
        raise SettingsError("SOLVENT_AUTHENTICATION is off outside the environment local: remove that setting")
    if not _is_loopback(host):
        raise SettingsError(
            f"others could reach {host or 'an empty host'} without a key: choose the host 127.0.0.1, or set "
            "SOLVENT_AUTHENTICATION=on and make keys with `solvent keys create`"
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _find_allowed_hosts(host: str, settings: Settings) -> frozenset[str] | None:
    """Without keys a web page could reach us under a name of its own that points to this machine: name ours."""
    named = {name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip()}
    if named:
        return frozenset(named)
    return None if settings.asks_for_keys else _LOCAL_NAMES | {host.lower(), f"[{host.lower()}]"}


def _put_in_force(model: Model, bundle: Path, shelf: BundleShelf, url: str) -> None:
    digest = shelf.put(bundle)
    if digest != model.bundle.digest:
        raise SettingsError(f"{bundle} changed while it was read: start again")
    shelf.write(InForce(1, digest))
    record_switch(url, ModelSwitch(SwitchKind.START, "solvent api", None, model.version, digest))


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
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until somebody can reload
    try:
        yield
    except _StoppedError:
        log.info("api_stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _work(plan: WorkerPlan, listener: socket.socket, number: int) -> None:
    """The life of one worker process."""
    configure_logging(plan.settings)
    with _unwound_by_signals(), closing(listener):
        answer_requests(plan, listener, number=number)
