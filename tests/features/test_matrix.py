import numpy as np
from small_programs import application, compile_all

from solvent.features.matrix import FeatureMatrix

MATRIX = FeatureMatrix(
    np.array([1, 2, 3]),
    np.array([[10], [20], [30]], dtype=np.float32),
    np.array([0, 1, np.nan], dtype=np.float32),
    compile_all(application.AMT_CREDIT),
)


def test_has_one_row_per_client() -> None:
    assert len(MATRIX) == 3


def test_takes_rows_by_mask_or_by_position() -> None:
    by_mask = MATRIX.rows(np.array([True, False, True]))
    by_position = MATRIX.rows(np.array([0, 2]))
    for rows in (by_mask, by_position):
        assert rows.client_ids.tolist() == [1, 3]
        assert rows.values.tolist() == [[10.0], [30.0]]
        np.testing.assert_array_equal(rows.target, [0, np.nan])
        assert rows.program is MATRIX.program
