"""A model that is no better than chance on its test clients decides nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundle_parts import write

from solvent.bundle.files import Bundle, read_bundle
from solvent.bundle.quality import check_quality
from solvent.errors import BundleError


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return read_bundle(write(tmp_path / "bundle"))


def _evaluated(bundle: Bundle, auc: object) -> Bundle:
    return replace(bundle, evaluation={"test": {"auc": auc}})


def test_an_interval_above_chance_passes(bundle: Bundle) -> None:
    check_quality(_evaluated(bundle, {"value": 0.6, "low": 0.501, "high": 0.7}))


@pytest.mark.parametrize("low", [0.5, 0.31, 0, float("nan")])
def test_an_interval_that_holds_chance_is_refused(bundle: Bundle, low: float) -> None:
    with pytest.raises(BundleError, match=r"evaluation\.json fails the quality gate"):
        check_quality(_evaluated(bundle, {"value": 0.6, "low": low, "high": 0.7}))


@pytest.mark.parametrize("auc", [None, 0.8, {}, {"low": None}, {"low": "0.7"}, {"low": True}])
def test_an_evaluation_without_an_interval_is_refused(bundle: Bundle, auc: Any) -> None:
    with pytest.raises(BundleError, match=r"evaluation\.json holds no AUC"):
        check_quality(_evaluated(bundle, auc))
