"""The figures of an `evaluation.json` as Markdown: for the model card in a bundle, and for the page in `docs`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Section = tuple[str, str]

UNDEFINED = "undefined"
_FIGURES = {
    "default_rate": "Default rate",
    "auc": "AUC",
    "gini": "Gini",
    "ks": "Kolmogorov-Smirnov",
    "pr_auc": "PR-AUC (average precision)",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_error": "Expected calibration error",
}
_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")
_RATES = ("recall", "precision", "f1", "approval_rate", "cost_per_application")
_GROUP = ("default_rate", "auc", "calibration_gap", "approval_rate", "good_payers_approved", "cost_per_application")
_RIVAL = ("auc", "auc_difference", "log_loss", "calibration_error", "cost_per_application")
_RIVAL_TABLES = {
    "rivals": ("Rivals", "Other models on the same parts of the same clients, each with its own curve and threshold."),
    "ladder": ("Ladder", "The same model with ever fewer kinds of features."),
    "ablation": ("Ablation", "The same model without one learned feature each."),
}


def render_sections(document: Document) -> tuple[Section, ...]:
    """Return a title and a text for each part of the evaluation that is there.

    Args:
        document: the content of `evaluation.json` as it is read back: null where a figure is undefined.
    """
    parts = [
        ("Data", _describe_data(document)),
        ("Test split", _figure_table(document["test"])),
        ("Decisions on the test split", _decision_table(document["test"])),
        ("Calibration", _reliability_table(document)),
        ("Risk bands", _band_table(document)),
        ("Segments", _group_table(document.get("segments"))),
        ("Fairness", _fairness(document.get("fairness"))),
        ("Beside the champion", _challenge_table(document.get("challenge"))),
        *((title, _rival_table(document.get(name), text)) for name, (title, text) in _RIVAL_TABLES.items()),
        ("Selection of features", _selection_table(document.get("selection"))),
    ]
    return tuple((title, text) for title, text in parts if text)


def render_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render_interval(figure: Document | None, digits: int = 4) -> str:
    """A figure with its interval, such as `0.7850 (0.7750 to 0.7950)`."""
    if figure is None or figure["value"] is None:
        return UNDEFINED
    if figure["low"] is None:
        return f"{figure['value']:,.{digits}f}"
    return f"{figure['value']:,.{digits}f} ({figure['low']:,.{digits}f} to {figure['high']:,.{digits}f})"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Auc", "AUC")


def _describe_data(document: Document) -> str:
    rows = [(name, f"{part['rows']:,}", f"{part['defaults']:,}") for name, part in document["splits"].items()]
    table = render_table(("Part", "Applications", "Defaults"), rows)
    population = document.get("population")
    if population is None:
        return table
    refused = population["refused"]
    whom = (
        f"{refused:,} were refused and have an outcome nevertheless, of "
        f"{population.get('window_refused', refused):,} refused applicants of the same months."
        if refused
        else "None of them was refused: the model learnt from accepted applicants only, and what it says of applicants "
        "like the refused ones is extrapolated."
    )
    period = f"{population['first_decided_at'][:10]} to {population['last_decided_at'][:10]}"
    return f"{population['decisions']:,} matured decisions of the log, {period}. {whom}\n\n{table}"


def _figure_table(test: Document) -> str:
    rows = [(words, render_interval(test[name])) for name, words in _FIGURES.items()]
    if "calibration_error_floor" in test:  # bundles of earlier versions have the plain error alone
        rows.append(("The same as it shows", f"{test['plain_calibration_error']:.4f}"))
        rows.append(("What true probabilities show on average", f"{test['calibration_error_floor']:.4f}"))
    rows += [(f"Brier: {_words(name).lower()}", render_interval(part, 5)) for name, part in test["brier_parts"].items()]
    head = f"{test['rows']:,} applications, {test['defaults']:,} defaults."
    return f"{head}\n\n{render_table(('Figure', 'Value'), rows)}"


def _decision_table(test: Document) -> str:
    columns = (test["at_threshold"], test["at_half"])
    head = ("", *(f"At {figures['threshold']:.4f}" for figures in columns))
    rows = [
        *((_words(name), *(f"{figures[name]:,}" for figures in columns)) for name in _COUNTS),
        *((_words(name), *(render_interval(figures[name]) for figures in columns)) for name in _RATES),
        ("Cost", *(render_interval(figures["cost"], 0) for figures in columns)),
    ]
    return render_table(head, rows)


def _reliability_table(document: Document) -> str:
    rows = [
        (f"{entry['rows']:,}", f"{entry['mean_probability']:.4f}", f"{entry['default_rate']:.4f}")
        for entry in document["test"]["reliability"]
    ]
    table = render_table(("Applications", "Mean probability", "Default rate"), rows)
    return f"Method: {document['calibration']['method']}.\n\n{table}"


def _band_table(document: Document) -> str:
    bands = (document.get("risk_bands") or {}).get("bands", ())
    rows = [
        (band["level"], f"{band['begins']:.4f}", f"{band['rows']:,}", render_interval(band["default_rate"]))
        for band in bands
    ]
    return render_table(("Band", "From", "Applications", "Default rate"), rows) if rows else ""


def _group_table(groups: Sequence[Document] | None) -> str:
    rows = [
        (f"{_words(group['trait'])}: {group['label']}", f"{group['rows']:,}", f"{group['defaults']:,}", *_group(group))
        for group in groups or ()
    ]
    return render_table(("Group", "Applications", "Defaults", *map(_words, _GROUP)), rows) if rows else ""


def _group(group: Document) -> list[str]:
    figures = group["figures"]
    return ["too few"] * len(_GROUP) if figures is None else [render_interval(figures[name], 3) for name in _GROUP]


def _fairness(fairness: Document | None) -> str:
    if fairness is None:
        return ""
    lines = [
        f"- {_words(one['attribute'])}: lowest over highest approval rate {render_interval(one['approval_ratio'], 3)}; "
        f"gap in the share of good payers approved {render_interval(one['opportunity_gap'], 3)}."
        for one in fairness["disparities"]
    ]
    lines.append(
        f"- Sex told from the features: AUC {render_interval(fairness['sex_from_features'], 3)}; from the probability "
        f"of default: {render_interval(fairness['sex_from_probability'], 3)}."
    )
    intro = "Sex is read for these figures alone. Age may be an input: the ladder tells what the model is without it."
    return "\n\n".join((intro, _group_table(fairness["groups"]), "\n".join(lines)))


def _challenge_table(challenge: Document | None) -> str:
    if challenge is None:
        return ""
    figures = challenge["figures"]
    rows = [
        (
            f"{_words(one['gate'])} {one['subject']}".rstrip(),
            *(UNDEFINED if one[name] is None else f"{one[name]:,.4f}" for name in ("champion", "challenger")),
            render_interval({"value": one["worse_by"], "low": one["low"], "high": one["high"]}),
        )
        for one in figures["worsenings"]
    ]
    head = f"Champion {challenge['champion']} on the same {figures['rows']:,} held-out decisions."
    return f"{head}\n\n{render_table(('Figure', 'Champion', 'This model', 'Worse by'), rows)}"


def _rival_table(models: Sequence[Document] | None, text: str) -> str:
    rows = [
        (model["name"], model["description"], f"{model['features']:,}", *(render_interval(model[n]) for n in _RIVAL))
        for model in models or ()
    ]
    return f"{text}\n\n{render_table(('Model', '', 'Features', *map(_words, _RIVAL)), rows)}" if rows else ""


def _selection_table(selection: Document | None) -> str:
    if selection is None:
        return ""
    rows = [
        (step["name"], step["rule"], f"{len(step['dropped']):,}", f"{step['left']:,}") for step in selection["steps"]
    ]
    return f"{selection['catalogue']:,} features in the catalogue.\n\n" + render_table(
        ("Step", "Rule", "Dropped", "Left"), rows
    )
