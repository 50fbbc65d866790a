"""Declares the seven raw tables: every column with its kind, unit, plausible range, sentinels and categories."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from solvent.errors import TablesError

CLIENT = "SK_ID_CURR"
TARGET = "TARGET"
APPLICATION = "application"
HISTORY_TABLES = (
    "bureau",
    "bureau_balance",
    "previous_application",
    "POS_CASH_balance",
    "installments_payments",
    "credit_card_balance",
)


class ColumnKind(StrEnum):
    """What a column holds, and so how it is read: keys as integers, categories as text, the rest as float64."""

    KEY = "key"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Column:
    """One raw column.

    A value among `sentinels`, or a number outside [`minimum`, `maximum`] (in `unit`), counts as missing for features.
    `categories` are the known ones, sorted by code point, without the sentinels. A row without a `required` column
    cannot be used.
    """

    name: str
    kind: ColumnKind
    unit: str
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    sentinels: tuple[float | str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One raw table: its columns in the order of the raw file, its unique key and its link to the client.

    `key` is empty where rows have none (instalments are paid in parts). `link` is the column that leads to the
    client: SK_ID_CURR itself, or for bureau_balance SK_ID_BUREAU. `dates` say when what a row holds was known, in days
    or months before the application: a row with one above 0 was not known yet. Scheduled dates are not among them.
    """

    name: str
    key: tuple[str, ...]
    link: str
    columns: tuple[Column, ...]
    dates: tuple[str, ...] = ()
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = MappingProxyType({column.name: column for column in self.columns})
        object.__setattr__(self, "_by_name", by_name)

    def column(self, name: str) -> Column:
        """Return the column of that name; TablesError if the table has none."""
        try:
            return self._by_name[name]
        except KeyError:
            raise TablesError(f"table {self.name} has no column {name}: see solvent/tables/columns.json") from None


@cache
def table_schemas() -> Mapping[str, TableSchema]:
    """Return the seven schemas by table name, `application` first.

    Names and order are those of the Home Credit Default Risk files; ranges and categories come from the published
    statistics of those tables, widened so that the real data lies inside.
    """
    declared = json.loads(files(__package__).joinpath("columns.json").read_text(encoding="utf-8"))
    return MappingProxyType({name: _to_schema(name, declaration) for name, declaration in declared.items()})


def table_schema(name: str) -> TableSchema:
    """Return the schema of one table; TablesError if there is no such table."""
    try:
        return table_schemas()[name]
    except KeyError:
        raise TablesError(f"there is no table {name}: the tables are {', '.join(table_schemas())}") from None


def _to_schema(name: str, declaration: Mapping[str, Any]) -> TableSchema:
    columns = tuple(_to_column(column) for column in declaration["columns"])
    return TableSchema(
        name,
        key=tuple(declaration["key"]),
        link=declaration["link"],
        columns=columns,
        dates=tuple(declaration.get("dates", ())),
    )


def _to_column(declaration: Mapping[str, Any]) -> Column:
    is_category = declaration["kind"] == ColumnKind.CATEGORY
    sentinels = declaration.get("sentinels", ())
    return Column(
        name=declaration["name"],
        kind=ColumnKind(declaration["kind"]),
        unit=declaration["unit"],
        meaning=declaration["meaning"],
        required=declaration.get("required", False),
        minimum=None if is_category else float(declaration["minimum"]),
        maximum=None if is_category else float(declaration["maximum"]),
        sentinels=tuple(sentinels) if is_category else tuple(float(value) for value in sentinels),
        categories=tuple(declaration.get("categories", ())),
    )
