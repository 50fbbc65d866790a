"""A program cut down to some features gives the same values, and reads no more than they need."""

import numpy as np
import pytest
from hostile_tables import make_hostile_tables
from small_programs import application, bureau, compile_all, pos
from whole_language import build_whole_language

from solvent.errors import FeatureError
from solvent.features.aggregates import mean, share
from solvent.features.matrix import FeatureMatrix
from solvent.features.program import Program
from solvent.features.pruning import keep_features
from solvent.features.request_engine import RequestEngine


@pytest.mark.parametrize("every", [2, 3, 7])
def test_a_kept_feature_has_the_same_bits(every: int) -> None:
    whole = build_whole_language()
    pruned = keep_features(whole, whole.names[::every])
    tables = make_hostile_tables(11, clients=4, missing=[0.2])
    engine, smaller = RequestEngine(whole), RequestEngine(pruned)
    for client, row in tables.applications().items():
        expected = engine.evaluate(row, engine.reduce_history(tables.history(client)))[::every]
        values = smaller.evaluate(row, smaller.reduce_history(tables.history(client)))
        assert values.tobytes() == expected.tobytes()


def test_what_only_the_others_need_is_gone() -> None:
    program = compile_all(mean(bureau.AMT_CREDIT_SUM), application.AMT_CREDIT * 2, share(pos.SK_DPD > 0))
    pruned = keep_features(program, [program.names[1]])
    assert [node.op for node in pruned.nodes] == ["column", "number", "multiply"]
    assert {table: list(columns) for table, columns in pruned.columns.items()} == {"application": ["AMT_CREDIT"]}


def test_all_features_give_the_same_program() -> None:
    program = build_whole_language()
    assert keep_features(program, program.names) == program


def test_survives_its_file() -> None:
    whole = build_whole_language()
    pruned = keep_features(whole, whole.names[::5])
    assert Program.from_json(pruned.to_json()) == pruned


def test_refuses_a_name_that_is_not_there() -> None:
    with pytest.raises(FeatureError, match="no feature bureau_shoe_size: see its names"):
        keep_features(build_whole_language(), ["bureau_shoe_size"])


def test_a_matrix_keeps_columns_in_the_order_of_the_program() -> None:
    program = compile_all(application.AMT_CREDIT, application.AMT_ANNUITY, application.AMT_INCOME_TOTAL)
    first, second, third = program.names
    matrix = FeatureMatrix(
        np.array([1, 2]), np.array([[1, 2, 3], [4, 5, 6]], np.float32), np.zeros(2, np.float32), program
    )
    kept = matrix.keep([third, first])
    assert kept.values.tolist() == [[1.0, 3.0], [4.0, 6.0]]
    assert kept.program.names == (first, third)
    assert second not in kept.program.names
