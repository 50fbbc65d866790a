"""Scores one row by LightGBM's C API: the same bits as `Booster.predict`, without 30 microseconds of preparation."""

import ctypes

import lightgbm
import numpy as np
import numpy.typing as npt

_FLOAT64 = 1
_RAW_SCORE = 1
"""C_API_DTYPE_FLOAT64 and C_API_PREDICT_RAW_SCORE of LightGBM's `c_api.h`."""


class SingleRowBooster:
    """A booster prepared to score rows of float64 one at a time on the calling thread; it may be shared."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self._booster = booster  # owns what the handle points to
        # No public name leads to the library and the handle; a test compares the outcome with `predict`.
        self._library = lightgbm.basic._LIB  # noqa: SLF001
        self._prepared = ctypes.c_void_p()
        self._check(
            self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,  # noqa: SLF001
                ctypes.c_int(_RAW_SCORE),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(booster.num_feature()),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(self._prepared),
            )
        )
        self._predict = self._library.LGBM_BoosterPredictForMatSingleRowFast
        self._features = booster.num_feature()

    def __del__(self) -> None:
        self._library.LGBM_FastConfigFree(self._prepared)

    def score(self, row: npt.NDArray[np.float64]) -> float:
        """Raw score in log-odds of a contiguous row of shape (features,).

        Raises:
            ValueError: the row has another shape.
            LightGBMError: LightGBM refuses the row.
        """
        if row.shape != (self._features,) or row.dtype != np.float64 or not row.flags.c_contiguous:
            raise ValueError(f"a row is {self._features} contiguous float64")
        length, score = ctypes.c_int64(), ctypes.c_double()
        given = ctypes.c_void_p(row.ctypes.data)
        self._check(self._predict(self._prepared, given, ctypes.byref(length), ctypes.byref(score)))
        return score.value

    def _check(self, status: int) -> None:
        if status != 0:
            raise lightgbm.basic.LightGBMError(self._library.LGBM_GetLastError().decode())
