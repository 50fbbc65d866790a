"""The profile read back: counts in its bins, and what is said where there is none."""

import math
from dataclasses import replace

import numpy as np
import pytest

from solvent.bundle.profile import Bins, read_profile
from solvent.bundle.reference import find_thin_files
from solvent.errors import BundleError
from solvent.scoring.model import Model


def test_values_are_counted_up_to_their_edge_and_missing_ones_last() -> None:
    bins = Bins(np.array([2.0, 4.0]), np.array([0.3, 0.3, 0.4, 0.0]))
    values = np.array([2.0, 2.1, 4.0, 9.0, math.nan, math.nan], dtype=np.float32)
    assert bins.count(values).tolist() == [1, 2, 1, 2]
    assert bins.count(np.empty(0, dtype=np.float32)).tolist() == [0, 0, 0, 0]


def test_codes_of_a_category_are_counted_by_category() -> None:
    bins = Bins(np.array([0.0]), np.array([0.5, 0.5, 0.0]), ("Cash loans", "Revolving loans"))
    assert bins.count(np.array([0.0, 1.0, 1.0, math.nan])).tolist() == [1, 2, 1]


def test_the_profile_of_a_bundle_is_read_back_whole(model: Model) -> None:
    profile = read_profile(model.bundle)
    assert profile.rows == 2_000
    assert tuple(profile.features) == model.bundle.program.names
    assert profile.importances.sum() == pytest.approx(1.0)
    assert [float(bins.shares.sum()) for bins in profile.features.values()] == pytest.approx([1.0] * 6)
    assert profile.features["contract"].categories == ("Cash loans", "Revolving loans")
    assert profile.thin_files == pytest.approx(0.3, abs=0.03)


def test_a_bundle_without_a_profile_is_refused(model: Model) -> None:
    with pytest.raises(BundleError, match=r"profile.json of .* does not say what is normal: train the bundle again"):
        read_profile(replace(model.bundle, profile={"rows": 2_000}))


def test_a_thin_file_misses_everything_that_histories_tell(model: Model) -> None:
    nan = math.nan
    rows = np.array([[1, 1, 1, 0, nan, nan], [1, 1, 1, 0, 5.0, nan], [nan] * 6], dtype=np.float32)
    # "relative_credit" reads the application too, so "debt" alone decides.
    assert find_thin_files(model.bundle.program, rows).tolist() == [True, False, True]
