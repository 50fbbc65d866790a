"""Measures an API of this checkout and one of another checkout in turn, beside one database, in one run.

    python benchmarks/versions.py --bundle BUNDLE --data DIR --other OTHER/src [--kind batch] [--rounds 4]

Prints median and 99th percentile of the latency, requests per second, and CPU milliseconds of API and database per
request, with the ratio of this checkout to the other one. Without --other it measures this checkout alone. Every
decision is durable; load, database and both servers share the cores.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from solvent.bootstrap import load_model
from solvent.cli.benchmark_run import BATCH, MANY, Bodies, make_bodies
from solvent.cli.benchmark_servers import Servers, Starter
from solvent.cli.children import Children
from solvent.cli.load import Latencies, send_in_turn
from solvent.decision_log.database.embedded import start_embedded


@dataclass(frozen=True)
class Kind:
    """One way of asking: the bodies, where they go, over how many connections, how many requests a round has."""

    bodies: Sequence[bytes]
    path: str
    connections: int
    requests: int


@dataclass
class Measured:
    """What one version needed, over all rounds."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    api_seconds: float = 0.0
    database_seconds: float = 0.0

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        latencies, count = Latencies(tuple(self.milliseconds), self.seconds), len(self.milliseconds)
        return {
            "p50 ms": latencies.quantile(0.5),
            "p99 ms": latencies.quantile(0.99),
            "requests/s": latencies.rate,
            "API CPU ms": self.api_seconds / count * 1000.0,
            "database CPU ms": self.database_seconds / count * 1000.0,
        }


def make_kinds(bodies: Bodies) -> dict[str, Kind]:
    """The ways of asking, by name."""
    alone = [orjson.loads(bodies.alone[number % len(bodies.alone)]) for number in range(BATCH)]
    batch = [orjson.dumps({"clients": alone})]
    return {
        "batch": Kind(batch, "/predict-batch", 1, 60),
        "one": Kind(bodies.alone, "/predict", 1, 1_000),
        "many": Kind(bodies.alone, "/predict", MANY, 4_000),
        "nested": Kind(bodies.typical, "/predict", 1, 500),
    }


@contextmanager
def importing_from(source: Path | None) -> Iterator[None]:
    """Let processes that start meanwhile take the package from this folder."""
    if source is None:
        yield
        return
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = str(source.resolve())
    try:
        yield
    finally:
        os.environ["PYTHONPATH"] = before


def ask(servers: Servers, kind: Kind, measured: Measured) -> None:
    """Send a round, after a tenth of it to warm up."""
    warm, whole = max(2, kind.requests // 10), kind.requests
    asyncio.run(
        send_in_turn(servers.api_port, kind.bodies, connections=kind.connections, requests=warm, path=kind.path)
    )
    with servers.counting() as cost:
        latencies = asyncio.run(
            send_in_turn(servers.api_port, kind.bodies, connections=kind.connections, requests=whole, path=kind.path)
        )
    measured.milliseconds += latencies.milliseconds
    measured.seconds += latencies.seconds
    measured.api_seconds += cost.api_seconds
    measured.database_seconds += cost.database_seconds


def show(name: str, kinds: Sequence[Measured]) -> None:
    """Print a line per figure: this checkout, the other one, their ratio."""
    this, *others = (one.figures() for one in kinds)
    for figure, value in this.items():
        beside = "".join(f"{other[figure]:11.2f}{value / other[figure]:8.2f}" for other in others)
        print(f"{name:8}{figure:18}{value:11.2f}{beside}", flush=True)


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--other", type=Path, help="src folder of another checkout")
    parser.add_argument("--kind", nargs="+", default=["batch"], choices=["batch", "one", "many", "nested"])
    parser.add_argument("--rounds", type=int, default=4, help="turns of each checkout")
    options = parser.parse_args()
    bodies = make_bodies(options.data, load_model(options.bundle), clients=200, seed=1)
    kinds = make_kinds(bodies)
    sources = [None, *([options.other] if options.other else [])]
    with (
        tempfile.TemporaryDirectory(prefix="solvent-versions-") as folder,
        start_embedded(Path(folder) / "postgres") as database,
        Children() as children,
    ):
        starter = Starter(children, options.bundle, Path(folder), database.url)
        versions = []
        for source in sources:
            with importing_from(source):
                versions.append(starter.start(workers=1))
        starter.store(bodies.histories)
        for name in options.kind:
            measured = [Measured() for _ in versions]
            for _ in range(options.rounds):
                for servers, one in zip(versions, measured, strict=True):
                    ask(servers, kinds[name], one)
            show(name, measured)


if __name__ == "__main__":
    main()
