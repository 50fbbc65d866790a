"""When a challenger may take the champion's place."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Gate(StrEnum):
    """What a challenger is judged by."""

    EVIDENCE = "evidence"
    AUC = "auc"
    CALIBRATION = "calibration"
    COST = "cost"
    APPROVAL_RATIO = "approval_ratio"
    EQUAL_OPPORTUNITY = "equal_opportunity"
    POPULATION = "population"


@dataclass(frozen=True, slots=True)
class PromotionGates:
    """How much worse than the champion a challenger may be on the held-out rows of both.

    `auc_loss`: champion's AUC less the challenger's. `calibration_error_gain`: rise of the plain ECE, in which chance
    has the same part for both. `cost_gain`: rise of the total cost as a share of the champion's.
    `approval_ratio_loss`, `opportunity_gap_gain`: fall of the lowest over the highest approval rate, and rise of the
    gap in the share of good payers approved.
    `fairness_by` names the attributes that the last two look at; one of them that cannot be measured is a refusal.
    Below `fewest_rows` or `fewest_defaults` held-out rows nothing is known. With `whole_interval` the worse end of the
    95 % interval must stay within the gate, not the figure alone.
    """

    auc_loss: float
    calibration_error_gain: float
    cost_gain: float
    approval_ratio_loss: float
    opportunity_gap_gain: float
    fewest_rows: int
    fewest_defaults: int
    whole_interval: bool = False
    fairness_by: tuple[str, ...] = ("sex", "age_band")

    def allowance(self, gate: Gate) -> float:
        """How much worse a figure may be."""
        return {
            Gate.AUC: self.auc_loss,
            Gate.CALIBRATION: self.calibration_error_gain,
            Gate.COST: self.cost_gain,
            Gate.APPROVAL_RATIO: self.approval_ratio_loss,
            Gate.EQUAL_OPPORTUNITY: self.opportunity_gap_gain,
        }[gate]


@dataclass(frozen=True, slots=True)
class Worsening:
    """One figure of both models on the same rows, and by how much the challenger's is the worse one.

    `subject` names the attribute that a figure of fairness is about. `worse_by` is negative where the challenger is
    better; `low` to `high` is its 95 % interval. Anything may be NaN.
    """

    gate: Gate
    champion: float
    challenger: float
    worse_by: float
    low: float
    high: float
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A gate that a challenger does not pass, and why, in one sentence."""

    gate: Gate
    reason: str


def find_refusals(
    worsenings: Iterable[Worsening],
    gates: PromotionGates,
    *,
    rows: int,
    defaults: int,
    unmeasured: Iterable[str] = (),
) -> tuple[Refusal, ...]:
    """Return every gate that the challenger fails; none means that it may be promoted.

    Args:
        worsenings: one for each figure; those of an attribute that `fairness_by` does not name are not judged.
        gates: the limits.
        rows: held-out rows that both models scored.
        defaults: how many of them defaulted.
        unmeasured: attributes by which nothing could be compared.
    """
    if rows < gates.fewest_rows or defaults < gates.fewest_defaults:
        reason = (
            f"{rows:,} held-out rows with {defaults:,} defaults are shared with the champion, the gates ask for "
            f"{gates.fewest_rows:,} and {gates.fewest_defaults:,}"
        )
        return (Refusal(Gate.EVIDENCE, reason),)
    compared = tuple(worsenings)
    if not compared:
        reason = f"{defaults:,} of {rows:,} shared held-out rows are defaults: nothing can be compared on one class"
        return (Refusal(Gate.EVIDENCE, reason),)
    judged = (_judge(one, gates) for one in compared if not one.subject or one.subject in gates.fairness_by)
    unknown = (
        Refusal(
            Gate.EVIDENCE, f"fairness by {name} cannot be measured: fewer than two groups are known and large enough"
        )
        for name in unmeasured
        if name in gates.fairness_by
    )
    return (*(refusal for refusal in judged if refusal is not None), *unknown)


def _judge(one: Worsening, gates: PromotionGates) -> Refusal | None:
    worse_by = one.high if gates.whole_interval else one.worse_by
    allowed = gates.allowance(one.gate)
    if worse_by <= allowed:
        return None
    figure = f"{one.gate} by {one.subject}" if one.subject else one.gate.value
    if math.isnan(worse_by):
        return Refusal(one.gate, f"{figure} cannot be compared: it is undefined on the held-out rows")
    return Refusal(
        one.gate,
        f"{figure} is worse by {one.worse_by:.4f} ({one.low:.4f} to {one.high:.4f}), allowed is {allowed:g}",
    )
