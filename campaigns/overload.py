"""T-10: asks for more than the API can do; it must decide as much as ever, refuse the rest at once, and recover.

    python campaigns/overload.py --bundle BUNDLE [--seconds 30] [--factors 2 5] [--seed 0]

Capacity C is the most decisions per second among steps of offered load. Then come 0.8 C, each factor of C, what is
left of a surge, 1,000 idle connections, callers of one byte per second, bodies of 200 kB, and one greedy key among 20.
Generator, API and database share the cores of this machine: at a multiple of C the generator itself takes a large part
of one, so that goodput falls for that reason too; its lag is reported beside each run. So is the share of half seconds
of the calm run that would not count as recovered: unless it is near zero, the recovery says nothing of the API. The
figures go to `evidence/T-10.jsonl`. Exit code 0 if each is within its bound (RELIABILITY.md, P-10 and T-10), otherwise
1.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from callers import make_body
from evidence import add_evidence
from open_loop import OpenLoop, Run, make_message, quantile
from running_api import Instances, free_port
from solvent.cli.load import send_in_turn
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.revisions import upgrade
from solvent.decision_log.registers.api_keys import Scope, create_key
from solvent.domain.clock import utc_now

CALM, STEP_SECONDS, WINDOW_SECONDS = 0.8, 4.0, 0.5
STEPS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
"""Offered loads of the search for capacity, as shares of what 32 callers in turn get."""
GOODPUT_SHARE, REFUSAL_SECONDS, SLOWDOWN, RECOVERY_SECONDS = 0.9, 0.05, 2.0, 5.0
"""Promise P-10."""
POLITE_SUCCESS, GROWTH_BYTES, SLOW_SECONDS = 0.95, 50 * 2**20, 15.0
IDLE, SLOW, KEYS, BIG_BYTES = 1_000, 200, 20, 200_000


@dataclass(frozen=True)
class Bound:
    """A figure and its bound."""

    name: str
    value: float
    limit: float
    is_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the figure is on the right side."""
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    def describe(self) -> str:
        """Say it in a line."""
        sign = "at least" if self.is_least else "at most"
        return f"{'kept  ' if self.is_kept else 'BROKEN'} {self.name}: {self.value:.3f}, {sign} {self.limit:.3f}"


@dataclass(frozen=True)
class Calm:
    """What the API does when it is not pressed: decisions per second at most, p99 in seconds at 0.8 of that.

    `restless`: share of the windows at 0.8 of capacity that would not count as recovered, though nothing pressed.
    """

    capacity: float
    p99: float
    restless: float


def make_bodies(seed: int) -> list[bytes]:
    """Applications of clients of their own."""
    return [make_body(seed * 1_000_000 + number) for number in range(1, 501)]


async def find_capacity(port: int, bodies: Sequence[bytes]) -> float:
    """Return the highest goodput among the steps."""
    rough = (await send_in_turn(port, bodies, connections=32, requests=4_000)).rate
    loop = OpenLoop(port, [make_message(body) for body in bodies])
    runs = [await loop.run(rough * share, STEP_SECONDS) for share in STEPS]
    loop.close()
    return max(run.goodput for run in runs)


async def measure_calm(port: int, bodies: Sequence[bytes], seconds: float) -> tuple[Calm, Run]:
    """Find capacity, and the latency at 0.8 of it."""
    capacity = await find_capacity(port, bodies)
    loop = OpenLoop(port, [make_message(body) for body in bodies])
    run = await loop.run(CALM * capacity, seconds)
    loop.close()
    windows = max(1, int(seconds / WINDOW_SECONDS))
    return Calm(capacity, p99_of(run), len(find_restless(run, SLOWDOWN * p99_of(run))) / windows), run


def p99_of(run: Run) -> float:
    """Seconds that 99 % of the decisions did not exceed."""
    return quantile([answer.seconds for answer in run.accepted], 0.99)


