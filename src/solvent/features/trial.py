"""Runs a program once on made-up rows, so that a step that cannot run is found at load and not by a request."""

from typing import Any

from solvent.errors import FeatureError, TablesError
from solvent.features.program import APPLICATION, CLIENT_LINKS, Cleaning, Program, ValueKind
from solvent.features.request_engine import RequestEngine
from solvent.tables.schemas import HISTORY_TABLES, table_schema

ROWS = 3
"""Rows of each table: a slope and a deviation need more than one."""


def try_out(engine: RequestEngine) -> None:
    """Compute the features of a made-up client with and without history.

    Raises:
        FeatureError: the program reads a table or a column that does not exist, or a step fails.
    """
    program = engine.program
    _check_names(program)
    application = _make_row(program, APPLICATION, 0)
    history = {
        table: [_make_row(program, table, number) for number in range(ROWS)]
        for table in program.columns
        if table != APPLICATION
    }
    try:
        engine.evaluate(application)
        engine.evaluate(application, engine.reduce_history(history))
    except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
        raise FeatureError(f"a step of the feature program cannot run ({type(error).__name__})") from error


def _check_names(program: Program) -> None:
    for table, columns in program.columns.items():
        if table not in (APPLICATION, *HISTORY_TABLES):
            raise FeatureError("the feature program reads a table that does not exist")
        for column in columns:
            try:
                table_schema(table).column(column)
            except TablesError as error:
                raise FeatureError(f"the feature program reads a column that {table} does not have") from error


def _make_row(program: Program, table: str, number: int) -> dict[str, Any]:
    row = {name: _make_value(cleaning, number) for name, cleaning in program.columns.get(table, {}).items()}
    for parent, key in CLIENT_LINKS.values():
        if key in row or table == parent:
            row[key] = 1 + number
    return row


def _make_value(cleaning: Cleaning, number: int) -> float | str | None:
    if cleaning.kind is ValueKind.CATEGORY:
        return cleaning.categories[number % len(cleaning.categories)] if cleaning.categories else None
    if cleaning.minimum is not None:
        return cleaning.minimum + number
    return 1.0 + number if cleaning.maximum is None else cleaning.maximum - number
