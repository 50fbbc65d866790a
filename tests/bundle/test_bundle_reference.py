"""What monitoring compares with: shares worked by hand, and a sample that is the same twice."""

import io
import math
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet
import pytest
from bundle_parts import CONTRACT, INCOME

from solvent.bundle.json_form import render_json
from solvent.bundle.reference import (
    ScoredRows,
    build_profile,
    has_whole_rows,
    measure_shares,
    read_reference,
    render_reference,
)
from solvent.errors import BundleError
from solvent.features.compilation import compile_features

NAN = math.nan
PROGRAM = compile_features([INCOME, CONTRACT])
CATEGORIES = PROGRAM.features[1].categories


def scored(values: list[list[float]]) -> ScoredRows:
    scores = np.arange(len(values), dtype=np.float64)
    return ScoredRows(np.array(values, dtype=np.float32), scores, scores / 100.0)


def profile_of(rows: ScoredRows) -> Any:
    return orjson.loads(render_json(build_profile(PROGRAM, rows, importances={"income": 0.75, "contract": 0.25})))


def test_a_number_is_binned_at_its_deciles() -> None:
    profile = profile_of(scored([[value, 0.0] for value in range(1, 21)]))
    assert profile["rows"] == 20
    assert profile["features"]["income"] == {
        "edges": [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0],
        "shares": [0.1] * 10,
        "missing": 0.0,
        "importance": 0.75,
    }


def test_few_distinct_values_and_missing_ones_have_their_own_shares() -> None:
    profile = profile_of(scored([[0.0, NAN]] * 5 + [[3.0, NAN]] * 3 + [[NAN, NAN]] * 2))
    assert profile["features"]["income"] == {
        "edges": [0.0, 3.0],
        "shares": [0.5, 0.3, 0.0],
        "missing": 0.2,
        "importance": 0.75,
    }


def test_a_category_has_the_share_of_each_value() -> None:
    profile = profile_of(scored([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, NAN]]))
    assert CATEGORIES == ("Cash loans", "Revolving loans")
    assert profile["features"]["contract"] == {
        "categories": ["Cash loans", "Revolving loans"],
        "shares": [0.5, 0.25],
        "missing": 0.25,
        "importance": 0.25,
    }


def test_a_feature_without_values_is_all_missing() -> None:
    assert profile_of(scored([[NAN, 0.0]]))["features"]["income"] == {
        "edges": [],
        "shares": [0.0],
        "missing": 1.0,
        "importance": 0.75,
    }


def test_score_and_probability_are_binned_too() -> None:
    profile = profile_of(scored([[1.0, 0.0]] * 10))
    assert profile["score"]["edges"] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert profile["probability_default"]["shares"] == [0.1] * 10


def test_shares_of_other_rows_use_the_same_bins() -> None:
    edges = np.array([2.0, 4.0])
    assert measure_shares(np.array([2.0, 2.1, 4.0, 9.0, NAN]), edges).tolist() == [0.2, 0.4, 0.2]


def test_the_sample_holds_texts_numbers_and_gaps() -> None:
    content = render_reference(PROGRAM, scored([[5.0, 1.0], [NAN, NAN]]), seed=1)
    assert pyarrow.parquet.read_table(io.BytesIO(content)).to_pydict() == {
        "income": [5.0, None],
        "contract": ["Revolving loans", None],
        "score": [0.0, 1.0],
        "probability_default": [0.0, 0.01],
    }


def test_the_sample_is_limited_ordered_and_decided_by_the_seed() -> None:
    rows = scored([[value, 0.0] for value in range(100)])
    first = render_reference(PROGRAM, rows, seed=1, limit=10)
    kept = pyarrow.parquet.read_table(io.BytesIO(first))["score"].to_pylist()
    assert len(kept) == 10
    assert kept == sorted(kept)
    assert render_reference(PROGRAM, rows, seed=1, limit=10) == first
    assert render_reference(PROGRAM, rows, seed=2, limit=10) != first


def test_a_shuffled_sample_keeps_every_column_and_no_row() -> None:
    rows = scored([[value, value % 2] for value in range(100)])
    content = render_reference(PROGRAM, rows, seed=1, shuffled=True)
    found = read_reference(content, PROGRAM)
    np.testing.assert_array_equal(np.sort(found.values, axis=0), np.sort(rows.values, axis=0))
    np.testing.assert_array_equal(np.sort(found.scores), rows.scores)
    assert (found.values[:, 0] == found.scores).mean() < 0.1
    assert not has_whole_rows(content)
    assert has_whole_rows(render_reference(PROGRAM, rows, seed=1))


def test_the_sample_is_read_back_as_it_was() -> None:
    rows = scored([[5.0, 1.0], [NAN, NAN]])
    found = read_reference(render_reference(PROGRAM, rows, seed=1), PROGRAM)
    np.testing.assert_array_equal(found.values, rows.values)
    np.testing.assert_array_equal(found.scores, rows.scores)
    np.testing.assert_array_equal(found.probabilities, rows.probabilities)


def test_what_is_no_sample_of_the_program_is_refused() -> None:
    content = render_reference(
        compile_features([INCOME]), ScoredRows(np.ones((1, 1), np.float32), *np.zeros((2, 1))), seed=1
    )
    for wrong in (b"PAR1", content):
        with pytest.raises(BundleError, match="holds no rows of this program: train the bundle again"):
            read_reference(wrong, PROGRAM)
