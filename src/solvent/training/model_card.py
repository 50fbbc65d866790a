"""The model card: one page of Markdown for people who answer for the model."""

import orjson

from solvent.bundle.json_form import render_json
from solvent.domain.policy import Policy
from solvent.features.program import Program
from solvent.training.evaluation_page import render_sections, render_table
from solvent.training.report import TrainingReport

_HEAD = """# Model card

A LightGBM model that gives each consumer-credit application a score, calibrated to a probability of default."""
_LIMITS = """Outcomes are known only for applications that were granted. Intervals hold 95 %: DeLong's for AUC and
Gini, resampled ones for the rest. They cover the luck of the test split, not a change of the population or of the
economy. Groups with fewer than 100 applications or 20 defaults have no figures. The model is meant neither for business
loans, nor for applicants of another lender, nor to decide alone on a refusal that somebody contests."""


def render_model_card(report: TrainingReport, program: Program) -> str:
    """Render the page; every figure comes from the report, which stands in the bundle as `evaluation.json`."""
    document = orjson.loads(render_json(report.to_document()))
    sections = (
        ("Use", _describe_use(report.chosen.policy)),
        ("Features", _describe_features(program, report.chosen.policy.forbidden_columns)),
        *render_sections(document),
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


def _describe_features(program: Program, forbidden: frozenset[str]) -> str:
    tables = sorted({source.partition(".")[0] for feature in program.features for source in feature.sources})
    return (
        f"{len(program.features)} features from {', '.join(tables)}, of which {len(program.category_positions)} are "
        f"categories. None of them reads {', '.join(sorted(forbidden)) or 'a forbidden column (there are none)'}."
    )


def _importance_table(report: TrainingReport, program: Program) -> str:
    meanings = {feature.name: feature.meaning for feature in program.features}
    top = report.importance[: len(report.top_features)]
    rows = [(entry.feature, meanings[entry.feature], f"{entry.share:.1%}") for entry in top]
    return render_table(("Feature", "Meaning", "Share of gain"), rows)
