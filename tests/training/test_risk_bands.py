"""Risk bands: what was said, what happened, and whether risk rises from band to band."""

import numpy as np
import pytest

from solvent.domain.policy import Policy, RiskLevel
from solvent.training.measures import ScoredOutcomes
from solvent.training.risk_bands import measure_bands

POLICY = Policy(threshold=0.1, medium_from=0.05, high_from=0.1)


def outcomes(probabilities: list[float], defaulted: list[float]) -> ScoredOutcomes:
    return ScoredOutcomes(np.array(probabilities), np.array(probabilities), np.array(defaulted))


def test_counts_what_became_of_each_band() -> None:
    measured = measure_bands(outcomes([0.01, 0.03, 0.05, 0.09, 0.1, 0.5], [0, 0, 0, 1, 1, 1]), POLICY)
    assert [(band.level, band.rows, band.defaults) for band in measured.bands] == [
        (RiskLevel.LOW, 2, 0),
        (RiskLevel.MEDIUM, 2, 1),
        (RiskLevel.HIGH, 2, 2),
    ]
    assert [band.mean_probability for band in measured.bands] == pytest.approx([0.02, 0.07, 0.3])
    assert [band.default_rate.value for band in measured.bands] == [0.0, 0.5, 1.0]
    assert measured.rising


def test_says_when_a_riskier_band_defaulted_less() -> None:
    assert not measure_bands(outcomes([0.01, 0.06, 0.2, 0.3], [0, 1, 0, 0]), POLICY).rising


def test_a_band_without_rows_has_no_rate() -> None:
    medium = measure_bands(outcomes([0.01, 0.2], [0, 1]), POLICY).bands[1]
    assert (medium.rows, medium.defaults) == (0, 0)
    assert np.isnan(medium.default_rate.value)
