"""The expressions for one value mean what the operations on arrays mean, bit by bit."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from solvent.features.client_steps import compile_client_steps
from solvent.features.compilation import compile_features
from solvent.features.expressions import EXPRESSIONS, SCALAR_OPERATIONS
from solvent.features.language import feature, table
from solvent.features.operations import ARRAY_OPERATIONS, FLOAT32_MAX

NUMBERS = st.one_of(
    st.floats(-FLOAT32_MAX, FLOAT32_MAX),
    st.sampled_from([math.nan, 0.0, -0.0, 1.0, -1.0, 1e-300, FLOAT32_MAX, -FLOAT32_MAX, 100.0]),
)
FLAGS = st.sampled_from([math.nan, 0.0, 1.0])
ARGUMENTS = {
    **dict.fromkeys(("absolute", "square_root", "logarithm", "exponential", "is_missing", "as_number"), (NUMBERS,)),
    **dict.fromkeys(("and", "or"), (FLAGS, FLAGS)),
    "not": (FLAGS,),
    "when": (FLAGS, NUMBERS, NUMBERS),
}
EXACT = {"logarithm": False, "exponential": False}
"""numpy has its own logarithm and exponential, which may differ from Python's in the last bit."""


@pytest.mark.parametrize("operation", EXPRESSIONS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_one_value_and_an_array_agree(operation: str, data: st.DataObject) -> None:
    values = [data.draw(kind) for kind in ARGUMENTS.get(operation, (NUMBERS, NUMBERS))]
    with np.errstate(all="ignore"):
        (expected,) = ARRAY_OPERATIONS[operation](*(np.array([value]) for value in values)).tolist()
    found = SCALAR_OPERATIONS[operation](*values)
    if EXACT.get(operation, True):
        assert found == expected or (math.isnan(found) and math.isnan(expected))
    else:
        assert found == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_a_condition_without_an_otherwise_is_missing_where_it_does_not_hold() -> None:
    assert SCALAR_OPERATIONS["when"](1.0, 5.0) == 5.0
    assert math.isnan(SCALAR_OPERATIONS["when"](0.0, 5.0))


@given(raw=st.one_of(st.none(), st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6)))
@example(raw=365243)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_reads_a_number_as_the_cleaning_rule_says(raw: float | None) -> None:
    program = compile_features(
        [feature("days", table("application").DAYS_EMPLOYED, unit="days", meaning="days", reason="EMPLOYMENT")]
    )
    rule = program.columns["application"]["DAYS_EMPLOYED"]
    values = [math.nan] * len(program.nodes)
    read = compile_client_steps(program, range(len(program.nodes)), kept=[], outputs=[program.features[0].node])
    usable, (value,) = read(values, {"DAYS_EMPLOYED": raw}.get)
    is_good = (
        raw is not None
        and raw not in rule.sentinels
        and (rule.minimum is None or raw >= rule.minimum)
        and (rule.maximum is None or raw <= rule.maximum)
    )
    assert (usable, value if is_good else math.isnan(value)) == (int(is_good), raw if is_good else True)
