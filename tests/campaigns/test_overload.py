"""T-10, the column of every test run; `campaigns/overload.py` is the campaign."""

import asyncio
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from callers import make_body
from open_loop import Answered, OpenLoop, Run, make_message, quantile
from overload import Bound, find_recovery, find_restless, median_refusal, p99_of
from running_api import Instances, free_port
from solvent.cli.load import send_in_turn

BODIES = [make_body(number) for number in range(1, 101)]


def _run(*answers: Answered, unsent: int = 0) -> Run:
    return Run(10.0, 2.0, list(answers), unsent=unsent)


@pytest.mark.postgres
@pytest.mark.slow
def test_a_flood_is_refused_cheaply_and_told_when_to_come_back(tiny_bundle: Path, tmp_path: Path) -> None:
    few = {"SOLVENT_MAX_AT_WORK": "1", "SOLVENT_MAX_IN_QUEUE": "1"}
    with Instances(tiny_bundle, tmp_path, variables=few) as instances:
        port = free_port()
        process = psutil.Process(instances.start(port).pid)
        decided = _cpu_seconds(process)
        asyncio.run(send_in_turn(port, BODIES, connections=1, requests=200))
        per_decision = (_cpu_seconds(process) - decided) / 200
        flooded = _cpu_seconds(process)
        run = asyncio.run(_flood(port))
        rest = _cpu_seconds(process) - flooded - len(run.accepted) * per_decision
        assert instances.stop() == [0]
    assert run.lost == 0
    assert set(run.statuses) == {200, 503}
    assert len(run.refused) > 1_000
    assert all(answer.says_when for answer in run.refused)
    assert rest / len(run.refused) < per_decision / 2
    assert median_refusal(run) < 0.05


async def _flood(port: int) -> Run:
    loop = OpenLoop(port, [make_message(body) for body in BODIES])
    run = await loop.run(1_500.0, 2.0)
    loop.close()
    return run


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def test_a_run_counts_what_it_asked_for() -> None:
    run = _run(Answered(0.1, 0.2, 200, says_when=False), Answered(0.2, 0.01, 503, says_when=True), unsent=2)
    assert run.statuses == {200: 1, 503: 1}
    assert (run.goodput, run.success, p99_of(run), median_refusal(run)) == (0.5, 0.25, 0.2, 0.01)


def test_quantiles_are_those_of_the_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([], 0.5)) == (51.0, 100.0, float("inf"))


@pytest.mark.parametrize(
    ("late", "recovered"),
    [((), 0.0), ((Answered(0.6, 0.5, 200, says_when=False),), 1.0), ((Answered(2.2, 0.01, 503, says_when=True),), 2.5)],
)
def test_recovery_ends_with_the_last_bad_half_second(late: tuple[Answered, ...], recovered: float) -> None:
    calm = [Answered(number / 10, 0.01, 200, says_when=False) for number in range(50)]
    assert find_recovery(_run(*calm, *late), 0.1) == recovered


def test_restless_half_seconds_are_those_with_a_refusal_or_a_slow_answer() -> None:
    calm = [Answered(number / 10, 0.01, 200, says_when=False) for number in range(50)]
    late = Answered(0.6, 0.5, 200, says_when=False), Answered(2.2, 0.01, 503, says_when=True)
    assert find_restless(_run(*calm), 0.1) == []
    assert find_restless(_run(*calm, *late), 0.1) == [1.0, 2.5]


def test_a_bound_knows_its_side() -> None:
    assert Bound("goodput", 0.95, 0.9, is_least=True).is_kept
    assert not Bound("goodput", 0.85, 0.9, is_least=True).is_kept
    assert Bound("p99", 1.9, 2.0).is_kept
    assert Bound("p99", 2.1, 2.0).describe() == "BROKEN p99: 2.100, at most 2.000"
