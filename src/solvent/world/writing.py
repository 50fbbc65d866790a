"""Writing of the simulated tables as CSV or Parquet, a few blocks at a time (the room's only use of pyarrow)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from solvent.world.drawing.marginals import Coded, Column, Table
from solvent.world.published import INTEGER, NUMBER, TEXT

FORMATS = ("csv", "parquet")
TRUTH_FILES = ("truth", "outcomes", "scenario")
MOMENT, FLAG = "moment", "flag"
"""Kinds of the truth files: int64 microseconds since 1970 in UTC, and 1, 0 or NaN."""

TRUTH_COLUMNS = (
    ("SK_ID_CURR", INTEGER),
    ("true_probability_default", NUMBER),
    ("defaulted", INTEGER),
    ("applied_at", MOMENT),
    ("planted", INTEGER),
)
OUTCOME_COLUMNS = (
    ("SK_ID_CURR", INTEGER),
    ("kind", TEXT),
    ("observed_at", MOMENT),
    ("reported_at", MOMENT),
    ("defaulted", FLAG),
)

_TYPES = {
    INTEGER: pa.int64(),
    TEXT: pa.string(),
    NUMBER: pa.float64(),
    MOMENT: pa.timestamp("us", tz="UTC"),
    FLAG: pa.bool_(),
}
_LARGEST_PLAIN = 1e15
"""From here on a double is written with an exponent, which needs no fraction."""

_TO_QUOTE = '[",\n\r]'


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class TableFile:
    """One open table file: `append` buffers rows, `flush` writes them as one row group or one run of lines."""

    def __init__(self, path: Path, columns: Sequence[tuple[str, str]]) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._buffer: list[Any] = []
        self._schema = pa.schema([(name, _TYPES[kind]) for name, kind in self.columns])
        self._writer: _Writer
        if path.suffix == ".parquet":
            self._writer = pa.parquet.ParquetWriter(path, self._schema, compression="zstd")
        else:
            self._writer = _CsvWriter(path, self._schema.names)

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


class _CsvWriter:
    """Writes CSV as the Kaggle files are written: 1.0 in a number column, 1 in an integer one, quotes where needed."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("wb")
        self._file.write((",".join(names) + "\n").encode())

    def write_table(self, table: pa.Table) -> None:
        for batch in table.to_batches():
            fields = [_csv_fields(column) for column in batch.columns]
            lines = pc.binary_join_element_wise(*fields, ",", null_handling="replace", null_replacement="")
            _, offsets, text = pc.binary_join_element_wise(lines, "", "\n").buffers()
            end = int(np.frombuffer(offsets, dtype=np.int32)[batch.num_rows])
            self._file.write(memoryview(text)[:end])

    def close(self) -> None:
        self._file.close()


def _csv_fields(column: pa.Array) -> pa.Array:
    """Return a column as the texts that stand between the commas; a missing value stays null."""
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        words = encoded.dictionary
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(words, '"', '""'), '"', "")
        words = pc.if_else(pc.match_substring_regex(words, _TO_QUOTE), quoted, words)
        return words.take(encoded.indices)
    texts = pc.cast(column, pa.string())
    if not pa.types.is_floating(column.type):
        return texts
    plain = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), _LARGEST_PLAIN))
    return pc.if_else(plain, pc.binary_join_element_wise(texts, ".0", ""), texts)


def _to_arrow(column: Column, kind: str) -> pa.Array:
    if isinstance(column, Coded):
        codes = pa.array(column.codes, mask=column.codes < 0)
        return pa.array(column.labels, type=pa.string()).take(codes)
    if kind in (INTEGER, MOMENT):
        return pa.array(np.asarray(column).astype(np.int64)).cast(_TYPES[kind])
    values = np.asarray(column, dtype=np.float64)
    numbers = pa.array(values, mask=np.isnan(values))
    return numbers.cast(_TYPES[kind])


def open_files(
    folder: Path, columns: Mapping[str, Sequence[tuple[str, str]]], file_format: str
) -> dict[str, TableFile]:
    """Open one file per raw table, and `truth.parquet` and `outcomes.parquet`, in an existing folder."""
    application = columns["application"]
    listed = {
        "application_train": application,
        "application_test": [column for column in application if column[0] != "TARGET"],
        **{name: listed for name, listed in columns.items() if name != "application"},
    }
    files = {name: TableFile(folder / f"{name}.{file_format}", listed[name]) for name in listed}
    files["truth"] = TableFile(folder / "truth.parquet", TRUTH_COLUMNS)
    files["outcomes"] = TableFile(folder / "outcomes.parquet", OUTCOME_COLUMNS)
    return files
