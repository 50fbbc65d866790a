"""Sends rows to the database all at once, in the form in which they were encoded for the chain."""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncCursor

from solvent.decision_log.audit.canonical import Value, frame

COPY_FROM = 8
"""Rows from which COPY takes less CPU than an INSERT each: 30 % less for 16 rows, here and in the server. For a few it
takes as much, and two more round trips."""

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_COUNT = struct.Struct(">h")


def copy_statement(table: str, columns: Iterable[str]) -> bytes:
    """The statement that takes rows of these columns."""
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)".encode()


async def copy_rows(cursor: AsyncCursor[Any], statement: bytes, rows: Sequence[Sequence[Value]]) -> None:
    """Store rows of values in binary form; see `canonical`.

    Raises:
        psycopg.Error: the transaction has failed.
    """
    body = b"".join([_COUNT.pack(len(row)) + frame(row) for row in rows])
    async with cursor.copy(statement) as copy:
        await copy.write(_HEADER + body + _TRAILER)
