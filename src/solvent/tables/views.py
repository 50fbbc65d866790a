"""Creates the DuckDB views over the files of the raw tables: as stored, and cleaned."""

import glob
import re
from collections.abc import Container, Mapping, Sequence

import duckdb

from solvent.errors import TablesError
from solvent.tables.files import APPLICATION_FILES, TableFile, find_unknown_columns, read_csv_header
from solvent.tables.schemas import APPLICATION, Column, ColumnKind, TableSchema, table_schema

_NUMBER_TYPE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|BOOLEAN|DECIMAL\(\d+,\d+\)|\"NULL\"")
_TEXT_TYPE = re.compile(r"VARCHAR|ENUM\(.*\)|\"NULL\"", re.DOTALL)


def create_views(connection: duckdb.DuckDBPyConnection, file: TableFile) -> tuple[str, ...]:
    """Create the views `file_NAME` and `NAME` of a file; return the columns of it that the schema does not know.

    Raises TablesError if the header does not fit the schema, or a Parquet column has the wrong type.
    """
    if file.is_csv:
        header = read_csv_header(file)
        unknown = find_unknown_columns(file, header)
        source = _csv_source(file, header)
    else:
        types = _read_parquet_types(connection, file)
        unknown = find_unknown_columns(file, tuple(types))
        _check_parquet_types(file, types)
        source = f"read_parquet({_quote_path(file)})"
    _create_both_views(connection, file.name, file.schema, source=source, stored=file.expected_columns)
    return unknown


def create_application_views(connection: duckdb.DuckDBPyConnection, present: Container[str]) -> None:
    """Create the views `application` and `file_application` over the files of train and test that are there."""
    names = [name for name in APPLICATION_FILES if name in present]
    for prefix in ("file_", ""):
        _create_view(connection, prefix + APPLICATION, " UNION ALL ".join(f'FROM "{prefix}{name}"' for name in names))


def create_empty_views(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Create the views of a table without a file: all its columns, no rows."""
    _create_both_views(connection, table, table_schema(table), source="range(0)", stored=())


def cleaned_expression(column: Column) -> str:
    """Return the SQL that turns a column of a view `file_NAME` into that of the view `NAME`."""
    name = f'"{column.name}"'
    if column.kind == ColumnKind.CATEGORY:
        return f"nullif({name}, '')"
    if column.kind == ColumnKind.KEY:
        # A cast alone would round 2.7 to 3, which may be another client.
        return f"CASE WHEN {name} = trunc({name}) THEN TRY_CAST({name} AS BIGINT) END"
    return f"CASE WHEN isfinite({name}) THEN {name} END"


def quote_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _create_both_views(
    connection: duckdb.DuckDBPyConnection, name: str, schema: TableSchema, *, source: str, stored: Container[Column]
) -> None:
    columns = {column.name: _stored_expression(column, is_there=column in stored) for column in schema.columns}
    _create_view(connection, f"file_{name}", f"FROM {source} SELECT {_projection(columns)}")
    cleaned = {column.name: cleaned_expression(column) for column in schema.columns}
    _create_view(connection, name, f'FROM "file_{name}" SELECT {_projection(cleaned)}')


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    connection.execute(f'CREATE VIEW "{name}" AS {query}')


def _projection(expressions: Mapping[str, str]) -> str:
    return ", ".join(f'{expression} AS "{name}"' for name, expression in expressions.items())


def _stored_expression(column: Column, *, is_there: bool) -> str:
    value = f'"{column.name}"' if is_there else "NULL"
    return f"CAST({value} AS {'VARCHAR' if column.kind == ColumnKind.CATEGORY else 'DOUBLE'})"


def _csv_source(file: TableFile, header: Sequence[str]) -> str:
    kinds = {column.name: column.kind for column in file.expected_columns}
    # DuckDB takes these by position; a column outside the schema may have any name, so it gets a harmless one.
    types = {
        (name if name in kinds else f"unknown {position}"): (
            "VARCHAR" if kinds.get(name, ColumnKind.CATEGORY) == ColumnKind.CATEGORY else "DOUBLE"
        )
        for position, name in enumerate(header)
    }
    columns = ", ".join(f"'{name}': '{type_name}'" for name, type_name in types.items())
    strict = """header = true, auto_detect = false, strict_mode = true, delim = ',', quote = '"', escape = '"'"""
    return f"read_csv({_quote_path(file)}, columns = {{{columns}}}, {strict})"


def _read_parquet_types(connection: duckdb.DuckDBPyConnection, file: TableFile) -> dict[str, str]:
    try:
        relation = connection.read_parquet(glob.escape(str(file.path)))
    except duckdb.Error:
        raise TablesError(f"{file.path.name} is not a whole Parquet file: write or copy it again") from None
    return dict(zip(relation.columns, map(str, relation.types), strict=True))


def _check_parquet_types(file: TableFile, types: Mapping[str, str]) -> None:
    for column in file.expected_columns:
        is_text = column.kind == ColumnKind.CATEGORY
        fits = _TEXT_TYPE if is_text else _NUMBER_TYPE
        if not fits.fullmatch(types[column.name]):
            wanted = "text" if is_text else "a number"
            raise TablesError(
                f"{file.path.name}: the column {column.name} is not stored as {wanted}: write it again as {wanted}"
            )


def _quote_path(file: TableFile) -> str:
    return quote_text(glob.escape(str(file.path)))
