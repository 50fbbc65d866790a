"""Who defaults: the true probability, from the part of a client's latents that the tables can show."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.copula import MISSING, Latents
from solvent.world.draws import Draws
from solvent.world.exact import multiply, settle
from solvent.world.marginals import Flags, Floats, Marginal
from solvent.world.normal import normal_cdf

RIDGE_APPLICATION = 0.10
RIDGE_HISTORY = 0.08
"""Added to the variance of each visible value when the default latent is regressed on them.

The correlations of 147 values are estimates; unshrunk, their noise makes an AUC of .90 look attainable. These two put
the ceiling of the application at about .77 and that of everything at about .81: published models of the real tables
reach .771 and .800.
"""


@dataclass(frozen=True)
class OutcomeModel:
    """Probit of default on visible values: `weights` (k,), cut at `threshold` with residual deviation `residual`."""

    marginals: tuple[Marginal, ...]
    hidden_flags: Mapping[int, str]
    core: Floats
    core_positions: tuple[int, ...]
    weights: Floats
    threshold: float
    residual: float

    def probability(self, latents: Latents, hidden: Mapping[str, Flags]) -> Floats:
        """Return the true probability of default of each client, float64 (n,), strictly between 0 and 1."""
        visible = _visible(self, latents, hidden)
        return normal_cdf((multiply(visible, self.weights) - self.threshold) / self.residual)


def fit_outcomes(reference: Latents, hidden: Mapping[str, Flags], default_rate: float) -> OutcomeModel:
    """Fit the weights so that visible values keep their correlation with default, at the given mean probability."""
    names = reference.copula.names
    flags = {position: name for position, name in enumerate(names) if name in hidden}
    core_positions = tuple(
        position
        for position, name in enumerate(names)
        if position not in flags and name[0].isupper() and not name.endswith(MISSING)
    )
    raw = _raw_visible(reference, reference.copula.marginals)
    never_hidden = raw[:, core_positions]
    core = settle(np.linalg.solve(never_hidden.T @ never_hidden, never_hidden.T @ raw).astype(np.float64))
    draft = OutcomeModel(reference.copula.marginals, flags, core, core_positions, np.zeros(len(names)), 0.0, 1.0)
    visible = _visible(draft, reference, hidden)
    weights = _ridge(visible, reference.copula.target_correlations, names)
    index = multiply(visible, weights)
    residual = float(np.sqrt(max(1.0 - float(np.var(index)), 0.1)))
    threshold = _threshold(index, residual, default_rate)
    return OutcomeModel(reference.copula.marginals, flags, core, core_positions, weights, threshold, residual)


def draw_outcomes(probability: Floats, draws: Draws) -> Flags:
    """Draw who defaults, a flag per client, each with its own probability."""
    return draws.chance(probability, probability.shape[0])


def _raw_visible(latents: Latents, marginals: tuple[Marginal, ...]) -> Floats:
    return np.column_stack([marginal.visible(latents.values[:, at]) for at, marginal in enumerate(marginals)])


def _visible(model: OutcomeModel, latents: Latents, hidden: Mapping[str, Flags]) -> Floats:
    """Return visible values (n, k); a hidden one is replaced by what the never hidden columns say about it."""
    raw = _raw_visible(latents, model.marginals)
    expected = multiply(raw[:, model.core_positions], model.core)
    for position, name in model.hidden_flags.items():
        raw[:, position] = np.where(hidden[name], expected[:, position], raw[:, position])
    return raw


def _ridge(visible: Floats, target_correlations: Floats, names: tuple[str, ...]) -> Floats:
    covariance = np.cov(visible, rowvar=False)
    is_history = np.array([name[0].islower() for name in names])
    penalty = np.where(is_history, RIDGE_HISTORY, RIDGE_APPLICATION)
    wanted = target_correlations * np.sqrt(np.diag(covariance))
    return settle(np.linalg.solve(covariance + np.diag(penalty), wanted).astype(np.float64))


def _threshold(index: Floats, residual: float, default_rate: float) -> float:
    """Return the cut with this mean probability, by halving, on a thousand means of neighbours."""
    index = np.array([part.mean() for part in np.array_split(np.sort(index), 1000)])
    lower, upper = -10.0, 10.0
    for _ in range(60):
        middle = (lower + upper) / 2
        if np.mean(normal_cdf((index - middle) / residual)) > default_rate:
            lower = middle
        else:
            upper = middle
    return (lower + upper) / 2