async def surge(port: int, bodies: Sequence[bytes], calm: Calm, factor: float, seconds: float) -> list[Bound]:
    """Offer a multiple of capacity, then 0.8 of it again."""
    loop = OpenLoop(port, [make_message(body) for body in bodies])
    run = await loop.run(factor * calm.capacity, seconds)
    after = await loop.run(CALM * calm.capacity, 2 * RECOVERY_SECONDS)
    loop.close()
    print(describe(f"{factor:g} C", run))
    name = f"at {factor:g} C"
    odd = sum(count for status, count in run.statuses.items() if status not in {200, 429, 503}) + run.lost
    return [
        Bound(f"goodput {name}, share of C", run.goodput / calm.capacity, GOODPUT_SHARE, is_least=True),
        Bound(f"p99 of decisions {name}, times that at 0.8 C", p99_of(run) / calm.p99, SLOWDOWN),
        Bound(f"median time to a refusal {name}, s", median_refusal(run), REFUSAL_SECONDS),
        Bound(f"refusals {name} that do not say when", sum(not answer.says_when for answer in run.refused), 0),
        Bound(f"other answers or none {name}", odd, 0),
        Bound(f"recovery after {name}, s", find_recovery(after, SLOWDOWN * calm.p99), RECOVERY_SECONDS),
    ]


def median_refusal(run: Run) -> float:
    """Median seconds to a refusal; 0 if there was none."""
    refused = [answer.seconds for answer in run.refused]
    return quantile(refused, 0.5) if refused else 0.0


def find_recovery(run: Run, p99: float) -> float:
    """Return the seconds after which no window of half a second has a refusal, or a p99 above `p99`."""
    return max(find_restless(run, p99), default=0.0)


def find_restless(run: Run, p99: float) -> list[float]:
    """Return the ends, in seconds, of the windows that have a refusal, or a p99 above `p99`."""
    ends = []
    windows = itertools.groupby(sorted(run.answers, key=lambda one: one.due), lambda one: int(one.due / WINDOW_SECONDS))
    for window, group in windows:
        answers = list(group)
        is_calm = all(answer.status == 200 for answer in answers)
        if not is_calm or quantile([answer.seconds for answer in answers], 0.99) > p99:
            ends.append((window + 1) * WINDOW_SECONDS)
    return ends


async def burden(port: int, bodies: Sequence[bytes], calm: Calm, seconds: float) -> list[Bound]:
    """Keep up 0.8 C beside idle connections, slow callers, and large bodies."""
    plain = [make_message(body) for body in bodies]
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(IDLE)]
    beside_idle = await _calm_run(port, plain, CALM * calm.capacity, seconds)
    slow = [asyncio.create_task(dribble(port)) for _ in range(SLOW)]
    beside_slow = await _calm_run(port, plain, CALM * calm.capacity, max(seconds, SLOW_SECONDS))
    endings = await asyncio.gather(*slow)
    big = [*plain[:9], make_message(bodies[0].ljust(BIG_BYTES))]
    beside_big = await _calm_run(port, big, CALM * calm.capacity / 2, seconds)
    for _, writer in idle:
        writer.close()
    bounds = [Bound("slow callers cut off, share", sum(endings) / SLOW, 1.0, is_least=True)]
    for name, run in (("idle", beside_idle), ("slow", beside_slow), ("200 kB", beside_big)):
        print(describe(f"beside {name}", run))
        bounds.append(Bound(f"success beside {name}", run.success, POLITE_SUCCESS, is_least=True))
        bounds.append(Bound(f"p99 beside {name}, times that at 0.8 C", p99_of(run) / calm.p99, SLOWDOWN))
    return bounds


async def _calm_run(port: int, messages: Sequence[bytes], rate: float, seconds: float) -> Run:
    loop = OpenLoop(port, messages)
    run = await loop.run(rate, seconds)
    loop.close()
    return run


