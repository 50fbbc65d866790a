"""The scorecard: weights of evidence as counted by hand, points on the scale of the trade."""

import math

import numpy as np
import pytest
from small_portfolio import make_portfolio

from solvent.training.scorecard import ScorecardLearner, to_points, weigh_evidence

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("odds", "points"), [(50.0, 600.0), (100.0, 620.0), (25.0, 580.0), (400.0, 660.0)])
def test_twenty_points_double_the_odds_from_600_at_50_to_1(odds: float, points: float) -> None:
    assert to_points(np.array([-math.log(odds)]))[0] == pytest.approx(points)


def test_weights_of_evidence_are_counted_over_the_bins() -> None:
    portfolio = make_portfolio(4_000)
    card = ScorecardLearner(("ext_source_1", "ext_source_2")).fit(portfolio, portfolio)
    first = next(one for one in card.characteristics if one.column == 0)
    evidence = weigh_evidence(first.binning, portfolio.values[:, 0])
    missing = np.isnan(portfolio.values[:, 0])
    bad, good = portfolio.target > 0, portfolio.target == 0
    expected = math.log((missing & good).sum() / good.sum()) - math.log((missing & bad).sum() / bad.sum())
    assert evidence[missing] == pytest.approx(expected)


def test_who_scores_higher_in_log_odds_has_fewer_points_and_risk_rises_with_it() -> None:
    portfolio = make_portfolio(4_000)
    card = ScorecardLearner(portfolio.program.names).fit(portfolio, portfolio)
    scores = card.score(portfolio)
    assert (np.diff(card.points(portfolio)[np.argsort(scores)]) <= 0).all()
    assert all(one.weight < 0 for one in card.characteristics)
    risky = scores > np.quantile(scores, 0.8)
    assert portfolio.target[risky].mean() > 2 * portfolio.target[~risky].mean()
    assert {one.column for one in card.characteristics} <= {0, 1, 5}
