"""The fidelity report of a folder: every figure with its goal, and who misses it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet

from solvent.domain.progress import Progress, silent
from solvent.world.drawing.marginals import Floats, numbers
from solvent.world.fidelity.applications import (
    aggregates_of_applications,
    judge_aggregates,
    judge_columns,
    judge_correlations,
    read_applications,
)
from solvent.world.fidelity.correlations import TARGET
from solvent.world.fidelity.distances import MEAN_OF_HALF_NORMAL
from solvent.world.fidelity.figures import FEWEST_REAL_ROWS, Comparison, Figure
from solvent.world.fidelity.folder import RawFolder, labelled
from solvent.world.fidelity.histories import judge_rows, judge_transitions
from solvent.world.fidelity.measured import load_measured
from solvent.world.published import load_facts

DEFAULT_RATE_GOAL = 0.001
HISTORIES = (
    *("bureau", "bureau_balance", "previous_application", "POS_CASH_balance", "installments_payments"),
    "credit_card_balance",
)


@dataclass(frozen=True)
class FidelityReport:
    """All figures of a folder of `clients` clients."""

    clients: int
    figures: tuple[Figure, ...]

    @property
    def missed(self) -> tuple[Figure, ...]:
        """The figures above their goal."""
        return tuple(figure for figure in self.figures if not figure.is_met)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        figures = [{**asdict(figure), "is_met": figure.is_met} for figure in self.figures]
        return {"clients": self.clients, "missed": len(self.missed), "figures": figures}


def judge_folder(path: Path, *, progress: Progress = silent) -> FidelityReport:
    """Compare the seven raw tables below `path` with the published statistics of the real ones.

    The figures were published of labelled applications, so those of application_test and their histories stay out. Only
    files are read. Raises WorldError if a table or a column is missing or cannot be read.
    """
    facts, measured = load_facts(), load_measured()
    progress("comparing the applications", 0.0)
    folder = labelled(path, facts)
    table = read_applications(folder, measured)
    figures = [*_default_rates(path, folder, numbers(table, TARGET), facts.default_rate)]
    figures += judge_columns(table, measured)
    progress("counting the history of each client", 0.15)
    aggregates = aggregates_of_applications(folder)
    figures += judge_aggregates(aggregates, measured)
    progress("correlating columns", 0.3)
    figures += judge_correlations(table, aggregates, measured)
    del table, aggregates
    for number, name in enumerate(HISTORIES):
        progress(f"comparing the rows of {name}", 0.4 + 0.1 * number)
        figures += judge_rows(folder, name, measured)
    figures += judge_transitions(folder, measured)
    progress("compared", 1.0)
    return FidelityReport(folder.clients, tuple(figures))


def _default_rates(path: Path, folder: RawFolder, target: Floats, published: float) -> Iterator[Figure]:
    """Yield the figure of the drawn defaults, and of the true probabilities of the same clients if there is a truth."""
    yield _mean_figure("default rate", TARGET, target[~np.isnan(target)], published)
    truth = path / "truth.parquet"
    if truth.is_file():
        table = pyarrow.parquet.read_table(truth, columns=["SK_ID_CURR", "true_probability_default"])
        known = np.isin(table["SK_ID_CURR"].to_numpy(), folder.client_keys)
        values = table["true_probability_default"].to_numpy()[known]
        yield _mean_figure("mean true probability", "true_probability_default", values, published)


def _mean_figure(name: str, column: str, values: Floats, published: float) -> Figure:
    made = float(np.mean(values))
    noise = float(MEAN_OF_HALF_NORMAL * np.std(values) / np.sqrt(values.size))
    one = Comparison(column, abs(made - published), noise, made, published)
    return Figure(name, one.difference, DEFAULT_RATE_GOAL, noise, 1, (one,))


def report_lines(report: FidelityReport) -> Iterator[str]:
    """Yield the report as lines of text: figure, goal, noise, the worst offenders by name, groups left out."""
    yield f"{report.clients:,} clients; noise is what sampling on both sides shows where nothing is wrong"
    yield f"{'':7}{'figure':62}{'value':>8}{'goal':>8}{'noise':>8}{'of':>7}"
    for figure in report.figures:
        state = "" if figure.is_met else "MISSED"
        yield (f"{state:7}{figure.name:62}{figure.value:8.4f}{figure.goal:8.3f}{figure.noise:8.4f}{figure.compared:7d}")
        if not figure.is_met:
            yield from (f"{'':9}{_worst_line(one)}" for one in figure.worst)
    left_out = [f"{figure.left_out} in {figure.name}" for figure in report.figures if figure.left_out]
    yield f"left out, as fewer than {FEWEST_REAL_ROWS} real rows show them: {', '.join(left_out) or 'nothing'}"
    yield f"{len(report.missed)} of {len(report.figures)} figures above their goal"


def _worst_line(one: Comparison) -> str:
    shown = "" if one.world is None or one.published is None else f"  world {one.world:.4f}, real {one.published:.4f}"
    return f"{one.difference:.4f} (noise {one.noise:.4f})  {one.name}{shown}"
