"""Raw tables full of what breaks feature code: nulls, zeros, ties, repeated and orphaned rows, wrong ranges."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from solvent.tables.schemas import CLIENT, HISTORY_TABLES, TARGET, Column, ColumnKind, TableSchema, table_schema

Rows = list[dict[str, Any]]

_STRANGERS = 999_999
"""A client, and a key of loans, that no application and no parent row has."""


@dataclass(frozen=True)
class HostileTables:
    """Rows by table, and how to hand them to the two engines."""

    rows: Mapping[str, Rows]

    def applications(self) -> Mapping[int, dict[str, Any]]:
        """Raw columns by client."""
        return {row[CLIENT]: row for row in self.rows["application"]}

    def history(self, client: int) -> dict[str, Rows]:
        """A client's rows; of bureau_balance, which names no client, also those of nobody's loans."""
        own = {name: self._by_key[name].get(client, []) for name in HISTORY_TABLES}
        loans = {None, _STRANGERS, *(row.get("SK_ID_BUREAU") for row in own["bureau"])}
        return {
            **own,
            "bureau_balance": [row for loan in loans for row in self._by_key["bureau_balance"].get(loan, [])],
        }

    @cached_property
    def _by_key(self) -> Mapping[str, Mapping[Any, Rows]]:
        """Rows by table and client, those of bureau_balance by their loan."""
        found: dict[str, dict[Any, Rows]] = {name: {} for name in HISTORY_TABLES}
        for name, by_key in found.items():
            key = "SK_ID_BUREAU" if name == "bureau_balance" else CLIENT
            for row in self.rows.get(name, []):
                by_key.setdefault(row.get(key), []).append(row)
        return found

    def write(self, directory: Path) -> Path:
        """Write Parquet files."""
        for name, rows in self.rows.items():
            schema = table_schema(name)
            columns = {column.name: _to_arrow(column, rows) for column in schema.columns}
            file = "application_train" if name == "application" else name
            pyarrow.parquet.write_table(pyarrow.table(columns), directory / f"{file}.parquet")
        return directory


def make_hostile_tables(
    seed: int, *, clients: int, missing: Sequence[float] = (0.0, 0.2, 0.8, 1.0), empty: Collection[str] = ()
) -> HostileTables:
    """Draw tables for `clients` clients, each with 0 to 7 rows per table.

    `missing` are the shares of missing values, of which each client is given one; `empty` tables have no rows.
    """
    random = np.random.default_rng(seed)
    shares = {client: float(random.choice(missing)) for client in (*_ids(clients), _STRANGERS, None)}
    rows = {
        "application": [
            _draw_row(table_schema("application"), random, client, shares[client]) for client in _ids(clients)
        ]
    }
    for name in HISTORY_TABLES:
        drawn: Rows = []
        for client, share in () if name in empty else shares.items():
            count = int(random.choice([0, 0, 1, 2, 3, 7]))
            own = [_draw_row(table_schema(name), random, client, share) for _ in range(count)]
            drawn += own + own[: int(random.integers(0, 2))]
        random.shuffle(drawn)
        rows[name] = drawn
    return HostileTables(rows)


def _ids(clients: int) -> range:
    return range(1, clients + 1)


def _draw_row(schema: TableSchema, random: np.random.Generator, client: int | None, missing: float) -> dict[str, Any]:
    drawn = {column.name: _draw_value(column, random, client) for column in schema.columns}
    kept = {name: value for name, value in drawn.items() if random.random() >= missing}
    return {**kept, **({CLIENT: client} if CLIENT in drawn else {}), **_draw_keys(schema, random, client)}


def _draw_keys(schema: TableSchema, random: np.random.Generator, client: int | None) -> dict[str, Any]:
    """Keys of a few loans, now and then shared between clients, of nobody, or missing."""
    names = {column.name for column in schema.columns} & {"SK_ID_PREV", "SK_ID_BUREAU"}
    own = 10 * (client or int(random.integers(1, 50)))
    pool = [own, own + 1, own + 2, own + 3, 7, _STRANGERS, None]
    return {name: pool[random.choice(7, p=[0.3, 0.2, 0.2, 0.15, 0.05, 0.05, 0.05])] for name in names}


def _draw_value(column: Column, random: np.random.Generator, client: int | None) -> float | str | None:
    if column.name == TARGET:
        return float(random.integers(0, 2))
    pool = _categories(column) if column.kind is ColumnKind.CATEGORY else _numbers(column)
    drawn: float | str | None = pool[int(random.integers(0, len(pool)))]
    return drawn


def _categories(column: Column) -> list[Any]:
    return [*column.categories[:8], *column.categories[:2], *column.sentinels, "unheard of", None]


def _numbers(column: Column) -> list[Any]:
    """Few different values, so that ties are common; the ends of the range, what lies beyond them, and sentinels."""
    low, high = float(column.minimum or 0.0), float(column.maximum or 0.0)
    small = (
        [0.0, 0.25, 0.5, 0.75] if column.unit in ("score", "share") else [0.0, 1.0, 2.0, 5.0, 12.0, 30.0, 240.0, 3600.0]
    )
    plain = [-value for value in small] if high == 0.0 else small
    if low < 0.0 < high:
        plain = plain + [-value for value in small[:4]]
    tiny = [-0.0, 1e-300] if low <= 0.0 < high else [-0.0]
    return [*plain, *plain, *tiny, low, high, low - 1.0, high + 1.0, *column.sentinels, None]


def _to_arrow(column: Column, rows: Rows) -> pyarrow.Array:
    kinds = {ColumnKind.CATEGORY: pyarrow.string(), ColumnKind.KEY: pyarrow.int64()}
    return pyarrow.array([row.get(column.name) for row in rows], kinds.get(column.kind, pyarrow.float64()))
