"""Writes the features of clients to a Parquet file, batch by batch."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from solvent.features.operations import Array
from solvent.features.program import CLIENT, Program
from solvent.tables.schemas import TARGET

ArrowSchema: TypeAlias = Any
ArrowTable: TypeAlias = Any
"""Types of pyarrow, which ships none that mypy could check."""


class FeatureWriter:
    """An open file of features; it gets its name when everything has been written, and is removed otherwise."""

    def __init__(self, program: Program, out: Path) -> None:
        self._program = program
        self._out = out
        self._partial = out.with_name(f".{out.name}.partial")
        self._writer = pyarrow.parquet.ParquetWriter(self._partial, feature_schema(program), compression="zstd")

    def write(self, clients: npt.NDArray[np.int64], target: Array, values: Array) -> None:
        """Write the features of these clients; `values` as of the engines, float64 of shape (clients, features)."""
        self._writer.write_table(feature_table(self._program, clients, target, values))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
            if kind is None:
                self._partial.replace(self._out)
        finally:
            self._partial.unlink(missing_ok=True)


def feature_schema(program: Program) -> ArrowSchema:
    """SK_ID_CURR, TARGET, then the features: float32, or text for a category."""
    kinds = [(feature.name, pa.string() if feature.categories else pa.float32()) for feature in program.features]
    return pa.schema([(CLIENT, pa.int64()), (TARGET, pa.float64()), *kinds])


def feature_table(program: Program, clients: npt.NDArray[np.int64], target: Array, values: Array) -> ArrowTable:
    """The features of these clients as an Arrow table with the columns of `feature_schema`."""
    columns = [pa.array(clients), pa.array(target, from_pandas=True)]
    for place, feature in enumerate(program.features):
        column = np.ascontiguousarray(values[:, place])
        if feature.categories:
            texts = np.array([*feature.categories, None], dtype=object)
            columns.append(pa.array(texts[np.where(np.isnan(column), -1, column).astype(np.intp)], pa.string()))
        else:
            columns.append(pa.array(column.astype(np.float32), from_pandas=True))
    return pa.Table.from_arrays(columns, schema=feature_schema(program))
