"""Whether, how much and how often a client's card is used, given how long it has been there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Floats, Integers, Marginal
from solvent.world.drawing.normal import normal_cdf, normal_density, normal_quantile

_NAMES = ("card_months", "card_utilisation_mean", "card_atm_drawings_mean", "card_late_share")
_CORRELATIONS = np.array(
    [[1.0, 0.19, -0.32, 0.457], [0.19, 1.0, 0.467, 0.265], [-0.32, 0.467, 1.0, -0.125], [0.457, 0.265, -0.125, 1.0]]
)
"""Of the latents of `_NAMES` (correlation.json)."""

_IS_USED = np.array([0.55, 1.0, 0.0, 0.0])
_USE = np.array([0.0, 1.0, 0.0, 0.0])
_MACHINE_DRAWS = np.array([0.2, -0.08, 1.0, 0.0])
_LATE = np.array([0.0, 0.0, 0.0, 1.0])
"""Weights of the latents. Cards never used are young (an assumption: under two years, others nearly four), which a
correlation with their use cannot say: months decide on use at all, and the other weights give back the correlations."""


@dataclass(frozen=True)
class CardFigures:
    """Per card, float64 (c,), all 0 for a card never used.

    `use` is balance over limit on average, `machine_draws` draws at machines a month, `late_share` a share of months.
    """

    use: Floats
    machine_draws: Floats
    late_share: Floats


def card_figures(
    figures: ClientFigures, client: Integers, marginals: Mapping[str, Marginal], draws: Draws
) -> CardFigures:
    """Return the figures of the cards of these clients, int64 (c,), with the published distributions."""
    latents = np.stack([_latent(marginals[name], figures.count(name)[client], draws) for name in _NAMES])
    _, of_use, of_draws, of_late = (marginals[name] for name in _NAMES)
    unused = float(normal_cdf(of_use.edges[np.flatnonzero(np.asarray(of_use.values) <= 0)[-1:]])[0])
    threshold = float(normal_quantile(unused)[0])
    used = _weighted(latents, _IS_USED) > threshold

    def seen(weights: Floats) -> Floats:
        return _above(_weighted(latents, weights), _tie(weights, _IS_USED), threshold)

    def of_all(score: Floats) -> Floats:
        among_used = np.clip(normal_cdf(score), 1e-9, 1 - 1e-9)
        return normal_quantile(unused + (1 - unused) * among_used)

    return CardFigures(
        use=np.where(used, of_use.draw(of_all(seen(_USE))), 0.0),
        machine_draws=np.where(used, of_draws.draw(seen(_MACHINE_DRAWS)), 0.0),
        late_share=np.where(used, of_late.draw(of_all(seen(_LATE))), 0.0),
    )


def _latent(marginal: Marginal, values: Floats, draws: Draws) -> Floats:
    """Return a latent behind each value of a figure; where several share the value, one of them at random."""
    knots = np.asarray(marginal.values, dtype=np.float64)
    lower = np.minimum(np.searchsorted(knots, values, side="left"), knots.shape[0] - 1)
    upper = np.searchsorted(knots, values, side="right") - 1
    cumulated = normal_cdf(marginal.edges)
    inside = cumulated[lower] + draws.uniform(values.shape[0]) * (cumulated[upper] - cumulated[lower])
    between = np.interp(values, knots + 1e-9 * np.arange(knots.shape[0]), marginal.edges)
    return np.where(upper > lower, normal_quantile(inside), between)


def _weighted(latents: Floats, weights: Floats) -> Floats:
    """Return the weighted sum of latents (k, c) as a standard normal, float64 (c,)."""
    total = np.sum(weights[:, None] * latents, axis=0)
    return np.asarray(total / np.sqrt(_covariance(weights, weights)), dtype=np.float64)


def _covariance(first: Floats, second: Floats) -> float:
    return float(np.sum(np.outer(first, second) * _CORRELATIONS))


def _tie(first: Floats, second: Floats) -> float:
    return _covariance(first, second) / float(np.sqrt(_covariance(first, first) * _covariance(second, second)))


def _above(score: Floats, correlation: float, threshold: float) -> Floats:
    """Return a score as standard normal among the rows whose other score, so correlated, exceeds the threshold.

    Source: mean and variance of the truncated bivariate normal distribution (the inverse Mills ratio).
    """
    at = np.array([threshold])
    mills = float(normal_density(at)[0] / (1 - normal_cdf(at)[0]))
    deviation = np.sqrt(1 - correlation**2 * mills * (mills - threshold))
    return np.asarray((score - correlation * mills) / deviation, dtype=np.float64)
