"""Finds what is wrong with open raw tables: missing files, keys, links between tables, types, ranges, categories."""

from collections.abc import Iterator
from typing import Any

from solvent.domain.progress import Progress, silent
from solvent.tables.files import APPLICATION_FILES
from solvent.tables.findings import Finding, Rule, key_column
from solvent.tables.reading import RawTables, translated_errors
from solvent.tables.schemas import APPLICATION, CLIENT, HISTORY_TABLES, Column, ColumnKind, TableSchema, table_schemas
from solvent.tables.views import cleaned_expression, quote_text

_KEYS_SHOWN = 3
_WHOLE_KINDS = frozenset({ColumnKind.KEY, ColumnKind.INTEGER, ColumnKind.FLAG})
_PARENTS = {
    "bureau": ((CLIENT, APPLICATION),),
    "bureau_balance": (("SK_ID_BUREAU", "bureau"),),
    "previous_application": ((CLIENT, APPLICATION),),
    "POS_CASH_balance": ((CLIENT, APPLICATION), ("SK_ID_PREV", "previous_application")),
    "installments_payments": ((CLIENT, APPLICATION), ("SK_ID_PREV", "previous_application")),
    "credit_card_balance": ((CLIENT, APPLICATION), ("SK_ID_PREV", "previous_application")),
}


def find_problems(tables: RawTables, *, progress: Progress = silent) -> tuple[Finding, ...]:
    """Find every problem of the tables, table by table; no finding means that they fit their schemas.

    Reads each table once for its values, its keys once more for doubles and for each link, and the columns that
    break a rule once more for the ids. `progress` hears the step and the share done (0 to 1) before each table and
    at the end. Raises TablesError if a file turns out to be broken.
    """
    findings: list[Finding] = []
    schemas = table_schemas()
    for position, schema in enumerate(schemas.values()):
        progress(f"checking {schema.name}", position / len(schemas))
        with translated_errors():
            findings.extend(_find_in_table(tables, schema))
    progress("checked all tables", 1.0)
    return tuple(findings)


def _find_in_table(tables: RawTables, schema: TableSchema) -> Iterator[Finding]:
    if schema.name in HISTORY_TABLES and schema.name not in tables.present:
        yield Finding(schema.name, None, Rule.MISSING_FILE, 1)
        return
    yield from _find_unknown_columns(tables, schema)
    yield from _find_duplicate_keys(tables, schema)
    yield from _find_orphans(tables, schema)
    yield from _find_bad_values(tables, schema)


def _find_unknown_columns(tables: RawTables, schema: TableSchema) -> Iterator[Finding]:
    names = APPLICATION_FILES if schema.name == APPLICATION else (schema.name,)
    columns = {column: None for name in names for column in tables.unknown_columns.get(name, ())}
    yield from (Finding(schema.name, column, Rule.UNKNOWN_COLUMN, 1) for column in columns)


def _find_duplicate_keys(tables: RawTables, schema: TableSchema) -> Iterator[Finding]:
    if not schema.key:
        return
    key = ", ".join(f'"{name}"' for name in schema.key)
    is_whole = " AND ".join(f'"{name}" IS NOT NULL' for name in schema.key)
    doubles = f'"{schema.name}" WHERE {is_whole} GROUP BY {key} HAVING count(*) > 1'
    groups = f'(SELECT "{schema.key[0]}" AS id, count(*) AS times FROM {doubles})'  # noqa: S608 - names of our schemas
    surplus, keys = _query(tables, f"sum(times - 1), min(id, {_KEYS_SHOWN})", groups)
    if surplus:
        yield Finding(schema.name, ", ".join(schema.key), Rule.DUPLICATE_KEY, int(surplus), _distinct(keys))


def _find_orphans(tables: RawTables, schema: TableSchema) -> Iterator[Finding]:
    for column, parent in _PARENTS.get(schema.name, ()):
        if parent in HISTORY_TABLES and parent not in tables.present:
            continue
        orphans = f'"{schema.name}" ANTI JOIN "{parent}" USING ("{column}") WHERE "{column}" IS NOT NULL'
        count, keys = _query(tables, f'count(*), min("{key_column(schema)}", {_KEYS_SHOWN})', orphans)
        if count:
            yield Finding(schema.name, column, Rule.ORPHAN_ROWS, count, _distinct(keys), parent=parent)


def _find_bad_values(tables: RawTables, schema: TableSchema) -> Iterator[Finding]:
    faults = [(column, rule, fault) for column in schema.columns for rule, fault in _faults(column)]
    stored = f'"file_{schema.name}"'
    counts = _query(tables, ", ".join(f"count_if({fault})" for *_, fault in faults), stored)
    broken = [(*found, count) for found, count in zip(faults, counts, strict=True) if count]
    if not broken:
        return
    # Keeping keys for all 288 faults of the application in the first pass makes that pass eight times slower.
    key = cleaned_expression(schema.column(key_column(schema)))
    examples = ", ".join(f"min({key}, {_KEYS_SHOWN}) FILTER ({found[2]})" for found in broken)
    for (column, rule, _, count), ids in zip(broken, _query(tables, examples, stored), strict=True):
        yield Finding(schema.name, column.name, rule, count, _distinct(ids))


def _faults(column: Column) -> Iterator[tuple[Rule, str]]:
    """Yield the rules that the values of a column can break, each with the SQL condition of a broken one."""
    name = f'"{column.name}"'
    if column.kind == ColumnKind.CATEGORY:
        if column.required:
            yield Rule.MISSING_REQUIRED, f"coalesce({name}, '') = ''"
        known = ", ".join(quote_text(str(value)) for value in ("", *column.sentinels, *column.categories))
        yield Rule.UNKNOWN_CATEGORY, f"{name} NOT IN ({known})"
        return
    if column.required:
        yield Rule.MISSING_REQUIRED, f"NOT coalesce(isfinite({name}), false)"
    yield Rule.NOT_FINITE, f"NOT isfinite({name})"
    if column.kind in _WHOLE_KINDS:
        yield Rule.NOT_INTEGER, f"isfinite({name}) AND {name} <> trunc({name})"
    beyond = f"isfinite({name}) AND {name} NOT BETWEEN {column.minimum} AND {column.maximum}"
    yield Rule.OUT_OF_RANGE, beyond + "".join(f" AND {name} <> {sentinel}" for sentinel in column.sentinels)


def _query(tables: RawTables, aggregates: str, source: str) -> tuple[Any, ...]:
    (row,) = tables.connection.execute(f"SELECT {aggregates} FROM {source}").fetchall()  # noqa: S608 - as above
    return tuple(row)


def _distinct(keys: list[int] | None) -> tuple[int, ...]:
    return tuple(sorted(set(keys or ())))
