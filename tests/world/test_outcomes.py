import numpy as np
import pytest

from solvent.world.blocks import BLOCK_CLIENTS, Block, Lender, make_block
from solvent.world.drawing.marginals import Coded, Table
from solvent.world.fidelity.measured import load_measured
from solvent.world.making import ceiling_auc
from solvent.world.outcomes import OutcomeModel, Term
from solvent.world.published import read_facts

MODEL = {
    "terms": {
        "INCOME": {"weight": -0.5, "knots": [0.0, 10.0], "scores": [-1.0, 1.0]},
        "KIND": {"weight": 0.3, "labels": {"A": -1.0, "B": 1.0}},
        "SCORE": {"weight": -0.4, "knots": [0.0, 1.0], "scores": [-2.0, 2.0]},
        "SCORE__missing": {"weight": 0.2, "scores": [-0.5, 2.0]},
    },
    "core": ["INCOME", "KIND"],
    "expected": {"SCORE": [0.6, 0.0]},
    "threshold": 1.4,
    "residual": 0.9,
}


@pytest.fixture(scope="module")
def blocks(lender: Lender) -> list[Block]:
    return [make_block(lender, 77, index) for index in range(4)]


def test_a_term_lies_straight_between_its_knots_and_is_missing_with_its_column() -> None:
    term = Term("INCOME", np.array([-1.0, 0.0, 2.0]), knots=np.array([0.0, 5.0, 10.0]))
    values = term.read({"INCOME": np.array([0.0, 7.5, 99.0, np.nan])})
    assert values == pytest.approx([-1.0, 1.0, 2.0, np.nan], nan_ok=True)


def test_an_unknown_category_counts_as_the_middle() -> None:
    term = Term("KIND", np.empty(0), labels={"A": -1.0})
    values = term.read({"KIND": Coded(np.array([0, 1, -1]), ("A", "new"))})
    assert values == pytest.approx([-1.0, 0.0, np.nan], nan_ok=True)


def test_the_probability_is_the_probit_of_the_weighted_terms() -> None:
    columns: Table = {"INCOME": np.array([10.0]), "KIND": Coded(np.array([1]), ("A", "B")), "SCORE": np.array([0.5])}
    index = -0.5 * 1.0 + 0.3 * 1.0 - 0.4 * 0.0 + 0.2 * -0.5
    assert (index - 1.4) / 0.9 == pytest.approx(-1.8889, abs=1e-4)
    assert OutcomeModel.from_json(MODEL).probability(columns)[0] == pytest.approx(0.02945, abs=1e-5)


def test_what_the_core_tells_stands_in_for_a_missing_value() -> None:
    columns: Table = {"INCOME": np.array([0.0]), "KIND": Coded(np.array([0]), ("A", "B")), "SCORE": np.array([np.nan])}
    index = 0.5 - 0.3 - 0.4 * (0.6 * -1.0) + 0.2 * 2.0
    assert (index - 1.4) / 0.9 == pytest.approx(-0.6222, abs=1e-4)
    assert OutcomeModel.from_json(MODEL).probability(columns)[0] == pytest.approx(0.26690, abs=1e-4)


def test_a_client_whose_core_value_is_missing_has_a_probability_too() -> None:
    """The income tells its mean, 0, of itself and of the score."""
    columns: Table = {
        "INCOME": np.array([np.nan]),
        "KIND": Coded(np.array([1]), ("A", "B")),
        "SCORE": np.array([np.nan]),
    }
    index = -0.5 * 0.0 + 0.3 * 1.0 - 0.4 * 0.0 + 0.2 * 2.0
    assert (index - 1.4) / 0.9 == pytest.approx(-0.7778, abs=1e-4)
    assert OutcomeModel.from_json(MODEL).probability(columns)[0] == pytest.approx(0.21835, abs=1e-4)


def test_the_shipped_truth_fits_the_tables_it_reads(blocks: list[Block]) -> None:
    """Three standard errors of a mean over 4,000 clients are .005; beyond, the truth wants `tools/fit_truth.py`."""
    probability = np.concatenate([block.probability for block in blocks])
    assert probability.size == 4 * BLOCK_CLIENTS
    assert float(probability.mean()) == pytest.approx(0.0807, abs=0.005)


def test_no_term_of_late_payments_debt_overdue_or_use_of_the_limit_lowers_the_shipped_risk() -> None:
    words = {"late", "overdue", "delay", "utilisation"}
    weights = {name: entry["weight"] for name, entry in read_facts("truth")["terms"].items()}
    paying = [name for name in weights if words & set(name.split("_")) and not name.endswith("__missing")]
    assert len(paying) == 14
    assert [name for name in paying if weights[name] < 0] == []


def test_what_lies_within_two_standard_errors_of_nothing_is_no_part_of_the_shipped_truth() -> None:
    published = load_measured().correlations()
    target = published.values[published.names.index("TARGET")]
    uncertain = {
        name
        for name, value, rows in zip(published.names, target, published.rows, strict=True)
        if np.isnan(value) or abs(value) < 2 / np.sqrt(rows)
    }
    weights = {name: entry["weight"] for name, entry in read_facts("truth")["terms"].items()}
    assert len(uncertain & weights.keys()) > 50
    assert [name for name in uncertain & weights.keys() if weights[name] != 0] == []


def test_the_shipped_truth_is_attainable_as_far_as_published_models_suggest(blocks: list[Block]) -> None:
    """The band of the ceiling is .80 to .82; over 4,000 clients it moves by up to .006."""
    probability = np.concatenate([block.probability for block in blocks])
    assert ceiling_auc(probability) == pytest.approx(0.81, abs=0.01 + 0.006)


def test_draws_agree_with_their_probabilities_from_the_lowest_to_the_highest(blocks: list[Block]) -> None:
    probability = np.concatenate([block.probability for block in blocks])
    defaulted = np.concatenate([block.defaulted for block in blocks])
    for part in np.array_split(np.argsort(probability), 5):
        spread = np.sqrt(np.sum(probability[part] * (1 - probability[part])))
        assert abs(defaulted[part].sum() - probability[part].sum()) < 4 * spread


def test_the_truth_spreads_from_near_none_to_more_than_a_half(blocks: list[Block]) -> None:
    probability = np.concatenate([block.probability for block in blocks])
    low, high = np.quantile(probability, [0.05, 0.999])
    assert probability.min() > 0
    assert (low < 0.01, high > 0.5, probability.max() < 1) == (True, True, True)
