"""One process that answers requests: its parts, its tasks beside the answering, its end in order."""

import asyncio
import gc
import multiprocessing
import resource
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from solvent.api.app import create_app
from solvent.api.callers.admission import Admission
from solvent.api.callers.authentication import Authenticator
from solvent.api.callers.rates import SharedRates
from solvent.api.entrance.connections import MAX_HEADER_BYTES, make_protocol
from solvent.api.entrance.doorman import Doorman
from solvent.api.processes.shadow import ShadowLink
from solvent.api.processes.watching import Watch
from solvent.api.services import Draining, RateLimits, Services, watch_decisions
from solvent.api.telemetry.metrics import Metrics
from solvent.api.telemetry.metrics_files import MetricsFiles
from solvent.bootstrap import build_service, bundle_reader, load_model, open_log
from solvent.decision_log.registers.api_keys import KeyReader
from solvent.decision_log.registers.model_switches import record_switch
from solvent.decision_log.registers.outcomes import keep_reported
from solvent.domain.clock import utc_now
from solvent.errors import SolventError
from solvent.scoring.bundle_shelf import BundleShelf
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.switching import ModelSwitcher
from solvent.settings import Settings

GRACE_SECONDS = 30
"""Time that requests under way get after a signal (RELIABILITY.md, P-12)."""
BACKLOG = 1024
"""Connections that the kernel holds for us while we are busy."""
RATES_FILE = "rates"
GARBAGE_THRESHOLD = 50_000
"""Objects made and not freed between two looks for garbage in circles. A decision leaves less than one in circles;
Python's 700 would mean a look for every few decisions."""

_SPARE_FILES = 256
"""Open files besides connections."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker is told: settings, database, the folder that `reload` reads, the folder that workers share."""

    settings: Settings
    url: str
    source: Path
    folder: Path
    workers: int
    allowed_hosts: frozenset[str] | None


def answer_requests(plan: WorkerPlan, listener: socket.socket, *, number: int = 0, model: Model | None = None) -> None:
    """Answer requests until a signal says otherwise; then finish what is under way and close everything.

    Args:
        plan: the same for all workers.
        listener: bound, not listening yet.
        number: of the worker's place, from 0.
        model: what is in force, if it is loaded already.
    """
    _allow_connections(plan.settings.max_connections)
    shelf = BundleShelf(plan.folder, read=bundle_reader(plan.settings))
    in_force = model or load_model(shelf.path_of(shelf.read().digest), plan.settings)
    worker = _Worker(plan, number, in_force, shelf)
    with asyncio.Runner(loop_factory=worker.server.config.get_loop_factory()) as runner:
        runner.run(worker.run(listener))


