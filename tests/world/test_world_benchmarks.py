import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from solvent.world.fidelity.folder import RawFolder
from solvent.world.making import WorldSummary
from solvent.world.published import load_facts

pytestmark = pytest.mark.slow


def _load(name: str) -> ModuleType:
    """Load a script of `benchmarks/`, which stands outside the package; its `main` is not run."""
    path = Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


TOLD = _load("told_from_real")
GAINS = _load("table_gains")


COLUMNS = ("AMT_CREDIT", "AMT_ANNUITY", "DAYS_BIRTH", "EXT_SOURCE_2", "NAME_EDUCATION_TYPE", "OWN_CAR_AGE")


@pytest.fixture(scope="module")
def halves(small_world: tuple[Path, WorldSummary]) -> tuple[Any, Any]:
    facts = load_facts()
    rows = TOLD.read_applications(RawFolder(small_world[0], facts), facts, {})
    few = TOLD.Rows(COLUMNS, rows.values[:, [rows.names.index(name) for name in COLUMNS]], rows.defaulted)
    return few.take(np.arange(0, 1000, 2)), few.take(np.arange(1, 1000, 2))


def test_two_halves_of_one_world_cannot_be_told_apart(halves: tuple[Any, Any]) -> None:
    assert TOLD.tell_apart(*halves, seed=1).auc == pytest.approx(0.5, abs=0.08)


def test_equal_scores_tell_nothing_apart() -> None:
    side = np.array([0.0, 0.0, 1.0, 1.0])
    assert TOLD.auc_of(np.full(4, 0.3), side) == 0.5
    assert TOLD.auc_of(np.array([0.1, 0.4, 0.4, 0.8]), side) == 0.875


def test_a_planted_fault_is_told_and_named(halves: tuple[Any, Any]) -> None:
    left, right = halves
    faulty = TOLD.Rows(right.names, right.values * [0.1, 1.0, 1.0, 1.0, 1.0, 1.0], right.defaulted)
    told = TOLD.tell_apart(left, faulty, seed=1)
    assert told.auc > 0.9
    assert told.telltales[0][0] == "AMT_CREDIT"


def test_simulated_clients_are_drawn_with_the_real_share_of_defaults() -> None:
    real = TOLD.Rows(("x",), np.zeros((4, 1)), np.array([1.0, 1.0, 0.0, 1.0]))
    simulated = TOLD.Rows(("x",), np.arange(9.0)[:, None], np.array([0, 0, 1, 1, 1, 1, 0, np.nan, np.nan]))
    drawn = TOLD.draw_with_default_share(simulated, real, seed=0)
    assert sorted(drawn.defaulted.tolist()) == [0.0, 1.0, 1.0, 1.0]


def test_a_category_that_one_side_never_shows_is_a_share_of_none_there() -> None:
    left = TOLD.Rows(("count", "KIND = A"), np.array([[1.0, 1.0]]), np.array([0.0]))
    right = TOLD.Rows(("count", "KIND = B"), np.array([[2.0, 1.0]]), np.array([0.0]))
    one, other = TOLD.align(left, right)
    assert (one.names, one.values.tolist(), other.values.tolist()) == (
        ("count", "KIND = A", "KIND = B"),
        [[1.0, 1.0, 0.0]],
        [[2.0, 0.0, 1.0]],
    )


def test_expected_auc_weighs_every_pair_by_how_likely_it_is() -> None:
    probabilities = np.array([0.5, 0.1, 0.2])
    scores = np.array([3.0, 1.0, 1.0])
    pairs = 0.5 * (0.9 + 0.8) + 0.5 * (0.1 * 0.8 + 0.2 * 0.9) + 0.5 * (0.5 * 0.5 + 0.1 * 0.9 + 0.2 * 0.8)
    assert GAINS.expected_auc(scores, probabilities) == pytest.approx(pairs / (0.8 * 2.2))


def test_expected_auc_of_certain_outcomes_is_the_auc() -> None:
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    assert GAINS.expected_auc(scores, np.array([0.0, 0.0, 1.0, 1.0])) == 0.75
