"""Turns clients of the raw tables into request bodies: an application with its history rows nested in it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from solvent.errors import TablesError
from solvent.tables.reading import RawTables, open_tables, translated_errors
from solvent.tables.schemas import APPLICATION, CLIENT, HISTORY_TABLES, TARGET, ColumnKind, table_schema

Body = dict[str, Any]
CHUNK = 500
"""Clients read at a time; their bodies take about 15 MB."""

_FRACTIONS = frozenset({ColumnKind.NUMBER, ColumnKind.CATEGORY})


def read_bodies(data: Path, count: int, *, seed: int) -> Iterator[Body]:
    """Yield `count` request bodies of clients in random order, from the start again if there are fewer clients.

    The clients are those of application_test, or of application_train where there is no test file. A missing value is
    left out, as is TARGET.

    Raises:
        TablesError: the tables cannot be read, or hold no client.
    """
    with open_tables(data) as tables:
        clients = _shuffled_clients(tables, seed)
        wanted = (clients[position % len(clients)] for position in range(count))
        while chunk := list(islice(wanted, CHUNK)):
            bodies = read_clients(tables, chunk)
            yield from (bodies[client] for client in chunk)


def read_clients(tables: RawTables, clients: Sequence[int]) -> dict[int, Body]:
    """Read the bodies of some clients; rows of a history table come without SK_ID_CURR."""
    bodies = {row[CLIENT]: row for row in _read_rows(tables, APPLICATION, clients)}
    for name in HISTORY_TABLES:
        if name in tables.present:
            for body in bodies.values():
                body[name] = []
            for row in _read_rows(tables, name, clients):
                bodies[row.pop(CLIENT)][name].append(row)
    return bodies


def _shuffled_clients(tables: RawTables, seed: int) -> list[int]:
    source = "application_test" if "application_test" in tables.present else "application_train"
    condition = f"{TARGET} IS NULL" if source == "application_test" else "true"
    with translated_errors():
        found = tables.connection.execute(f"SELECT {CLIENT} FROM application WHERE {condition} ORDER BY 1").fetchall()  # noqa: S608 - names of our schemas
    if not found:
        raise TablesError(f"{source} holds no client: give a folder with applications")
    clients = [int(client) for (client,) in found]
    Random(seed).shuffle(clients)  # noqa: S311 - an order, no secret
    return clients


def _read_rows(tables: RawTables, name: str, clients: Iterable[int]) -> Iterator[Body]:
    columns = [column for column in table_schema(name).columns if column.name not in (CLIENT, TARGET)]
    whole = {column.name for column in columns if column.kind not in _FRACTIONS}
    with translated_errors():
        rows = tables.connection.execute(_query(name, [column.name for column in columns]), [list(clients)]).fetchall()
    for row in rows:
        given = ((column.name, value) for column, value in zip(columns, row[1:], strict=True) if value is not None)
        cells = {key: int(value) if key in whole and value == int(value) else value for key, value in given}
        yield {CLIENT: int(row[0]), **cells}


def _query(name: str, columns: Sequence[str]) -> str:
    selected = ", ".join(f'one."{column}"' for column in columns)
    owner, source = "one", f'"{name}" one'
    if table_schema(name).link != CLIENT:
        owner, source = "owner", f"{source} JOIN bureau owner ON owner.SK_ID_BUREAU = one.SK_ID_BUREAU"
    return f"SELECT {owner}.{CLIENT}, {selected} FROM {source} WHERE {owner}.{CLIENT} IN (SELECT unnest(?))"  # noqa: S608 - names of our schemas
