"""The benchmark of the learner's settings judges them by rows that no reported figure comes from."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_portfolio import make_portfolio

from solvent.training.splits import split_clients


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script of `benchmarks/`, which stands outside the package; its `main` is not run."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return import_module("learner_settings")


def test_settings_are_judged_on_a_fifth_of_the_fit_rows_and_grown_on_the_rest(benchmark: ModuleType) -> None:
    splits = split_clients(make_portfolio(4_000), seed=0)
    grown, judged = benchmark.divide_fit_rows(splits)
    assert np.union1d(grown, judged).tolist() == splits.fit.tolist()
    assert len(np.intersect1d(grown, judged)) == 0
    assert len(judged) / len(splits.fit) == pytest.approx(0.2, abs=0.03)


def test_refuses_to_judge_settings_by_test_rows(benchmark: ModuleType) -> None:
    splits = split_clients(make_portfolio(2_000), seed=0)
    leaking = replace(splits, fit=np.sort(np.append(splits.fit, splits.test[:1])))
    with pytest.raises(ValueError, match="test rows are among the fit rows"):
        benchmark.divide_fit_rows(leaking)
