"""Which values of a client stay out of the tables: missing flags, and flags that imply one another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from solvent.world.copula import MISSING, Latents
from solvent.world.marginals import Flags

_PARENTS = {
    "bureau_active_count": "bureau_count",
    "bureau_max_overdue": "bureau_count",
    "bureau_credit_card_count": "bureau_count",
    "bureau_balance_months": "bureau_count",
    "pos_months": "previous_count",
    "card_months": "previous_count",
}
"""A client without the second has none of the first (no active loan without a bureau record)."""

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


def fit_thresholds(reference: Latents) -> dict[str, float]:
    """Return per child flag the threshold among clients that have the parent, from a reference draw."""
    thresholds = {}
    for child, parent in _PARENTS.items():
        present = ~reference.flag(parent + MISSING)
        wanted = float(np.mean(reference.flag(child + MISSING)) - np.mean(~present)) / float(np.mean(present))
        thresholds[child] = float(np.quantile(reference[child + MISSING][present], 1 - max(wanted, 0.001)))
    return thresholds


def hidden_values(latents: Latents, thresholds: Mapping[str, float]) -> dict[str, Flags]:
    """Return, for each latent value that can be missing, a flag per client: it is."""
    hidden: dict[str, Flags] = {}
    for name in latents.copula.names:
        if name.endswith(MISSING) and name.removesuffix(MISSING) not in _PARENTS:
            hidden[name.removesuffix(MISSING)] = latents.flag(name)
    for child, parent in _PARENTS.items():
        hidden[child] = hidden[parent] | (latents[child + MISSING] > thresholds[child])
    for name, flag in _FLAG_OF.items():
        hidden[name] = hidden[flag]
    hidden["OWN_CAR_AGE"] = ~latents.flag("FLAG_OWN_CAR")
    hidden["OCCUPATION_TYPE"] = hidden["ORGANIZATION_TYPE"] = not_employed(latents)
    return hidden


def not_employed(latents: Latents) -> Flags:
    """Return a flag per client: DAYS_EMPLOYED is the sentinel 365243 (pensioners and unemployed)."""
    marginal = latents.copula.marginals[latents.copula.names.index("DAYS_EMPLOYED")]
    return np.asarray(marginal.draw(latents["DAYS_EMPLOYED"]) > 0, dtype=np.bool_)
