"""A shadow model beside the one that decided, on the same decisions: at once, and again when outcomes are final."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvent.domain.costs import CostMatrix
from solvent.domain.shadowed import ShadowedDecision
from solvent.training.applicants import PROTECTED, UNKNOWN
from solvent.training.challenge import Challenge, compare_models
from solvent.training.held_out import HeldOut
from solvent.training.measures import ScoredOutcomes


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """Champion and challenger on the decisions that both scored.

    Shares are of the `decisions`, one per client. `challenge` is over those whose outcome is final: in life, accepted
    applicants, so it cannot see what the challenger would have approved and the champion refused.
    """

    decisions: int
    agreeing: float
    only_shadow_refuses: float
    only_shadow_approves: float
    mean_probability: float
    shadow_mean_probability: float
    challenge: Challenge


def measure_shadow(decisions: Sequence[ShadowedDecision], costs: CostMatrix, *, seed: int = 0) -> ShadowFigures:
    """Compare two models on at least one decision; a figure of `challenge` needs both outcomes among them."""
    refused = np.array([one.is_refused for one in decisions])
    shadow = np.array([one.shadow_refuses for one in decisions])
    final = [one for one in decisions if one.has_defaulted is not None]
    return ShadowFigures(
        decisions=len(decisions),
        agreeing=float((refused == shadow).mean()),
        only_shadow_refuses=float((shadow & ~refused).mean()),
        only_shadow_approves=float((refused & ~shadow).mean()),
        mean_probability=float(np.mean([one.probability_default for one in decisions])),
        shadow_mean_probability=float(np.mean([one.shadow_probability for one in decisions])),
        challenge=compare_models(_as_decided(final), _as_shadowed(final), costs, seed=seed),
    )


def _as_decided(final: Sequence[ShadowedDecision]) -> HeldOut:
    scored = [(one.score, one.probability_default, bool(one.has_defaulted)) for one in final]
    return _collect(final, scored, [one.is_refused for one in final])


def _as_shadowed(final: Sequence[ShadowedDecision]) -> HeldOut:
    scored = [(one.shadow_score, one.shadow_probability, bool(one.has_defaulted)) for one in final]
    return _collect(final, scored, [one.shadow_refuses for one in final])


def _collect(
    final: Sequence[ShadowedDecision], scored: Sequence[tuple[float, float, bool]], refused: Sequence[bool]
) -> HeldOut:
    outcomes = ScoredOutcomes(*np.array(scored, dtype=np.float64).reshape(-1, 3).T)
    clients = np.array([one.client_id for one in final], dtype=np.int64)
    nothing = np.full(len(final), UNKNOWN, dtype=np.str_)
    return HeldOut(clients, outcomes, np.array(refused, dtype=bool), dict.fromkeys(PROTECTED, nothing))
