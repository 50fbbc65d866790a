"""The results of a benchmark as files: a table to read, figures to compare with, plots."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import orjson

from solvent import __version__
from solvent.cli.load import Latencies
from solvent.errors import SolventError
from solvent.training.latency_plots import draw_latencies

KEPT_LATENCIES = 2000
"""Latencies of a figure that the file keeps for later plots, spread evenly over the ranked ones."""


class BenchmarkError(SolventError):
    """An earlier run cannot be read."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of asking: latencies, requests per second, and what is known of its cost.

    `cpu_us`: CPU of the serving processes per request in microseconds; `database_us`: that of PostgreSQL.
    `database_bytes`: by how much a request lets the database grow. `bare_rate`: requests per second of the bare
    endpoint for the same bodies. `goal`: what the issue asks for, in words.
    """

    name: str
    milliseconds: tuple[float, ...]
    rate: float
    cpu_us: float | None = None
    database_us: float | None = None
    database_bytes: float | None = None
    bare_rate: float | None = None
    goal: str = ""

    @property
    def latencies(self) -> Latencies:
        """The same as latencies."""
        return Latencies(self.milliseconds, len(self.milliseconds) / self.rate)

    def describe(self) -> str:
        """A line of the table."""
        latencies = self.latencies
        cells = [
            self.name,
            f"{latencies.quantile(0.5):.3f}",
            f"{latencies.quantile(0.99):.3f}",
            f"{self.rate:.0f}",
            *("" if one is None else f"{one:.0f}" for one in (self.cpu_us, self.database_us, self.database_bytes)),
            "" if self.bare_rate is None else f"{self.rate / self.bare_rate:.3f}",
            self.goal,
        ]
        return f"| {' | '.join(cells)} |"


def write_results(results: Sequence[Measured], earlier: Sequence[Measured] | None, out: Path) -> tuple[Path, ...]:
    """Write benchmark.md, benchmark.json and the two plots, with an earlier run beside this one; return the paths."""
    table, figures = out / "benchmark.md", out / "benchmark.json"
    table.write_text("\n".join([_describe_machine(), "", *_HEAD, *(one.describe() for one in results), ""]), "utf-8")
    figures.write_bytes(orjson.dumps([_thinned(one) for one in results]))
    runs = {"before": earlier, "after": results} if earlier is not None else {"now": results}
    samples: dict[str, dict[str, Sequence[float]]] = {}
    rates: dict[str, dict[str, float]] = {}
    for run, measured in runs.items():
        for one in measured:
            samples.setdefault(one.name, {})[run] = one.milliseconds
            rates.setdefault(one.name, {})[run] = one.rate
    return (table, figures, *draw_latencies(samples, rates, out))


def read_results(path: Path) -> list[Measured]:
    """Read the benchmark.json of an earlier run.

    Raises:
        BenchmarkError: it is none.
    """
    try:
        return [
            Measured(**{**stored, "milliseconds": tuple(stored["milliseconds"])})
            for stored in orjson.loads(path.read_bytes())
        ]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise BenchmarkError(f"{path} is no benchmark.json of this version: run `solvent benchmark` again") from error


_HEAD = (
    "| | p50 ms | p99 ms | requests/s | API CPU µs | database CPU µs | database bytes | ratio to bare | goal |",
    "|---|---|---|---|---|---|---|---|---|",
)


def _describe_machine() -> str:
    return f"Solvent {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"


def _thinned(one: Measured) -> dict[str, object]:
    ranked = sorted(one.milliseconds)
    step = max(1.0, len(ranked) / KEPT_LATENCIES)
    kept = [ranked[int(place * step)] for place in range(min(len(ranked), KEPT_LATENCIES))]
    named = {field.name: getattr(one, field.name) for field in fields(one)}
    return {**named, "milliseconds": kept}
