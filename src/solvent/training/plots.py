"""Draws the usual plots of a training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import rankdata
from sklearn.metrics import precision_recall_curve, roc_curve

from solvent.training.contributions import ExplainedRows
from solvent.training.importance import TOP_FEATURES
from solvent.training.measures import ScoredOutcomes
from solvent.training.report import TrainingReport


def draw_plots(
    report: TrainingReport, outcomes: ScoredOutcomes, explained: ExplainedRows, directory: Path
) -> tuple[Path, ...]:
    """Write roc, precision_recall, reliability, cost, importance and shap_summary as PNG.

    Args:
        report: of the training.
        outcomes: those of the test split.
        explained: rows of it, taken apart.
        directory: must exist.
    """
    drawings: dict[str, Callable[[Axes], None]] = {
        "roc": lambda axes: _draw_roc(axes, report, outcomes),
        "precision_recall": lambda axes: _draw_precision_recall(axes, outcomes),
        "reliability": lambda axes: _draw_reliability(axes, report),
        "cost": lambda axes: _draw_cost(axes, report, outcomes),
        "importance": lambda axes: _draw_importance(axes, report),
        "shap_summary": lambda axes: _draw_summary(axes, explained),
    }
    return tuple(_save(draw, directory / f"{name}.png") for name, draw in drawings.items())


def _save(draw: Callable[[Axes], None], path: Path) -> Path:
    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    figure.savefig(path, dpi=110)
    return path


def _draw_roc(axes: Axes, report: TrainingReport, outcomes: ScoredOutcomes) -> None:
    false_rate, true_rate, _ = roc_curve(outcomes.defaulted, outcomes.scores)
    axes.plot(false_rate, true_rate)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.set(xlabel="good payers refused", ylabel="defaults refused", title=f"ROC, AUC {report.test.auc.value:.4f}")


def _draw_precision_recall(axes: Axes, outcomes: ScoredOutcomes) -> None:
    precision, recall, _ = precision_recall_curve(outcomes.defaulted, outcomes.scores)
    axes.plot(recall, precision)
    axes.axhline(outcomes.defaulted.mean(), linestyle=":", color="grey")
    axes.set(xlabel="recall", ylabel="precision", title="Precision and recall", ylim=(0, 1.02))


def _draw_reliability(axes: Axes, report: TrainingReport) -> None:
    said = [entry.mean_probability for entry in report.test.reliability]
    happened = [entry.default_rate for entry in report.test.reliability]
    axes.plot(said, happened, marker="o")
    axes.axline((0, 0), slope=1, linestyle=":", color="grey")
    axes.set(xlabel="mean probability of default", ylabel="default rate", title="Reliability, bins of equal mass")


def _draw_cost(axes: Axes, report: TrainingReport, outcomes: ScoredOutcomes) -> None:
    costs = report.chosen.policy.costs
    thresholds = np.linspace(0.01, 0.5, 99)
    refused = outcomes.probabilities[:, None] >= thresholds
    bad = outcomes.defaulted[:, None] > 0
    per_row = costs.false_negative * (bad & ~refused) + costs.false_positive * (~bad & refused)
    axes.plot(thresholds, per_row.mean(axis=0))
    axes.axvline(report.chosen.policy.threshold, linestyle="--", label="chosen on the threshold split")
    axes.axvline(costs.break_even_probability, linestyle=":", color="grey", label="break-even")
    axes.legend()
    axes.set(xlabel="threshold", ylabel="cost per application", title="Cost on the test split")


def _draw_importance(axes: Axes, report: TrainingReport) -> None:
    top = report.importance[: len(report.top_features)][::-1]
    axes.barh([entry.feature for entry in top], [entry.share for entry in top])
    axes.tick_params(axis="y", labelsize=7)
    axes.set(xlabel="share of gain", title="Most important features")


def _draw_summary(axes: Axes, explained: ExplainedRows) -> None:
    """Each row a point: to the right it raised the risk; warm colours are high values, grey ones missing."""
    strongest = explained.strongest(TOP_FEATURES)[::-1]
    spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(explained.values))
    for place, feature in enumerate(strongest):
        ranks = rankdata(explained.values[:, feature], nan_policy="omit") / len(spread)
        colours = np.where(np.isnan(ranks)[:, None], (0.6, 0.6, 0.6, 1.0), colormaps["coolwarm"](np.nan_to_num(ranks)))
        axes.scatter(explained.contributions[:, feature], place + spread, s=3, c=colours)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(strongest)), [explained.names[feature] for feature in strongest])
    axes.tick_params(axis="y", labelsize=7)
    axes.set(xlabel="contribution to the log-odds of default", title="What raised and lowered the risk (TreeSHAP)")
