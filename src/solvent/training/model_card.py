"""The model card: one page of Markdown for people who answer for the model."""

import math
from collections.abc import Iterable

from solvent.domain.policy import Policy
from solvent.features.program import Program
from solvent.training.evaluation import DecisionFigures
from solvent.training.intervals import Estimate
from solvent.training.report import TrainingReport

_HEAD = """# Model card

A LightGBM model that gives each consumer-credit application a score, calibrated to a probability of default."""
_LIMITS = """Outcomes are known only for applications that were granted. The intervals are 95 % bootstrap intervals:
they cover the luck of the test split, not a change of the population or of the economy."""


def render_model_card(report: TrainingReport, program: Program) -> str:
    """Render the page; every figure comes from the report, which stands in the bundle as `evaluation.json`."""
    sections = (
        ("Use", _describe_use(report.chosen.policy)),
        ("Data", _split_table(report)),
        ("Features", _describe_features(program, report.chosen.policy.forbidden_columns)),
        ("Test split", _figure_table(report)),
        ("Decisions on the test split", _decision_table(report.test.at_threshold, report.test.at_half)),
        ("Calibration", _reliability_table(report)),
        ("Most important features", _importance_table(report, program)),
        ("Limits", _LIMITS),
    )
    return "\n\n".join((_HEAD, *(f"## {title}\n\n{text}" for title, text in sections))) + "\n"


def _describe_use(policy: Policy) -> str:
    return (
        f"Applications with a probability of default of {policy.threshold:.4f} or more are refused. A bad payer "
        f"accepted costs {policy.costs.false_negative:g}, a good payer refused {policy.costs.false_positive:g}. Risk "
        f"is MEDIUM from {policy.medium_from:.4f} and HIGH from {policy.high_from:.4f}. The model is meant for "
        "applicants of the lender whose data trained it; for others its probabilities may be wrong."
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _interval(estimate: Estimate, digits: int = 4) -> str:
    if math.isnan(estimate.value):
        return "undefined"
    return f"{estimate.value:,.{digits}f} ({estimate.low:,.{digits}f} to {estimate.high:,.{digits}f})"


def _split_table(report: TrainingReport) -> str:
    rows = [(name, f"{part['rows']:,}", f"{part['defaults']:,}") for name, part in report.splits.items()]
    return _table(("Part", "Applications", "Defaults"), rows)


def _describe_features(program: Program, forbidden: frozenset[str]) -> str:
    tables = sorted({source.partition(".")[0] for feature in program.features for source in feature.sources})
    return (
        f"{len(program.features)} features from {', '.join(tables)}, of which {len(program.category_positions)} are "
        f"categories. None of them reads {', '.join(sorted(forbidden)) or 'a forbidden column (there are none)'}."
    )


def _figure_table(report: TrainingReport) -> str:
    test = report.test
    rows = [
        ("Default rate", _interval(test.default_rate)),
        ("AUC", _interval(test.auc)),
        ("Brier score", _interval(test.brier)),
        ("Log loss", _interval(test.log_loss)),
        ("Expected calibration error", _interval(test.calibration_error)),
    ]
    return f"{test.rows:,} applications, {test.defaults:,} defaults.\n\n" + _table(("Figure", "Value"), rows)


def _decision_table(*columns: DecisionFigures) -> str:
    head = ("", *(f"At {figures.threshold:.4f}" for figures in columns))
    counts = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    rates = ("recall", "precision", "f1", "approval_rate", "cost_per_application")
    rows = [
        *((_words(name), *(f"{getattr(figures, name):,}" for figures in columns)) for name in counts),
        *((_words(name), *(_interval(getattr(figures, name)) for figures in columns)) for name in rates),
        ("Cost", *(_interval(figures.cost, 0) for figures in columns)),
    ]
    return _table(head, rows)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _reliability_table(report: TrainingReport) -> str:
    rows = [
        (f"{entry.rows:,}", f"{entry.mean_probability:.4f}", f"{entry.default_rate:.4f}")
        for entry in report.test.reliability
    ]
    method = report.calibration.calibration.method
    return f"Method: {method}.\n\n" + _table(("Applications", "Mean probability", "Default rate"), rows)


def _importance_table(report: TrainingReport, program: Program) -> str:
    meanings = {feature.name: feature.meaning for feature in program.features}
    top = report.importance[: len(report.top_features)]
    rows = [(entry.feature, meanings[entry.feature], f"{entry.share:.1%}") for entry in top]
    return _table(("Feature", "Meaning", "Share of gain"), rows)
