"""The rows of one client's tables that count."""

from collections.abc import Mapping, Sequence
from typing import Any

from solvent.features.program import CLIENT_LINKS

Row = Mapping[str, Any]
History = Mapping[str, Sequence[Row]]
"""One client's history rows by table name; a table that is absent or empty is no history in it."""


def rows_of_client(history: History, table: str, dates: Sequence[str] = ()) -> Sequence[Row]:
    """Rows of a table that belong to the client and are not dated after the application.

    `bureau_balance` names no client: its rows belong to those whose loan stands in the client's `bureau` rows; rows
    tied to no loan of the client are left out. A row is left out too if one of the columns `dates` is above 0.
    """
    rows = history.get(table, ())
    link = CLIENT_LINKS.get(table)
    if link is not None and rows:
        parent, key = link
        known = {row.get(key) for row in history.get(parent, ())} - {None}
        rows = [row for row in rows if row.get(key) in known]
    for date in dates:
        rows = [row for row in rows if not (row.get(date) or 0) > 0]
    return rows
