"""The twenty document flags: one document that identifies the applicant, rarely another one with it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.application.employment import EMPLOYED
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.exact import settle
from solvent.world.drawing.grouped import Grouped, fit_grouped
from solvent.world.drawing.marginals import Floats, Integers, Table
from solvent.world.published import Facts

_MAIN = (6, 8, 5, 9, 11, 4, 7, 3)
"""No application has two of these: their published correlations are those of flags that exclude each other.

The order is that of the draws: each is drawn among those who have none of the earlier ones.
"""

_MORE = (13, 14, 15, 16, 17, 18, 19, 20, 21)
_NEVER = (2, 10, 12)
PASSES = 100


@dataclass(frozen=True)
class DocumentRules:
    """Per main document, its share by contract type and employment; per further one, its share by main document."""

    main: Mapping[int, Grouped]
    more: Mapping[int, Floats]


def _flag(number: int) -> str:
    return f"FLAG_DOCUMENT_{number}"


def _share(facts: Facts, number: int) -> float:
    return float(facts.application[_flag(number)].visible_mass[1])


def fit_documents(facts: Facts, reference: Latents) -> DocumentRules:
    """Fit the thresholds on a reference draw."""
    groups = _groups(reference)
    left = np.ones(groups.size, dtype=np.bool_)
    shares = _main_shares(facts, np.bincount(groups, minlength=4) / groups.size)
    remaining = np.ones(4)
    main = {}
    for at, number in enumerate(_MAIN):
        given = np.clip(shares[:, at] / np.maximum(remaining, 1e-9), 0.0, 1.0)
        latent = reference[_flag(number)]
        main[number] = fit_grouped((0, 1), np.column_stack([1 - given, given]), latent[left], groups[left])
        left &= main[number].codes(latent, groups) == 0
        remaining = remaining - shares[:, at]
    return DocumentRules(main, {number: _more_shares(facts, number) for number in _MORE})


def _groups(latents: Latents) -> Integers:
    cash = latents.flag("NAME_CONTRACT_TYPE").astype(np.int64)
    return cash * 2 + latents.flag(EMPLOYED)


def _main_shares(facts: Facts, weights: Floats) -> Floats:
    """Return shares (4, main) per contract type and employment: their margins are the published ones."""
    columns = [_flag(number) for number in _MAIN]
    by_cash = _margin(facts, "NAME_CONTRACT_TYPE", columns)
    by_work = _margin(facts, EMPLOYED, columns)
    joint = np.ones((2, 2, len(columns) + 1)) * weights.reshape(2, 2, 1)
    for _ in range(PASSES):
        joint *= (by_cash / np.maximum(joint.sum(axis=1), 1e-12))[:, None, :]
        joint *= (by_work / np.maximum(joint.sum(axis=0), 1e-12))[None, :, :]
        joint *= (weights.reshape(2, 2) / joint.sum(axis=2))[:, :, None]
    shares = (joint / joint.sum(axis=2, keepdims=True)).reshape(4, -1)
    return settle(shares[:, :-1])


def _margin(facts: Facts, name: str, columns: list[str]) -> Floats:
    """Return the joint shares (2, c + 1) of a flag-like column with each document and with none."""
    upper = float(facts.application[name].visible_mass[1])
    share = np.array([float(facts.application[column].visible_mass[1]) for column in columns])
    with_upper = np.clip([facts.joint_share(name, column) for column in columns], 1e-7, share)
    both = np.stack([np.maximum(share - with_upper, 1e-7), with_upper])
    return np.column_stack([both, np.array([1 - upper, upper]) - both.sum(axis=1)])


def _more_shares(facts: Facts, number: int) -> Floats:
    """Return the share of a further document by main document (main + 1,), the last for those without one."""
    share = _share(facts, number)
    joint = np.array([max(facts.joint_share(_flag(number), _flag(main)), 0.0) for main in _MAIN])
    joint *= min(1.0, share / max(float(joint.sum()), 1e-12))
    main = np.array([max(_share(facts, main), 1e-9) for main in _MAIN])
    alone = (share - joint.sum()) / (1 - main.sum())
    return np.append(joint / main, alone)


def draw_documents(table: Table, rules: DocumentRules, latents: Latents, draws: Draws) -> None:
    """Set the twenty document flags of the applications in `table`."""
    groups = _groups(latents)
    size = groups.size
    kind = np.full(size, len(_MAIN))
    for at, (number, rule) in enumerate(rules.main.items()):
        given = (rule.codes(latents[_flag(number)], groups) == 1) & (kind == len(_MAIN))
        kind[given] = at
        table[_flag(number)] = given.astype(np.float64)
    for number, shares in rules.more.items():
        table[_flag(number)] = draws.chance(shares[kind], size).astype(np.float64)
    for number in _NEVER:
        table[_flag(number)] = np.zeros(size)
