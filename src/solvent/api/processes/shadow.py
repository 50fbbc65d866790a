"""Runs a shadow model in a process of its own, where it can neither change an answer nor slow one."""

import asyncio
import multiprocessing
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import structlog

from solvent.api.telemetry.logging import configure_logging
from solvent.api.telemetry.metrics import Metrics
from solvent.bootstrap import load_model
from solvent.decision_log.registers.shadow_scores import ShadowScore, ShadowStore
from solvent.domain.records import DecisionRecord
from solvent.errors import DecisionLogError
from solvent.scoring.model import Model
from solvent.scoring.shadow import Copy, score_beside
from solvent.settings import Settings

QUEUE_BYTES = 2**21
"""Inputs that wait for the shadow model, if the kernel gives so much; what comes to a full queue is dropped."""
MAX_BATCH = 100
GATHER_SECONDS = 0.5
RESTART_SECONDS = 5.0
LARGEST_BYTES = 2**20
"""Of one input with what goes along: a longer one is dropped, or the shadow would get a part of it."""
_LOWEST_PRIORITY = 19

log = structlog.get_logger(__name__)


class ShadowLink:
    """The end of a worker: it hands over inputs without ever waiting, and restarts a shadow that ended."""

    def __init__(self, bundle: Path, url: str, settings: Settings, metrics: Metrics) -> None:
        self._arguments = (bundle, url, settings)
        self._metrics = metrics
        self._sender: socket.socket | None = None
        self._process: multiprocessing.context.SpawnProcess | None = None

    def offer(self, record: DecisionRecord) -> None:
        """Hand over the input of a recorded decision, or drop it if it is too long or the shadow model is behind."""
        self._metrics.count("shadow_offered")
        try:
            content = Copy.of(record).to_bytes()
            if self._sender is None or len(content) > LARGEST_BYTES:
                raise BlockingIOError
            self._sender.send(content)
        except OSError:
            self._metrics.count("shadow_dropped")

    async def run(self) -> None:
        """Keep a shadow process running until cancelled."""
        try:
            while True:
                await asyncio.to_thread(self._start)
                await asyncio.to_thread(self._wait)
                log.error("shadow_ended", replaced_in_seconds=RESTART_SECONDS)
                await asyncio.sleep(RESTART_SECONDS)
        finally:
            self.close()

    def close(self) -> None:
        """End the shadow process with what waits for it: nobody is to wait for the lowest priority."""
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()
        if self._process is not None:
            self._process.kill()

    def _start(self) -> None:
        self.close()
        sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sender.settimeout(0.0)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE_BYTES)
        context = multiprocessing.get_context("spawn")
        with receiver:
            self._process = context.Process(target=_run_shadow, args=(*self._arguments, receiver), daemon=True)
            self._process.start()
        self._sender = sender

    def _wait(self) -> None:
        if self._process is not None:
            self._process.join()


def _run_shadow(bundle: Path, url: str, settings: Settings, receiver: socket.socket) -> None:
    """The life of the shadow process; a worker that is killed closes the queue, which ends it too."""
    os.nice(_LOWEST_PRIORITY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, whose end is ours
    configure_logging(settings)
    model = load_model(bundle, settings)
    store = ShadowStore(url)
    receiver.settimeout(GATHER_SECONDS)
    is_open = True
    while is_open:
        copies: list[Copy] = []
        with suppress(TimeoutError):
            while len(copies) < MAX_BATCH and is_open:
                content = receiver.recv(LARGEST_BYTES)
                is_open = bool(content)
                copies += [Copy.from_bytes(content)] if content else []
        _score(model, store, copies)
    store.close()


def _score(model: Model, store: ShadowStore, copies: list[Copy]) -> None:
    scores = []
    try:
        for copy in copies:
            score = _score_one(model, store, copy)
            if score is not None:
                scores.append(score)
        if scores:
            store.keep(scores)
    except DecisionLogError as error:
        log.warning("shadow_scores_lost", count=len(copies), error=type(error).__name__)


def _score_one(model: Model, store: ShadowStore, copy: Copy) -> ShadowScore | None:
    """Return None for an input that this model cannot score: the others are not to lack their scores."""
    try:
        found = score_beside(model, copy, store.find_history)
    except DecisionLogError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one input, the process must outlive it
        log.error("shadow_failed", error=type(error).__name__)  # noqa: TRY400 - its text may quote an applicant
        return None
    return ShadowScore(
        copy.request_id,
        copy.received_at,
        model.version,
        model.bundle.digest,
        found.score,
        found.probability_default,
        found.decision.value,
    )
