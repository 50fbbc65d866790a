"""Accepts an application: checks a decoded request against the schemas of the tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solvent.errors import ApplicationError
from solvent.tables.schemas import (
    APPLICATION,
    CLIENT,
    HISTORY_TABLES,
    TARGET,
    Column,
    ColumnKind,
    TableSchema,
    table_schema,
)

MAX_ROWS_PER_TABLE = 5_000
"""Longest history accepted of one client in one table; the longest real one has 2,900 rows (bureau_balance)."""
MAX_PROBLEMS = 50
"""Problems named in one answer; more are counted."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Application:
    """An application whose fields are all known and of the right type.

    `columns` holds the raw columns that were given and are not null. `history` holds the rows per table as they came,
    or is None if the request said nothing about history. `warnings` name what counts as missing although it was given.
    """

    client_id: int
    columns: Row
    history: Mapping[str, Sequence[Row]] | None
    warnings: tuple[str, ...]


def accept_application(document: object) -> Application:
    """Check a decoded JSON body.

    A value outside the plausible range and an unknown category count as missing, with a warning; in a required field
    they are problems, as are unknown fields, wrong types and rows of another client.

    Raises:
        ApplicationError: with every problem found, at most `MAX_PROBLEMS`; none holds a value.
    """
    if not isinstance(document, dict):
        raise ApplicationError(("the body must be a JSON object with the columns of one application",))
    schema = table_schema(APPLICATION)
    problems = list(_find_unknown_fields(document))
    warnings: list[str] = []
    columns = {name: value for name, value in document.items() if name not in HISTORY_TABLES and value is not None}
    known = {column.name: column for column in schema.columns if column.name != TARGET}
    for column in known.values():
        _check_field(column, columns.get(column.name), column.name, problems, warnings)
    history = {name: document[name] for name in HISTORY_TABLES if name in document}
    for name, rows in history.items():
        _check_rows(table_schema(name), rows, document.get(CLIENT), problems, warnings)
    if problems:
        raise ApplicationError(_shortened(problems))
    return Application(int(document[CLIENT]), columns, history or None, tuple(dict.fromkeys(warnings)))


def _find_unknown_fields(document: Mapping[str, Any]) -> Iterator[str]:
    known = {column.name for column in table_schema(APPLICATION).columns} | set(HISTORY_TABLES)
    unknown = sum(name not in known for name in document)
    if unknown:
        yield f"{unknown} field(s) are unknown: use the column names of the application table and the history tables"
    if TARGET in document:
        yield "TARGET is the outcome: it cannot be part of an application"


def _check_rows(schema: TableSchema, rows: object, client: object, problems: list[str], warnings: list[str]) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append(f"{schema.name}: must be a list of objects, one per row")
        return
    if len(rows) > MAX_ROWS_PER_TABLE:
        problems.append(f"{schema.name}: at most {MAX_ROWS_PER_TABLE} rows")
        return
    names = {column.name for column in schema.columns}
    unknown = sum(name not in names for row in rows for name in row)
    if unknown:
        problems.append(f"{schema.name}: {unknown} unknown field(s)")
    if any(row.get(CLIENT, client) != client for row in rows):
        problems.append(f"{schema.name}.{CLIENT}: rows of another client")
    for column in schema.columns:
        if column.name != CLIENT:
            for row in rows:
                _check_field(column, row.get(column.name), f"{schema.name}.{column.name}", problems, warnings)


def _check_field(column: Column, value: object, name: str, problems: list[str], warnings: list[str]) -> None:
    if value is None:
        if column.required:
            problems.append(f"{name}: required")
        return
    if column.kind is ColumnKind.CATEGORY:
        _check_category(column, value, name, problems, warnings)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(f"{name}: must be a number")
    elif column.kind is not ColumnKind.NUMBER and value != int(value):
        problems.append(f"{name}: must be a whole number")
    elif value not in column.sentinels and not _is_in_range(column, value):
        if column.required:
            problems.append(f"{name}: must lie between {column.minimum:g} and {column.maximum:g}")
        else:
            warnings.append(f"out_of_range:{name}")


def _check_category(column: Column, value: object, name: str, problems: list[str], warnings: list[str]) -> None:
    if not isinstance(value, str):
        problems.append(f"{name}: must be text")
    elif value not in column.categories and value not in column.sentinels:
        if column.required:
            problems.append(f"{name}: must be one of {', '.join(column.categories)}")
        else:
            warnings.append(f"unknown_category:{name}")


def _is_in_range(column: Column, value: float) -> bool:
    above = column.minimum is None or value >= column.minimum
    below = column.maximum is None or value <= column.maximum
    return above and below


def _shortened(problems: Sequence[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(problems))
    if len(named) <= MAX_PROBLEMS:
        return named
    return (*named[:MAX_PROBLEMS], f"and {len(named) - MAX_PROBLEMS} more")
