"""Opens a folder of raw tables as typed DuckDB views, from CSV or Parquet."""

import glob
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from solvent.errors import TablesError
from solvent.tables.files import (
    APPLICATION_FILES,
    FILE_NAMES,
    TableFile,
    find_table_files,
    find_unknown_columns,
    read_csv_header,
)
from solvent.tables.schemas import APPLICATION, HISTORY_TABLES, Column, ColumnKind, table_schema, table_schemas

_NUMBER_TYPE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|BOOLEAN|DECIMAL\(\d+,\d+\)|\"NULL\"")
_TEXT_TYPE = re.compile(r"VARCHAR|ENUM\(.*\)|\"NULL\"", re.DOTALL)
_BROKEN_LINES = {
    "Expected Number of Columns": "does not have as many fields as the header",
    "unterminated quote": "opens a quote that is not closed",
    "Invalid unicode": "is not in UTF-8",
}


@dataclass(frozen=True)
class RawTables:
    """An open folder of raw tables; `present` names the files found, such as `application_train` and `bureau`.

    Each table is a view in `connection`, with the columns of its schema in their order: keys BIGINT, categories
    VARCHAR (an empty text is NULL), the rest DOUBLE (NaN and infinity are NULL); sentinels are still in. The view
    `application` holds train and test, with TARGET NULL in the latter. A history table without a file is an empty
    view. `file_NAME` is the same table as the file holds it, keys as DOUBLE and nothing made NULL. Views read their
    file at each query: run queries inside `translated_errors`.
    """

    directory: Path
    connection: duckdb.DuckDBPyConnection
    present: frozenset[str]
    unknown_columns: Mapping[str, tuple[str, ...]]
    spill_directory: Path

    def close(self) -> None:
        """Close the connection and remove what it wrote to disk."""
        self.connection.close()
        shutil.rmtree(self.spill_directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_tables(directory: Path, *, memory_limit: str | None = None, threads: int | None = None) -> RawTables:
    """Open the raw tables of a folder that holds NAME.csv or NAME.parquet for each of `FILE_NAMES`.

    History tables may be absent. `memory_limit` is a size such as "4GB"; beyond it DuckDB spills to the folder for
    temporary files. Only headers are read here. Raises TablesError if there are no applications, a column is
    missing or of the wrong type, or a file is broken.
    """
    found = find_table_files(directory)
    spill_directory = Path(tempfile.mkdtemp(prefix="solvent-spill-"))
    with ExitStack() as on_failure:
        on_failure.callback(shutil.rmtree, spill_directory, ignore_errors=True)
        connection = _connect(spill_directory, memory_limit=memory_limit, threads=threads)
        on_failure.callback(connection.close)
        with translated_errors():
            unknown = {file.name: _create_views(connection, file) for file in found}
            _create_application_views(connection, [name for name in APPLICATION_FILES if name in unknown])
            for name in HISTORY_TABLES:
                if name not in unknown:
                    _create_empty_views(connection, name)
        on_failure.pop_all()
    return RawTables(directory, connection, frozenset(unknown), unknown, spill_directory)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn DuckDB's errors about data, files and memory into TablesError.

    The message names file, line and column where DuckDB does. The original is not chained: its text holds the line
    of the file, which is data of an applicant.
    """
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise TablesError("reading the tables needs more memory: raise the memory limit, or use Parquet") from None
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.IOException) as error:
        raise TablesError(_describe(str(error))) from None


def _describe(message: str) -> str:
    """Say where DuckDB's message points to, in words that hold nothing of the file but known names."""
    files = [match[0] for match in re.finditer(r"(\w+)\.(csv|parquet)", message) if match[1] in FILE_NAMES]
    if not files:
        return "the raw tables cannot be read: check that their files and the space for temporary files are still there"
    where = files[-1]
    line = re.search(r"CSV Error on Line: (\d+)", message)
    if line is None:
        return f"{where} cannot be read: it is damaged or gone, so write or copy it again"
    known = {column.name for table in table_schemas().values() for column in table.columns}
    columns = [name for name in re.findall(r'Error when converting column "(\w+)"', message) if name in known]
    if columns:
        return f"{where}, line {line[1]}: {columns[-1]} holds text where a number belongs: correct that line"
    fault = next((fault for phrase, fault in _BROKEN_LINES.items() if phrase in message), "cannot be read")
    return f"{where}: line {line[1]} {fault}: correct that line, or export the file again"


def _connect(spill_directory: Path, *, memory_limit: str | None, threads: int | None) -> duckdb.DuckDBPyConnection:
    wanted = {"memory_limit": memory_limit, "threads": threads, "temp_directory": str(spill_directory)}
    config = {name: value for name, value in wanted.items() if value is not None}
    try:
        return duckdb.connect(":memory:", config=config)
    except duckdb.Error:
        raise TablesError(
            'DuckDB refuses its settings: give a memory limit such as "4GB" and 1 thread or more'
        ) from None


def _create_views(connection: duckdb.DuckDBPyConnection, file: TableFile) -> tuple[str, ...]:
    """Create the views `file_NAME` and `NAME`; return the columns of the file that the schema does not know."""
    if file.is_csv:
        header = read_csv_header(file)
        source = _csv_source(file, header)
    else:
        source = f"read_parquet({_quote_path(file.path)})"
        types = _read_parquet_types(connection, file)
        header = tuple(types)
    unknown = find_unknown_columns(file, header)
    if not file.is_csv:
        _check_parquet_types(file, types)
    stored = _projection(file.schema.columns, lambda column: _stored(column, file.expected_columns))
    _create_view(connection, f"file_{file.name}", f"SELECT {stored} FROM {source}")  # noqa: S608 - names of our schemas
    _create_cleaned_view(connection, file.name, file.schema)
    return unknown
def _projection(columns: Sequence[Column], expression: Callable[[Column], str]) -> str:
    return ", ".join(f'{expression(column)} AS "{column.name}"' for column in columns)


def _stored(column: Column, expected: Sequence[Column]) -> str:
    type_name = "VARCHAR" if column.kind == ColumnKind.CATEGORY else "DOUBLE"
    return f'CAST("{column.name}" AS {type_name})' if column in expected else f"CAST(NULL AS {type_name})"


def cleaned_expression(column: Column) -> str:
    """Return the SQL that turns a column of a view `file_NAME` into that of the view `NAME`."""
    name = f'"{column.name}"'
    if column.kind == ColumnKind.CATEGORY:
        return f"nullif({name}, '')"
    if column.kind == ColumnKind.KEY:
        # A cast alone would round 2.7 to 3, which may be another client.
        return f"CASE WHEN {name} = trunc({name}) THEN TRY_CAST({name} AS BIGINT) END"
    return f"CASE WHEN isfinite({name}) THEN {name} END"
