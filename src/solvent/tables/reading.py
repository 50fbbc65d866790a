"""Opens a folder of raw tables as typed DuckDB views, from CSV or Parquet."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from solvent.errors import TablesError
from solvent.tables.files import FILE_NAMES, find_table_files
from solvent.tables.schemas import CLIENT, HISTORY_TABLES, table_schemas
from solvent.tables.views import create_application_views, create_empty_views, create_views

_FILE_ERRORS = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.IOException, duckdb.Error)
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
            unknown = {file.name: create_views(connection, file) for file in found}
            create_application_views(connection, unknown)
            for name in HISTORY_TABLES:
                if name not in unknown:
                    create_empty_views(connection, name)
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
    except duckdb.Error as error:
        # A damaged Parquet page comes as the bare base class (from Thrift), so the type is compared, not its family.
        if type(error) not in _FILE_ERRORS:
            raise
        raise TablesError(_describe(str(error))) from None


def find_empty_tables(tables: RawTables) -> tuple[str, ...]:
    """Name the history tables whose file has a header and no rows; raises TablesError if a file is broken."""
    present = [name for name in HISTORY_TABLES if name in tables.present]
    with translated_errors():
        return tuple(
            name for name in present if not tables.connection.execute(f'FROM "file_{name}" LIMIT 1').fetchall()
        )


def check_one_application_each(tables: RawTables) -> None:
    """Raise TablesError if a client has two applications: which one counts is not ours to choose."""
    query = f"SELECT count({CLIENT}) - count(DISTINCT {CLIENT}) FROM application"  # noqa: S608 - a name of ours
    with translated_errors():
        ((repeated,),) = tables.connection.execute(query).fetchall()
    if repeated:
        raise TablesError(f"application: {repeated} rows repeat a client (see `solvent data check`): keep one of each")


def _describe(message: str) -> str:
    """Say where DuckDB's message points to, in words that hold nothing of the file but known names."""
    files = [match[0] for match in re.finditer(r"(\w+)\.(csv|parquet)", message) if match[1] in FILE_NAMES]
    if not files:
        return "the raw tables cannot be read: a file is damaged or gone, or the space for temporary files is used up"
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
