"""Which values of a client stay out of the tables: missing flags, and flags that imply one another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from solvent.world.application.copula import BUILDING, Latents
from solvent.world.application.employment import EMPLOYED, EMPLOYED_ONLY
from solvent.world.drawing.exact import settle
from solvent.world.drawing.grouped import FARTHEST_CUT
from solvent.world.drawing.marginals import Flags, Floats
from solvent.world.drawing.sentinels import MISSING

_PARENTS = {
    "bureau_active_count": "bureau_count",
    "bureau_max_overdue": "bureau_count",
    "bureau_credit_card_count": "bureau_count",
    "bureau_balance_months": "bureau_count",
    "pos_months": "previous_count",
    "card_months": "previous_count",
}
"""Without the second there is none of the first: no active loan without a bureau record."""

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


@dataclass(frozen=True, slots=True)
class Linked:
    """Thresholds of a missing flag: where its parent is shown, where it is missing, and for a blank building."""

    parent_shown: float
    parent_missing: float
    blank: float


@dataclass(frozen=True)
class Presence:
    """Thresholds of child and linked flags, and mean and deviation of each latent among those that show the value.

    Clients that have a card are not like the others, so their latents are brought back to a standard normal before
    the marginal cuts them: the marginals were measured on the values that are there.
    """

    thresholds: Mapping[str, float]
    linked: Mapping[str, Linked]
    moments: Mapping[str, tuple[float, float]]

    def seen(self, latents: Latents, name: str) -> Floats:
        """Return the latent as it is distributed where the value is shown, float64 (n,)."""
        mean, deviation = self.moments.get(name, (0.0, 1.0))
        return (latents[name] - mean) / deviation


def fit_presence(reference: Latents) -> Presence:
    """Fit thresholds and moments on a reference draw of the copula."""
    draft = Presence(_fit_thresholds(reference), _fit_linked(reference), {})
    moments = {}
    for name, hidden in hidden_values(reference, draft).items():
        if name in reference.copula.names:
            shown = reference[name][~hidden]
            moments[name] = (float(shown.mean()), float(shown.std()))
    return replace(draft, moments=moments)


def _fit_linked(reference: Latents) -> dict[str, Linked]:
    """Fit the thresholds so that each linked flag is missing as often as published, given its parent."""
    building = reference[BUILDING + MISSING]
    blank_cut = _cut(building, reference.copula.blank_share)
    thresholds = {BUILDING: Linked(blank_cut, blank_cut, blank_cut)}
    hidden: dict[str, Flags] = {BUILDING: reference.flag(BUILDING + MISSING)}
    for link in reference.copula.links:
        latent = reference[link.child + MISSING]
        parent = hidden.setdefault(link.parent, reference.flag(link.parent + MISSING))
        blank = (building > blank_cut) & (link.if_blank is not None)
        thresholds[link.child] = Linked(
            _cut(latent[~parent & ~blank], link.if_shown),
            _cut(latent[parent & ~blank], link.if_missing),
            _cut(latent[blank], link.if_blank or 0.0),
        )
        hidden[link.child] = _is_hidden(latent, thresholds[link.child], parent, blank)
    return thresholds


def _is_hidden(latent: Floats, linked: Linked, parent: Flags, blank: Flags) -> Flags:
    threshold = np.where(blank, linked.blank, np.where(parent, linked.parent_missing, linked.parent_shown))
    return np.asarray(latent > threshold, dtype=np.bool_)


def _cut(latent: Floats, share: float) -> float:
    """Return the threshold above which this share of the latents lies."""
    if share in {0.0, 1.0} or not latent.size:
        return -FARTHEST_CUT if share else FARTHEST_CUT
    return float(settle(np.quantile(latent, [1 - share]))[0])


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
    is_blank = latents[BUILDING + MISSING] > presence.linked[BUILDING].blank
    for link in latents.copula.links:
        blank = is_blank & (link.if_blank is not None)
        latent = latents[link.child + MISSING]
        hidden[link.child] = _is_hidden(latent, presence.linked[link.child], hidden[link.parent], blank)
    for child, parent in _PARENTS.items():
        hidden[child] = hidden[parent] | (latents[child + MISSING] > presence.thresholds[child])
    for name, flag in _FLAG_OF.items():
        hidden[name] = hidden[flag]
    car = latents.copula.marginals[latents.copula.names.index("FLAG_OWN_CAR")]
    hidden["OWN_CAR_AGE"] = car.texts(latents["FLAG_OWN_CAR"]).equals("N")
    idle = not_employed(latents)
    hidden.update(dict.fromkeys(EMPLOYED_ONLY, idle))
    hidden["OCCUPATION_TYPE"] = idle | latents.flag("OCCUPATION_TYPE" + MISSING)
    return hidden


def not_employed(latents: Latents) -> Flags:
    """Return a flag per client: DAYS_EMPLOYED is the sentinel 365243 (pensioners and unemployed)."""
    return ~latents.flag(EMPLOYED)