async def dribble(port: int) -> bool:
    """Send a byte per second; return whether the API ended that with 408 within its time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(reader.read())
    try:
        for byte in make_message(make_body(1)):
            writer.write(bytes([byte]))
            done, _ = await asyncio.wait({answer}, timeout=1.0)
            if done:
                return answer.result().startswith(b"HTTP/1.1 408 ")
            if writer.get_extra_info("socket") is None:
                return False
    except ConnectionError:
        return False
    finally:
        answer.cancel()
        writer.close()
    return False


async def be_greedy(port: int, bodies: Sequence[bytes], keys: Sequence[str], calm: Calm, seconds: float) -> list[Bound]:
    """Let one key ask for 2 C while the others together ask for 0.4 C."""
    greedy, *others = keys
    polite_messages = [make_message(body, key=key) for body, key in zip(bodies, itertools.cycle(others), strict=False)]
    polite = OpenLoop(port, polite_messages)
    rude = OpenLoop(port, [make_message(body, key=greedy) for body in bodies])
    runs = await asyncio.gather(polite.run(0.4 * calm.capacity, seconds), rude.run(2.0 * calm.capacity, seconds))
    for name, run, loop in (("polite keys", runs[0], polite), ("greedy key", runs[1], rude)):
        loop.close()
        print(describe(name, run))
    return [
        Bound("success of polite keys beside a greedy one", runs[0].success, POLITE_SUCCESS, is_least=True),
        Bound("refusals of the greedy key that do not say when", sum(not one.says_when for one in runs[1].refused), 0),
    ]


def describe(name: str, run: Run) -> str:
    """Say what a run was, with the lag of the generator."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(run.statuses.items()))
    milliseconds = {
        "p99": p99_of(run),
        "median refusal": median_refusal(run),
        "p99 of the generator's lag": quantile(run.lags, 0.99),
    }
    times = ", ".join(f"{what} {seconds * 1000:.1f} ms" for what, seconds in milliseconds.items())
    asked = f"{run.rate:.0f}/s for {run.seconds:g} s, answers {statuses}, unsent {run.unsent}, lost {run.lost}"
    return f"{name}: {asked}; {run.goodput:.0f} decisions/s, {times}"


def press(options: argparse.Namespace, home: Path) -> tuple[Calm, list[Bound]]:
    """Do all but the greedy key, against an API that asks for no keys."""
    port, bodies, bounds = free_port(), make_bodies(options.seed), list[Bound]()
    with Instances(options.bundle, home) as instances:
        process = psutil.Process(instances.start(port).pid)
        calm, run = asyncio.run(measure_calm(port, bodies, options.seconds))
        print(f"capacity {calm.capacity:.0f} decisions/s; {describe('0.8 C', run)}")
        print(f"{calm.restless:.0%} of the half seconds at 0.8 C would not count as recovered: the measure's own noise")
        before = process.memory_info().rss
        for factor in options.factors:
            bounds += asyncio.run(surge(port, bodies, calm, factor, options.seconds))
        bounds += asyncio.run(burden(port, bodies, calm, options.seconds))
        grown = process.memory_info().rss - before
        bounds.append(Bound("growth of memory, MB", grown / 2**20, GROWTH_BYTES / 2**20))
        instances.stop()
    return calm, bounds


def press_with_keys(options: argparse.Namespace, home: Path, url: str, calm: Calm) -> list[Bound]:
    """Do the greedy key, with a rate per key of a tenth of capacity."""
    keys = list(make_keys(url))
    port = free_port()
    variables = {
        "SOLVENT_AUTHENTICATION": "true",
        "SOLVENT_RATE_PER_KEY": str(max(1, int(calm.capacity / 10))),
        "SOLVENT_RATE_PER_ADDRESS": "0",
    }
    with Instances(options.bundle, home, variables=variables) as instances:
        instances.start(port)
        bounds = asyncio.run(be_greedy(port, make_bodies(options.seed), keys, calm, options.seconds))
        instances.stop()
    return bounds


def make_keys(url: str) -> Iterator[str]:
    """Make the keys."""
    for number in range(KEYS):
        expires_at = utc_now() + timedelta(days=1)
        yield create_key(url, f"caller {number}", {Scope.SCORE}, expires_at=expires_at, who="overload campaign")


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each run (default 30)")
    parser.add_argument("--factors", type=float, nargs="+", default=[2.0, 5.0], help="of capacity (default 2 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the clients (default 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-overload-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server:
            upgrade(server.url)
            calm, bounds = press(options, home)
            bounds += press_with_keys(options, home, server.url, calm)
    print("\n".join(bound.describe() for bound in bounds))
    broken = sum(not bound.is_kept for bound in bounds)
    facts = {"capacity": round(calm.capacity), "p99_calm_ms": round(calm.p99 * 1000, 1), "seconds": options.seconds}
    facts["restless_share_calm"] = round(calm.restless, 3)
    figures = {bound.name: round(bound.value, 4) for bound in bounds}
    print(add_evidence("T-10", seed=options.seed, trials=len(bounds), failures=broken, **facts, figures=figures))
    return 0 if broken == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
