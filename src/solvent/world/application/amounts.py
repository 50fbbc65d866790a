"""Income, credit, goods and annuity of an application: round values and fixed factors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.exact import settle
from solvent.world.drawing.grouped import Grouped, fit_grouped
from solvent.world.drawing.marginals import Flags, Floats, Marginal, Table, share_edges, texts
from solvent.world.drawing.money import CENT_STEP, ROUND_STEP, to_step
from solvent.world.drawing.normal import normal_quantile
from solvent.world.published import Facts

REVOLVING_ANNUITY_SHARE = 0.05
"""AMT_ANNUITY / AMT_CREDIT of revolving loans, in 99.8 % of them (relations.json)."""

NOT_ROUND, FREE_STEP = 0.78, 450.0
"""Share of the incomes that are no frequent value and no multiple of 4,500 (2.7 % of all: relations.json)."""

RATIO_QUANTILES = 401
PUBLISHED_CELLS, ANNUITY_CELLS, ANNUITY_PASSES, CREDIT_GROUPS = 50, 50, 400, 80
LAST_PASSES = 40
"""Passes without the frequent ratios: where the two do not fit together, the annuities hold."""

SMOOTHING = 3.0
"""Weight, in reference clients per group of credit, of the overall shares of the ratios."""


@dataclass(frozen=True)
class Amounts:
    """Discrete distributions of round amounts, and what ties credit to goods and annuity to credit.

    The pairs are mean and deviation of a latent among the applications of that contract type: who takes a cash loan is
    not like the others, and the distributions were measured inside the type.
    """

    income: Marginal
    goods_cash: Marginal
    credit_revolving: Marginal
    credit_to_goods: Marginal
    annuity_to_credit: Marginal
    goods_slope: float
    cash_goods: tuple[float, float]
    cash_factor: tuple[float, float]
    revolving_limit: tuple[float, float]
    credit_edges: Floats
    ratios: Grouped


def fit_amounts(facts: Facts, reference: Latents) -> Amounts:
    """Fit the regression of credit on goods and the ranks of annuity over credit on a reference draw."""
    goods, credit = reference["AMT_GOODS_PRICE"], reference["AMT_CREDIT"]
    slope = float(settle(np.corrcoef(goods, credit))[0, 1])
    relations = facts.relations
    revolving = facts.application["NAME_CONTRACT_TYPE"].texts(reference["NAME_CONTRACT_TYPE"]).equals("Revolving loans")
    factor = credit - slope * goods
    draft = Amounts(
        income=_round_values(relations["income"]),
        goods_cash=_with_rest(relations["goods_price_cash"], facts.application["AMT_GOODS_PRICE"]),
        credit_revolving=_round_values(relations["credit_revolving"]),
        credit_to_goods=_round_values(relations["credit_to_goods_cash"]),
        annuity_to_credit=_round_values(relations["annuity_to_credit_cash"]),
        goods_slope=slope,
        cash_goods=_moments(goods[~revolving]),
        cash_factor=_moments(factor[~revolving]),
        revolving_limit=_moments(credit[revolving]),
        credit_edges=np.zeros(0),
        ratios=Grouped((), np.zeros((0, 0))),
    )
    return _fit_annuities(facts, draft, reference, revolving)


def _fit_annuities(facts: Facts, draft: Amounts, reference: Latents, revolving: Flags) -> Amounts:
    """Fit the ratio of annuity to credit by credit, so that its frequent values and the published annuities hold.

    The shares by group of credit start from the ratios of drawn annuities and are raked to both.
    """
    credit, _ = _cash_credit(draft, reference)
    credit, latent = credit[~revolving], reference["AMT_ANNUITY"][~revolving]
    ratios, margin = np.asarray(draft.annuity_to_credit.values, dtype=np.float64), draft.annuity_to_credit.visible_mass
    edges = np.unique(np.quantile(credit, np.arange(1, CREDIT_GROUPS) / CREDIT_GROUPS, method="inverted_cdf"))
    groups = edges.size + 1
    group = np.searchsorted(edges, credit)
    raw = facts.application["AMT_ANNUITY"].draw(latent) / credit
    place = np.searchsorted(np.cumsum(margin)[:-1], (np.argsort(np.argsort(raw)) + 0.5) / raw.size)
    seed = np.zeros((groups, ratios.size)) + SMOOTHING * margin
    np.add.at(seed, (group, place), 1.0)
    typical = np.array([np.median(credit[group == at]) for at in range(groups)])
    levels = np.arange(1, ANNUITY_CELLS) / ANNUITY_CELLS
    wanted = _cash_annuities(facts, draft, (reference, revolving), levels)
    of_annuity = np.searchsorted(wanted, np.outer(typical, ratios))
    sizes = np.asarray(np.bincount(group, minlength=groups), dtype=np.float64)
    for left in range(ANNUITY_PASSES, 0, -1):
        mass = np.bincount(of_annuity.ravel(), weights=seed.ravel(), minlength=wanted.size + 1) / seed.sum()
        seed *= (1 / ANNUITY_CELLS / np.maximum(mass, 1e-9))[of_annuity]
        if left > LAST_PASSES:
            seed *= (margin / np.maximum(seed.sum(axis=0), 1e-9))[None, :]
        seed *= (sizes / np.maximum(seed.sum(axis=1), 1e-9))[:, None]
    labels = tuple(ratios.tolist())
    return replace(draft, credit_edges=edges, ratios=fit_grouped(labels, seed, latent, group))


def _cash_annuities(facts: Facts, draft: Amounts, drawn: tuple[Latents, Flags], wanted: Floats) -> Floats:
    """Return the quantiles `wanted` of the annuities of cash loans: the published ones less those of revolving loans.

    The annuity of a revolving loan is a share of its limit.
    """
    reference, revolving = drawn
    size = revolving.size
    limit = draft.credit_revolving.draw(_standard(reference["AMT_CREDIT"], draft.revolving_limit))
    whole = np.sort(facts.application["AMT_ANNUITY"].draw(normal_quantile((np.arange(size) + 0.5) / size)))
    edges = np.append(whole[:: size // PUBLISHED_CELLS], whole[-1] + 1)
    mass = np.histogram(whole, edges)[0] - np.histogram(limit[revolving] * REVOLVING_ANNUITY_SHARE, edges)[0]
    levels = np.append(0.0, np.cumsum(np.maximum(mass, 0.0)))
    return np.asarray(np.interp(wanted, levels / levels[-1], edges), dtype=np.float64)


def _with_rest(entry: Mapping[str, Any], marginal: Marginal) -> Marginal:
    """Return the listed frequent values, and for what they do not cover the marginal in steps of `ROUND_STEP`."""
    ranks = (np.arange(RATIO_QUANTILES) + 0.5) / RATIO_QUANTILES
    rest = to_step(marginal.draw(normal_quantile(ranks)), ROUND_STEP)
    values = np.append(np.asarray(entry["values"], dtype=np.float64), rest)
    covered = float(entry["covers"])
    shares = np.append(np.asarray(entry["shares"]) * covered, np.full(rest.size, (1 - covered) / rest.size))
    listed, place = np.unique(values, return_inverse=True)
    return Marginal(share_edges(np.bincount(place, weights=shares).tolist()), tuple(listed.tolist()), True, False, 0.0)  # noqa: FBT003


def _moments(latent: Floats) -> tuple[float, float]:
    return float(latent.mean()), float(latent.std())


def _standard(latent: Floats, moments: tuple[float, float]) -> Floats:
    return (latent - moments[0]) / moments[1]


def _round_values(entry: Mapping[str, Any]) -> Marginal:
    return Marginal(share_edges(entry["shares"]), tuple(entry["values"]), True, False, 0.0)  # noqa: FBT003


def _cash_credit(amounts: Amounts, latents: Latents) -> tuple[Floats, Floats]:
    """Return credit and goods price of every client as if the loan were a cash loan."""
    goods_latent = latents["AMT_GOODS_PRICE"]
    goods = amounts.goods_cash.draw(_standard(goods_latent, amounts.cash_goods))
    residual = latents["AMT_CREDIT"] - amounts.goods_slope * goods_latent
    factor = amounts.credit_to_goods.draw(_standard(residual, amounts.cash_factor))
    return np.maximum(to_step(goods * factor, CENT_STEP), 45000.0), goods


def draw_amounts(table: Table, facts: Facts, amounts: Amounts, drawn: tuple[Latents, Draws]) -> None:
    """Set AMT_INCOME_TOTAL, AMT_CREDIT, AMT_GOODS_PRICE and AMT_ANNUITY of the applications in `table`."""
    latents, draws = drawn
    revolving = texts(table, "NAME_CONTRACT_TYPE").equals("Revolving loans")
    credit, goods = _cash_credit(amounts, latents)
    annuity = _cash_annuity(amounts, latents, credit)
    limit = amounts.credit_revolving.draw(_standard(latents["AMT_CREDIT"], amounts.revolving_limit))
    size = credit.shape[0]
    no_goods = draws.uniform(size) < np.where(revolving, 0.0088, 0.0)
    table["AMT_CREDIT"] = np.where(revolving, limit, credit)
    table["AMT_GOODS_PRICE"] = np.where(no_goods, np.nan, np.where(revolving, limit, goods))
    annuity = np.where(revolving, limit * REVOLVING_ANNUITY_SHARE, annuity)
    table["AMT_ANNUITY"] = np.where(draws.uniform(size) < facts.application["AMT_ANNUITY"].missing, np.nan, annuity)
    step = np.where(draws.chance(NOT_ROUND, size), FREE_STEP, ROUND_STEP)
    free = to_step(facts.application["AMT_INCOME_TOTAL"].draw(latents["AMT_INCOME_TOTAL"]), step)
    listed = draws.uniform(size) < float(facts.relations["income"]["covers"])
    table["AMT_INCOME_TOTAL"] = np.where(listed, amounts.income.draw(latents["AMT_INCOME_TOTAL"]), free)


def _cash_annuity(amounts: Amounts, latents: Latents, credit: Floats) -> Floats:
    """Return annuities whose ratio to the credit has the rank of the copula and the frequent values of the facts."""
    ratio = amounts.ratios.numbers(latents["AMT_ANNUITY"], np.searchsorted(amounts.credit_edges, credit))
    return to_step(credit * ratio, CENT_STEP)
