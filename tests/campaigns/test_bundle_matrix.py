"""T-09, the column of every test run; `campaigns/bundle_matrix.py` is the campaign."""

from pathlib import Path

import pytest

from bundle_matrix import run_matrix
from bundle_trials import Plan

pytestmark = pytest.mark.slow


def test_two_thousand_spoiled_bundles_are_refused_before_lightgbm_sees_them(tiny_bundle: Path) -> None:
    tally = run_matrix(Plan(tiny_bundle, mutations=2000))
    assert tally.examples == []
    assert tally.outcomes == {"refused": 2000}
    assert set(tally.reasons) == {"digest", "checksum", "files", "form", "agreement"}


def test_without_digests_spoiled_bundles_get_through(tiny_bundle: Path) -> None:
    tally = run_matrix(Plan(tiny_bundle, mutations=60, without_digests=True))
    assert tally.outcomes["accepted"] > 0
    assert tally.outcomes["refused by LightGBM only"] > 0


def test_a_run_goes_on_where_another_one_ended(tiny_bundle: Path) -> None:
    first = run_matrix(Plan(tiny_bundle, mutations=110))
    parts = [run_matrix(Plan(tiny_bundle, mutations=60)), run_matrix(Plan(tiny_bundle, mutations=50, first=60))]
    assert first.kinds == parts[0].kinds + parts[1].kinds
