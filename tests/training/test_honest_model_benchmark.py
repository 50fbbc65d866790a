"""The benchmark that judges a model by the truth reads features as they were written."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from small_portfolio import make_portfolio

from solvent.features.feature_files import feature_table


def test_features_of_a_file_are_those_that_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    matrix = make_portfolio(200)
    table = feature_table(
        matrix.program, matrix.client_ids, matrix.target.astype(np.float64), matrix.values.astype(np.float64)
    )
    pyarrow.parquet.write_table(table, tmp_path / "features.parquet")
    half = matrix.keep(matrix.program.names[::2] + matrix.program.names[-1:])
    found = import_module("honest_model").read_features(tmp_path / "features.parquet", half.program)
    np.testing.assert_array_equal(found.values, half.values)
    np.testing.assert_array_equal(found.target, half.target)
    np.testing.assert_array_equal(found.client_ids, half.client_ids)
