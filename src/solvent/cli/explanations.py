"""An explained decision as text and as JSON."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solvent.scoring.explanation import Explanation, WeighedReason

FEATURES_SHOWN = 5
"""Of each reason; --json shows all."""


def render_json(explanation: "Explanation") -> str:
    """Everything, indented."""
    import orjson

    return orjson.dumps(explanation, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z, default=list).decode()


def render_text(explanation: "Explanation") -> str:
    """For people: the decision, then what raised and what lowered the probability, the heaviest first."""
    return "\n".join(_lines(explanation))


def _lines(explanation: "Explanation") -> Iterator[str]:
    decision = explanation.decision
    yield f"request    {decision['request_id']}, {decision['timestamp']:%Y-%m-%d %H:%M:%S} UTC"
    yield f"model      {decision['model_version']}"
    comparison = "at or above" if decision["decision"] == "refuse" else "below"
    yield (
        f"decision   {decision['decision']}: probability of default {decision['prediction_proba']:.4f}, {comparison} "
        f"the threshold {decision['decision_threshold']:.4f}; risk {decision['confidence_level']}"
    )
    if explanation.is_erased:
        yield "erased     input and features were removed: what led to the decision is not known any more"
        return
    yield f"client     {decision['client_id']}, loan {decision['loan_amount']}, history: {decision['history_source']}"
    yield f"warnings   {', '.join(decision['warning_flags']) or 'none'}"
    yield f"score      {decision['score']:+.4f} log-odds = base {explanation.base:+.4f} and the weights below"
    for reason in explanation.reasons:
        yield from _reason_lines(reason)
    same = (
        "comes out bit for bit" if not explanation.differences else f"DIFFERS in {', '.join(explanation.differences)}"
    )
    yield f"\nrecomputed from the log: {same}"


def _reason_lines(reason: "WeighedReason") -> Iterator[str]:
    given = ", given as a reason" if reason.is_given else ""
    yield f"\n{reason.contribution:+.4f}  {reason.code}{given}"
    if reason.contribution > 0:
        yield f"         {reason.english}"
        yield f"         {reason.french}"
    for feature in reason.features[:FEATURES_SHOWN]:
        value = "missing" if feature.value is None else feature.value
        yield f"  {feature.contribution:+.4f}  {feature.feature} = {value} ({feature.unit}: {feature.meaning})"
        yield f"           from {', '.join(f'{name} = {_shown(raw)}' for name, raw in feature.sources.items())}"
    if len(reason.features) > FEATURES_SHOWN:
        rest = sum(feature.contribution for feature in reason.features[FEATURES_SHOWN:])
        yield f"  {rest:+.4f}  {len(reason.features) - FEATURES_SHOWN} more"


def _shown(raw: object) -> object:
    return "not given" if raw is None else raw