def _allow_connections(count: int) -> None:
    """Raise the soft limit of open files towards the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _SPARE_FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


class _Worker:
    def __init__(self, plan: WorkerPlan, number: int, model: Model, shelf: BundleShelf) -> None:
        settings = plan.settings
        self._plan = plan
        self._log = open_log(plan.url, settings)
        self._service = build_service(model, self._log)
        self._keys = KeyReader(plan.url) if settings.asks_for_keys else None
        self._switcher = ModelSwitcher(
            self._service,
            shelf,
            plan.source,
            load=partial(load_model, settings=settings),
            record=partial(record_switch, plan.url),
        )
        metrics = Metrics()
        files = MetricsFiles(plan.folder, number, is_alone=plan.workers == 1)
        self._shadow = (
            ShadowLink(settings.shadow_bundle, plan.url, settings, metrics) if settings.shadow_bundle else None
        )
        self.services = self._make_services(number, metrics, files)
        doorman = Doorman(self.services, settings.max_connections)
        self.server = _Server(_configure(self.services, doorman), self.services.draining, settings.drain_seconds)
        self._watch = Watch(self.services, doorman, self.server.server_state, files, settings.max_memory_mb)

    def _make_services(self, number: int, metrics: Metrics, files: MetricsFiles) -> Services:
        plan, settings = self._plan, self._plan.settings
        rates = None
        if self._keys is not None:
            shared = SharedRates(plan.folder / RATES_FILE, worker=number, workers=plan.workers, time=time.monotonic)
            rates = RateLimits(shared, settings.rate_per_key, settings.rate_per_address)
        return Services(
            self._service,
            utc_now,
            new_request_id,
            settings.max_body_bytes,
            settings.max_batch_body_bytes,
            admission=Admission(
                max_at_work=settings.max_at_work,
                max_in_queue=settings.max_in_queue,
                queue_seconds=settings.queue_ms / 1000.0,
            ),
            metrics=metrics,
            read_other_metrics=files.read_others,
            authenticator=None if self._keys is None else Authenticator(self._keys, utc_now),
            rates=rates,
            allowed_hosts=plan.allowed_hosts,
            switcher=self._switcher,
            keep_outcomes=partial(keep_reported, plan.url),
            read_log_figures=lambda: self._log.figures,
            count_dropped_failures=lambda: self._log.dropped_failures,
        )

    async def run(self, listener: socket.socket) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._log)
            await self._service.start()
            watch_decisions(self.services, self._shadow.offer if self._shadow else None)
            if self._keys is not None and self.services.authenticator is not None:
                stack.push_async_callback(self._keys.close)
                await self.services.authenticator.refresh()
            tasks = [asyncio.create_task(_go_on(task)) for task in self._tasks()]
            stack.push_async_callback(_cancel, tasks)
            self.server.stop_with_parent()
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload_on_hangup, tasks)
            # What is loaded now stays: looking through it for garbage costs 50 ms, some requests' time, now and then.
            gc.collect()
            gc.freeze()
            gc.set_threshold(GARBAGE_THRESHOLD)
            await self.server.serve([listener])

    def _tasks(self) -> list[Callable[[], Awaitable[None]]]:
        tasks: list[Callable[[], Awaitable[None]]] = [self._switcher.follow, self._watch.run]
        if self.services.authenticator is not None:
            tasks.append(self.services.authenticator.keep_fresh)
        if self._shadow is not None:
            tasks.append(self._shadow.run)
        return tasks

    def _reload_on_hangup(self, tasks: list[asyncio.Task[None]]) -> None:
        async def reload() -> None:
            try:
                await self._switcher.reload("SIGHUP")
            except SolventError as error:
                log.warning("reload_failed", error=type(error).__name__)

        tasks.append(asyncio.create_task(reload()))


def _configure(services: Services, doorman: Doorman) -> uvicorn.Config:
    app = create_app(services)
    return uvicorn.Config(
        app,
        http=make_protocol(doorman, app.state.decisions),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def _go_on(task: Callable[[], Awaitable[None]]) -> None:
    """Run a task that never ends; whatever befalls it, begin it again."""
    while True:
        try:
            await task()
        except Exception as error:  # noqa: BLE001 - nobody else hears of it
            log.error("task_failed", error=type(error).__name__)  # noqa: TRY400 - its text may hold anything
        await asyncio.sleep(1.0)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    """Ends in two steps: not ready any more, but answering; then, after a while, it finishes and closes."""

    def __init__(self, config: uvicorn.Config, draining: Draining, drain_seconds: float) -> None:
        super().__init__(config)
        self._draining = draining
        self._drain_seconds = drain_seconds
        self._exit_at = float("inf")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        log.info("api_listening", host=host, port=port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._draining.is_on:
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._drain()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or time.monotonic() >= self._exit_at

    def stop_with_parent(self) -> None:
        """In a worker: drain and end if the supervising process is gone, however it went."""
        parent = multiprocessing.parent_process()
        if parent is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(parent.sentinel, self._leave, parent.sentinel)

    def _leave(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        self._drain()

    def _drain(self) -> None:
        self._draining.is_on = True
        self._exit_at = time.monotonic() + self._drain_seconds
