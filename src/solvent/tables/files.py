"""Finds the files of the raw tables in a folder and compares their headers with the schemas."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from solvent.errors import TablesError
from solvent.tables.schemas import APPLICATION, HISTORY_TABLES, TARGET, Column, TableSchema, table_schema

APPLICATION_FILES = ("application_train", "application_test")
FILE_NAMES = (*APPLICATION_FILES, *HISTORY_TABLES)
_FORMATS = (".csv", ".parquet")
_LONGEST_HEADER = 100_000
_NAMES_SHOWN = 3
_NOT_CSV = "is not a CSV file in UTF-8: export it again in that form"


@dataclass(frozen=True, slots=True)
class TableFile:
    """One file of a raw table: `name` is the file's name without its ending, such as `application_train`."""

    name: str
    path: Path

    @property
    def is_csv(self) -> bool:
        return self.path.suffix == ".csv"

    @property
    def schema(self) -> TableSchema:
        return table_schema(APPLICATION if self.name in APPLICATION_FILES else self.name)

    @property
    def expected_columns(self) -> tuple[Column, ...]:
        """The columns that the file must have: `application_test` has no TARGET."""
        columns = self.schema.columns
        return tuple(column for column in columns if (self.name, column.name) != ("application_test", TARGET))


def find_table_files(directory: Path) -> tuple[TableFile, ...]:
    """List the files of the raw tables in a folder, in the order of `FILE_NAMES`.

    Raises TablesError if the folder cannot be read, holds a table in both formats, or holds no applications.
    """
    if not directory.is_dir():
        state = "is not a folder" if directory.exists() else "does not exist"
        raise TablesError(f"{directory} {state}: give the folder that holds application_train.csv and the other tables")
    found = tuple(file for name in FILE_NAMES for file in _files_of(directory, name))
    if not any(file.name in APPLICATION_FILES for file in found):
        raise TablesError(
            f"{directory} holds no applications: add application_train or application_test, as .csv or .parquet"
        )
    return found


def read_csv_header(file: TableFile) -> tuple[str, ...]:
    """Read the column names of a CSV file; TablesError if its first line cannot be a header in UTF-8."""
    try:
        with file.path.open("rb") as stream:
            line = stream.readline(_LONGEST_HEADER).decode("utf-8-sig")
        names = next(csv.reader([line]), [])
    except OSError as error:
        raise TablesError(f"{file.path.name} cannot be opened ({error.strerror}): check its permissions") from None
    except (UnicodeDecodeError, csv.Error):
        raise TablesError(f"{file.path.name} {_NOT_CSV}") from None
    if "\0" in line or len(line) >= _LONGEST_HEADER:
        raise TablesError(f"{file.path.name} {_NOT_CSV}")
    if not line.strip():
        raise TablesError(f"{file.path.name} has no header: its first line must hold the column names")
    return tuple(names)


def find_unknown_columns(file: TableFile, header: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a header that the schema does not know.

    Raises TablesError if a column of the schema is missing or any column comes twice. Names are compared without
    case only to find doubles, because SQL does not tell such columns apart.
    """
    doubles = [name for name, times in Counter(name.upper() for name in header).items() if times > 1]
    expected = [column.name for column in file.expected_columns]
    double = next((name for name in expected if name.upper() in doubles), None)
    if double is not None:
        raise TablesError(f"{file.path.name} has the column {double} more than once: keep one of them")
    missing = [name for name in expected if name not in header]
    if missing:
        raise TablesError(f"{file.path.name} lacks {_list_names(missing)}")
    return tuple(name for name in header if name not in expected)


def _files_of(directory: Path, name: str) -> list[TableFile]:
    paths = [directory / f"{name}{ending}" for ending in _FORMATS]
    present = [TableFile(name, path) for path in paths if path.is_file()]
    if len(present) > 1:
        raise TablesError(f"{directory} holds both {name}.csv and {name}.parquet: remove one of them")
    return present


def _list_names(names: list[str]) -> str:
    if len(names) == 1:
        return f"the column {names[0]}: add it to the file, with its name in line 1"
    rest = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    return f"the columns {shown}: add them to the file, with their names in line 1"
