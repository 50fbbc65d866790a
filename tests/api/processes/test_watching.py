import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from uvicorn.server import ServerState

from edge_examples import make_client, make_services
from solvent.api.entrance.doorman import Doorman
from solvent.api.entrance.plain_messages import read_plainly
from solvent.api.processes.shadow import LARGEST_BYTES, ShadowLink, _score
from solvent.api.processes.watching import Watch
from solvent.api.services import SecondlyShare
from solvent.api.telemetry.metrics import render_metrics
from solvent.api.telemetry.metrics_files import MetricsFiles
from solvent.bootstrap import build_service
from solvent.decision_log.registers.shadow_scores import ShadowScore, ShadowStore
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.scoring.shadow import Copy
from solvent.settings import Settings
from tiny_model import SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio


def _watch(services: object, folder: Path, *, max_memory_mb: int) -> Watch:
    doorman = Doorman(services, 10)  # type: ignore[arg-type]
    files = MetricsFiles(folder, 0, is_alone=False)
    return Watch(services, doorman, ServerState(), files, max_memory_mb)  # type: ignore[arg-type]


async def test_beyond_its_memory_a_worker_decides_no_more(model: Model, log: TroubledLog, tmp_path: Path) -> None:
    services = make_services(model, log)
    async with make_client(services) as client:
        await _watch(services, tmp_path, max_memory_mb=1).look()
        refused = await client.post("/predict", json=SAFE)
        await _watch(services, tmp_path, max_memory_mb=1_000_000).look()
        decided = await client.post("/predict", json=SAFE)
    assert (refused.status_code, refused.json()["code"], decided.status_code) == (503, "overloaded", 200)


async def test_a_look_sets_the_gauges_and_writes_them_for_the_others(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    services = make_services(model, log)
    await services.admission.enter(3)
    watch = _watch(services, tmp_path, max_memory_mb=1_000_000)
    for is_available in (False, True):
        log.available = is_available
        await watch.look()
        gauges = services.metrics.gauges
        assert (gauges[("database_up",)], gauges[("at_work",)], gauges[("workers",)]) == (float(is_available), 3, 1)
    assert gauges["model_info", model.version] == 1
    assert 10e6 < gauges[("memory_bytes",)] < 10e9
    assert len(list(tmp_path.glob("metrics-0-*.json"))) == 1


async def test_a_look_shows_what_the_log_lost_and_what_no_checkpoint_covers(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    figures = {"uncovered_records": 7.0, "uncovered_seconds": 3.5, "checkpoints_overdue": 0.0}
    services = replace(
        make_services(model, log), read_log_figures=lambda: figures, count_dropped_failures=lambda: log.dropped_failures
    )
    log.dropped_failures = 2
    await _watch(services, tmp_path, max_memory_mb=1_000_000).look()
    shown = render_metrics(services.metrics).decode()
    assert "solvent_dropped_failures_total 2.0" in shown
    assert "solvent_uncovered_records 7.0" in shown
    assert "solvent_uncovered_seconds 3.5" in shown
    async with make_client(services) as client:
        before = await client.get("/health/ready")
        figures["checkpoints_overdue"] = 1.0
        after = await client.get("/health/ready")
    assert (before.status_code, after.status_code, after.json()["problems"]) == (200, 503, ["checkpoints"])


def test_a_share_is_spent_within_its_second_and_whole_in_the_next() -> None:
    share = SecondlyShare(2)
    assert not share.is_spent
    taken = [share.take() for _ in range(50)]
    assert taken[:2] == [True, True]
    assert taken.count(True) <= 4  # a new second may have begun
    share._second -= 1
    assert not share.is_spent
    assert share.take()


async def test_a_shadow_that_is_behind_loses_inputs_and_holds_up_nobody(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    services = make_services(model, log)
    context = RequestContext(new_request_id(), datetime.now(UTC), 0, "/predict")
    await build_service(model, log).decide(SAFE, context)
    (record,) = log.submissions[0].decisions
    link = ShadowLink(tmp_path, "", Settings(), services.metrics)
    link.offer(record)
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sender.settimeout(0.0)
    link._sender = sender
    with receiver:
        for _ in range(5_000):
            link.offer(record)
        counts = services.metrics.counts
        assert counts[("shadow_offered",)] == 5_001
        held = 5_001 - counts[("shadow_dropped",)]
        assert 0 < held < 5_000
        for _ in range(held):
            assert Copy.from_bytes(receiver.recv(100_000)) == Copy.of(record)
        link.close()
        assert receiver.recv(1) == b""


async def test_an_input_that_is_too_long_for_the_shadow_is_dropped_and_counted(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    services = make_services(model, log)
    context = RequestContext(new_request_id(), datetime.now(UTC), 0, "/predict")
    await build_service(model, log).decide(SAFE, context)
    (record,) = log.submissions[0].decisions
    link = ShadowLink(tmp_path, "", Settings(), services.metrics)
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LARGEST_BYTES)
    sender.settimeout(0.0)
    link._sender = sender
    with receiver:
        link.offer(replace(record, application=b" " * LARGEST_BYTES))
        link.offer(record)
        assert Copy.from_bytes(receiver.recv(LARGEST_BYTES)) == Copy.of(record)
    counts = services.metrics.counts
    assert (counts[("shadow_offered",)], counts[("shadow_dropped",)]) == (2, 1)
    link.close()


async def test_an_input_that_cannot_be_scored_costs_the_others_nothing(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    context = RequestContext(new_request_id(), datetime.now(UTC), 0, "/predict")
    await build_service(model, log).decide(SAFE, context)
    good = Copy.of(log.submissions[0].decisions[0])
    kept: list[ShadowScore] = []

    class Store(ShadowStore):
        def keep(self, scores: Sequence[ShadowScore]) -> None:
            kept.extend(scores)

        def find_history(self, client_id: int, program_digest: str) -> bytes | None:
            return None

    with capture_logs() as events:
        _score(model, Store(""), [replace(good, application=good.application[:-1]), good])
    assert [score.request_id for score in kept] == [good.request_id]
    assert [(event["event"], event["error"]) for event in events] == [("shadow_failed", "JSONDecodeError")]


async def test_what_is_refused_without_a_look_is_told_once_a_second(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    services = make_services(model, log, recorded_refusals=SecondlyShare(0))
    services.admission.closed_by = "memory"
    doorman = Doorman(services, 10)
    watch = Watch(services, doorman, ServerState(), MetricsFiles(tmp_path, 0, is_alone=True), 1_000_000)
    message = read_plainly(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    assert message is not None
    for _ in range(3):
        assert doorman.refuse(message, None) is not None
    with capture_logs() as events:
        await watch.look()
        await watch.look()
    assert events == [{"event": "requests_refused_quickly", "count": 3, "log_level": "warning"}]
