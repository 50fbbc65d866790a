"""What a scenario does to clients: to their latents, to their probability of default, or to their record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.exact import multiply, settle
from solvent.world.drawing.marginals import Coded, Flags, Floats, Table, numbers, texts
from solvent.world.drawing.merging import changed_where
from solvent.world.drawing.normal import normal_cdf, normal_quantile

ChangeLatents = Callable[[Latents], Floats]
ChangeProbability = Callable[[Floats], Floats]
ChangeRecord = Callable[[Table, Draws], Table]
"""From the application columns of n clients to the columns that are recorded otherwise."""


@dataclass(frozen=True)
class Effect:
    """What happens to a `share` of the clients of a block.

    Changed latents change the client: all that is drawn from them, and through the outcome model the true probability
    of default. A changed probability is a risk that no column shows. A changed record leaves the client as it is.
    """

    share: float = 1.0
    latents: ChangeLatents | None = None
    probability: ChangeProbability | None = None
    record: ChangeRecord | None = None

    def on_latents(self, latents: Latents, affected: Flags) -> Latents:
        if self.latents is None:
            return latents
        return Latents(latents.copula, np.where(affected[:, None], self.latents(latents), latents.values))

    def on_probability(self, probability: Floats, affected: Flags) -> Floats:
        return (
            probability if self.probability is None else np.where(affected, self.probability(probability), probability)
        )

    def on_record(self, application: Table, affected: Flags, draws: Draws) -> Table:
        if self.record is None:
            return application
        return changed_where(application, self.record(application, draws), affected)


UNCHANGED = Effect(share=0.0)


def shift_latents(shifts: Mapping[str, float]) -> ChangeLatents:
    """Move these latents, in standard deviations; all others stay where they are."""

    def change(latents: Latents) -> Floats:
        moved = latents.values.copy()
        for name, shift in shifts.items():
            moved[:, latents.copula.names.index(name)] += shift
        return moved

    return change


def draw_other_clients(shifts: Mapping[str, float]) -> ChangeLatents:
    """Move these latents and whatever goes with them: clients of another kind, whose columns hang together as ever.

    For a normal vector with covariance C the others move by C[:, s] C[s, s]^-1 times the shifts, as their conditional
    mean does; their distribution given the shifted ones stays.
    """

    def change(latents: Latents) -> Floats:
        positions = [latents.copula.names.index(name) for name in shifts]
        covariance = multiply(latents.copula.factor, latents.copula.factor[positions].T)
        weights = settle(np.linalg.solve(covariance[positions], np.array(list(shifts.values()))).astype(np.float64))
        return latents.values + multiply(covariance, weights)

    return change


def raise_probability(probits: float) -> ChangeProbability:
    """Raise the index of every client's probability of default: by `probits` on the scale of the normal quantile."""
    return lambda probability: normal_cdf(normal_quantile(probability) + probits)


def set_probability(value: float) -> ChangeProbability:
    """Give the clients this probability of default."""
    return lambda probability: np.full_like(probability, value)


def hide_columns(*names: str) -> ChangeRecord:
    """Record these number columns as missing."""
    return lambda application, _: {name: np.full_like(numbers(application, name), np.nan) for name in names}


def scale_columns(factor: float, *names: str) -> ChangeRecord:
    """Record these amounts times a factor."""
    return lambda application, _: {name: numbers(application, name) * factor for name in names}


def replace_texts(**labels: str) -> ChangeRecord:
    """Record these texts in these columns, where the column is not missing."""

    def change(application: Table, _: Draws) -> Table:
        columns = {name: texts(application, name) for name in labels}
        return {name: Coded(np.minimum(column.codes, 0), (labels[name],)) for name, column in columns.items()}

    return change
