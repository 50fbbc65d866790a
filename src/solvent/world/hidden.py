"""Which values of a client stay out of the tables: missing flags, and flags that imply one another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.copula import MISSING, Latents
from solvent.world.marginals import Flags, Floats

_BUILDING = "YEARS_BEGINEXPLUATATION"
_HOUSING = (
    *("APARTMENTS", "BASEMENTAREA", "YEARS_BUILD", "COMMONAREA", "ELEVATORS", "ENTRANCES", "FLOORSMAX", "FLOORSMIN"),
    *("LANDAREA", "LIVINGAPARTMENTS", "LIVINGAREA", "NONLIVINGAPARTMENTS", "NONLIVINGAREA"),
)
_PARENTS = {
    "bureau_active_count": "bureau_count",
    "bureau_max_overdue": "bureau_count",
    "bureau_credit_card_count": "bureau_count",
    "bureau_balance_months": "bureau_count",
    "pos_months": "previous_count",
    "card_months": "previous_count",
    **{f"{name}_AVG": f"{_BUILDING}_AVG" for name in _HOUSING},
}
"""Without the second there is none of the first: no active loan without a bureau record, no housing column at all
where the best known one is missing (all 14 are missing together in 48.4 % of the applications)."""

_BUREAU = ("days_credit_mean", "days_credit_max", "credit_sum", "debt_sum", "overdue_sum")
_PREVIOUS = (
    *("refused_share", "approved_share", "days_decision_max", "credit_mean", "annuity_mean", "payment_count_mean"),
    *("cash_share", "revolving_share"),
)
_INSTALMENT = ("count", "delay_days_mean", "late_share", "paid_share")
_ENQUIRIES = ("DAY", "WEEK", "MON", "QRT", "YEAR")
_FLAG_OF = {
    **{f"bureau_{name}": "bureau_count" for name in _BUREAU},
    "bureau_balance_late_share": "bureau_balance_months",
    **{f"previous_{name}": "previous_count" for name in _PREVIOUS},
    **{f"instalment_{name}": "previous_count" for name in _INSTALMENT},
    **{f"pos_{name}": "pos_months" for name in ("late_share", "late_def_share", "future_instalments_mean")},
    **{f"card_{name}": "card_months" for name in ("utilisation_mean", "limit_max", "atm_drawings_mean", "late_share")},
    **{f"AMT_REQ_CREDIT_BUREAU_{span}": "AMT_REQ_CREDIT_BUREAU_HOUR" for span in _ENQUIRIES},
}
"""Values that are missing together with another one."""


@dataclass(frozen=True)
class Presence:
    """Threshold of each child flag, and mean and deviation of each latent among the clients that show the value.

    Clients that have a card are not like the others, so their latents are brought back to a standard normal before
    the marginal cuts them: the marginals were measured on the values that are there.
    """

    thresholds: Mapping[str, float]
    moments: Mapping[str, tuple[float, float]]

    def seen(self, latents: Latents, name: str) -> Floats:
        """Return the latent as it is distributed where the value is shown, float64 (n,)."""
        mean, deviation = self.moments.get(name, (0.0, 1.0))
        return (latents[name] - mean) / deviation


def fit_presence(reference: Latents) -> Presence:
    """Fit thresholds and moments on a reference draw of the copula."""
    thresholds = _fit_thresholds(reference)
    moments = {}
    for name, hidden in hidden_values(reference, Presence(thresholds, {})).items():
        if name in reference.copula.names:
            shown = reference[name][~hidden]
            moments[name] = (float(shown.mean()), float(shown.std()))
    return Presence(thresholds, moments)


def _fit_thresholds(reference: Latents) -> dict[str, float]:
    thresholds = {}
    for child, parent in _PARENTS.items():
        present = ~reference.flag(parent + MISSING)
        wanted = float(np.mean(reference.flag(child + MISSING)) - np.mean(~present)) / float(np.mean(present))
        thresholds[child] = float(np.quantile(reference[child + MISSING][present], 1 - max(wanted, 0.001)))
    return thresholds


def hidden_values(latents: Latents, presence: Presence) -> dict[str, Flags]:
    """Return, for each latent value that can be missing, a flag per client: it is."""
    hidden: dict[str, Flags] = {}
    for name in latents.copula.names:
        if name.endswith(MISSING) and name.removesuffix(MISSING) not in _PARENTS:
            hidden[name.removesuffix(MISSING)] = latents.flag(name)
    for child, parent in _PARENTS.items():
        hidden[child] = hidden[parent] | (latents[child + MISSING] > presence.thresholds[child])
    for name, flag in _FLAG_OF.items():
        hidden[name] = hidden[flag]
    car = latents.copula.marginals[latents.copula.names.index("FLAG_OWN_CAR")]
    hidden["OWN_CAR_AGE"] = car.texts(latents["FLAG_OWN_CAR"]).equals("N")
    hidden["OCCUPATION_TYPE"] = hidden["ORGANIZATION_TYPE"] = not_employed(latents)
    return hidden


def not_employed(latents: Latents) -> Flags:
    """Return a flag per client: DAYS_EMPLOYED is the sentinel 365243 (pensioners and unemployed)."""
    marginal = latents.copula.marginals[latents.copula.names.index("DAYS_EMPLOYED")]
    return np.asarray(marginal.draw(latents["DAYS_EMPLOYED"]) > 0, dtype=np.bool_)
