"""How a page asks the log: over which decisions, with whose rights, and what it says of the way to its answer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import psycopg

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.database.roles import AS_READER
from solvent.errors import DecisionLogError

T = TypeVar("T")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Decisions that arrived from `start` on and before `end`, both aware UTC; of one model version or of all."""

    start: datetime
    end: datetime
    model_version: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Values of the placeholders that every query over a scope may have."""
        return {"start": self.start, "end": self.end, "model": self.model_version}


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A figure, the SQL that anybody can run again to get it, and how many rows of the log stand behind it."""

    value: T
    query: str
    count: int


@contextmanager
def open_reader(url: str, *, session: str = AS_READER) -> Iterator[SyncConnection]:
    """Open a connection with the rights of a role of `roles`; raises DecisionLogError if it cannot be used."""
    with connect_sync(url, application_name="solvent-dashboard") as connection:
        try:
            connection.execute(session.encode())
            yield connection
        except psycopg.Error as error:
            raise DecisionLogError(
                f"the decision log cannot be read ({type(error).__name__}): run `solvent db check`"
            ) from error


def ask(connection: SyncConnection, query: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a query with named placeholders."""
    return connection.execute(query.encode(), parameters).fetchall()


def as_text(connection: SyncConnection, query: str, parameters: Mapping[str, Any] | Sequence[Any]) -> str:
    """Write a query out with its values, as somebody would type it."""
    return psycopg.ClientCursor(connection).mogrify(query.encode(), parameters).strip()
