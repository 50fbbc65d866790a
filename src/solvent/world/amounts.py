"""Income, credit, goods and annuity of an application: round values and fixed factors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solvent.world.copula import Latents
from solvent.world.draws import Draws
from solvent.world.exact import settle
from solvent.world.marginals import Floats, Marginal, Table, share_edges, texts
from solvent.world.money import CENT_STEP, ROUND_STEP, to_step
from solvent.world.published import Facts

REVOLVING_ANNUITY_SHARE = 0.05
"""AMT_ANNUITY / AMT_CREDIT of revolving loans, in 99.8 % of them (relations.json)."""

RATIO_QUANTILES = 401


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
    ratio_quantiles: Floats


def fit_amounts(facts: Facts, reference: Latents) -> Amounts:
    """Fit the regression of credit on goods and the ranks of annuity over credit on a reference draw."""
    goods, credit = reference["AMT_GOODS_PRICE"], reference["AMT_CREDIT"]
    slope = float(settle(np.corrcoef(goods, credit))[0, 1])
    relations = facts.relations
    revolving = facts.application["NAME_CONTRACT_TYPE"].texts(reference["NAME_CONTRACT_TYPE"]).equals("Revolving loans")
    factor = credit - slope * goods
    draft = Amounts(
        income=_round_values(relations["income"]),
        goods_cash=_round_values(relations["goods_price_cash"]),
        credit_revolving=_round_values(relations["credit_revolving"]),
        credit_to_goods=_round_values(relations["credit_to_goods_cash"]),
        annuity_to_credit=_round_values(relations["annuity_to_credit_cash"]),
        goods_slope=slope,
        cash_goods=_moments(goods[~revolving]),
        cash_factor=_moments(factor[~revolving]),
        revolving_limit=_moments(credit[revolving]),
        ratio_quantiles=np.zeros(1),
    )
    cash_credit, _ = _cash_credit(draft, reference)
    ratio = np.sort((facts.application["AMT_ANNUITY"].draw(reference["AMT_ANNUITY"]) / cash_credit)[~revolving])
    at = np.linspace(0, ratio.shape[0] - 1, RATIO_QUANTILES).astype(np.int64)
    return replace(draft, ratio_quantiles=ratio[at])


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
    annuity = _cash_annuity(facts, amounts, latents, credit)
    limit = amounts.credit_revolving.draw(_standard(latents["AMT_CREDIT"], amounts.revolving_limit))
    size = credit.shape[0]
    no_goods = draws.uniform(size) < np.where(revolving, 0.0088, 0.0)
    table["AMT_CREDIT"] = np.where(revolving, limit, credit)
    table["AMT_GOODS_PRICE"] = np.where(no_goods, np.nan, np.where(revolving, limit, goods))
    annuity = np.where(revolving, limit * REVOLVING_ANNUITY_SHARE, annuity)
    table["AMT_ANNUITY"] = np.where(draws.uniform(size) < facts.application["AMT_ANNUITY"].missing, np.nan, annuity)
    free = to_step(facts.application["AMT_INCOME_TOTAL"].draw(latents["AMT_INCOME_TOTAL"]), ROUND_STEP)
    listed = draws.uniform(size) < float(facts.relations["income"]["covers"])
    table["AMT_INCOME_TOTAL"] = np.where(listed, amounts.income.draw(latents["AMT_INCOME_TOTAL"]), free)


def _cash_annuity(facts: Facts, amounts: Amounts, latents: Latents, credit: Floats) -> Floats:
    """Return annuities whose ratio to the credit has the rank of the copula and the frequent values of the facts."""
    raw = facts.application["AMT_ANNUITY"].draw(latents["AMT_ANNUITY"]) / credit
    rank = np.interp(raw, amounts.ratio_quantiles, np.linspace(0, 1, RATIO_QUANTILES))
    values = np.asarray(amounts.annuity_to_credit.values, dtype=np.float64)
    bounds = np.cumsum(amounts.annuity_to_credit.visible_mass)
    ratio = values[np.clip(np.searchsorted(bounds, rank), 0, values.shape[0] - 1)]
    return to_step(credit * ratio, CENT_STEP)
