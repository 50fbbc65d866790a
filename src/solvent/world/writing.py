"""Writing of the simulated tables as CSV or Parquet, a few blocks at a time (the room's only use of pyarrow)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from solvent.world.marginals import Coded, Column, Table
from solvent.world.published import INTEGER, TEXT

FORMATS = ("csv", "parquet")
_TYPES = {INTEGER: pa.int64(), TEXT: pa.string()}
TRUTH_COLUMNS = (("SK_ID_CURR", INTEGER), ("true_probability_default", "number"), ("defaulted", INTEGER))


class TableFile:
    """One open table file: `append` buffers rows, `flush` writes them as one row group or one run of lines."""

    def __init__(self, path: Path, columns: Sequence[tuple[str, str]]) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._buffer: list[Any] = []
        self._schema = pa.schema([(name, _TYPES.get(kind, pa.float64())) for name, kind in self.columns])
        if path.suffix == ".parquet":
            self._writer: Any = pa.parquet.ParquetWriter(path, self._schema, compression="zstd")
        else:
            options = pa.csv.WriteOptions(quoting_header="none")
            self._writer = pa.csv.CSVWriter(path, self._schema, write_options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def append(self, table: Table) -> None:
        """Buffer the rows of a table; it may hold more columns than the file."""
        arrays = [_to_arrow(table[name], kind) for name, kind in self.columns]
        self._buffer.append(pa.table(arrays, schema=self._schema))
        self.rows += self._buffer[-1].num_rows

    def flush(self) -> None:
        """Write what is buffered."""
        if self._buffer:
            self._writer.write_table(pa.concat_tables(self._buffer).combine_chunks())
            self._buffer.clear()


def _to_arrow(column: Column, kind: str) -> pa.Array:
    if isinstance(column, Coded):
        codes = pa.array(column.codes, mask=column.codes < 0)
        return pa.array(column.labels, type=pa.string()).take(codes)
    if kind == INTEGER:
        return pa.array(np.asarray(column).astype(np.int64))
    values = np.asarray(column, dtype=np.float64)
    return pa.array(values, mask=np.isnan(values))


def open_files(
    folder: Path, columns: Mapping[str, Sequence[tuple[str, str]]], file_format: str
) -> dict[str, TableFile]:
    """Open one file per raw table, and `truth.parquet`, in an existing folder."""
    application = columns["application"]
    listed = {
        "application_train": application,
        "application_test": [column for column in application if column[0] != "TARGET"],
        **{name: listed for name, listed in columns.items() if name != "application"},
    }
    files = {name: TableFile(folder / f"{name}.{file_format}", listed[name]) for name in listed}
    files["truth"] = TableFile(folder / "truth.parquet", TRUTH_COLUMNS)
    return files
