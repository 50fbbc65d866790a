"""Accepts an application: checks a decoded request against the schemas of the tables."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from solvent.errors import ApplicationError
from solvent.features.program import CLIENT_LINKS
from solvent.scoring.field_checks import TableChecks, table_checks
from solvent.scoring.glances import glance_over
from solvent.scoring.turns import Turns
from solvent.tables.schemas import APPLICATION, CLIENT, HISTORY_TABLES, TARGET, table_schema

MAX_ROWS_PER_TABLE = 5_000
"""Longest history accepted of one client in one table; the longest real one has 2,900 rows (bureau_balance)."""
MAX_PROBLEMS = 50
"""Problems named in one answer; more are counted."""
BATCH_FIELD = "clients"
"""The field that holds the applications of a batch."""

_COLUMN_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")

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
    history = {name: document[name] for name in HISTORY_TABLES if name in document}
    given = {name: value for name, value in document.items() if name not in history} if history else document
    findings = _Findings()
    if glance_over(APPLICATION)((given,), None):
        findings.add_row(table_checks(APPLICATION), given)
        findings.add_unknown("")
    for name, rows in history.items():
        _check_rows(name, rows, document.get(CLIENT), findings)
    if findings.problems:
        raise ApplicationError(_shortened(findings.problems))
    findings.warnings |= dict.fromkeys(_find_gaps(history))
    columns = {name: value for name, value in given.items() if value is not None}
    return Application(int(document[CLIENT]), columns, history or None, tuple(findings.warnings))


class _Findings:
    """Problems and warnings so far, each once and in the order of their finding."""

    def __init__(self) -> None:
        self.problems: dict[str, None] = {}
        self.warnings: dict[str, None] = {}
        self._unknown: dict[str, None] = {}

    def add_row(self, checks: TableChecks, row: Row) -> None:
        """Check one row, value by value."""
        for name, value in row.items():
            check = checks.by_column.get(name)
            if check is None:
                self._unknown[name] = None
            elif value is not None:
                fault = check(value)
                if fault is not None:
                    (self.problems if fault.is_problem else self.warnings)[fault.text] = None
        for name, fault in checks.required.items():
            if row.get(name) is None:
                self.problems[fault.text] = None

    def add_unknown(self, prefix: str) -> None:
        """Name the fields of the rows so far that the table does not have."""
        for name in self._unknown:
            self.problems[prefix + _describe_unknown(name, _known_names(prefix))] = None
        self._unknown = {}


async def accept_all(documents: Sequence[object], turns: Turns) -> list[Application | ApplicationError]:
    """Check the rows of a batch: each becomes an application, or the error that says what is wrong with it."""
    accepted: list[Application | ApplicationError] = []
    for document in documents:
        try:
            accepted.append(accept_application(document))
        except ApplicationError as error:
            accepted.append(error)
        await turns.give_way()
    return accepted


def _describe_unknown(name: str, known: Mapping[str, str]) -> str:
    if name == TARGET:
        return f"{TARGET}: is the outcome, which no application holds"
    if name.upper() in known:
        return f"{known[name.upper()]}: came in other letters; write the name as here, capitals count"
    if name == BATCH_FIELD:
        return f"{BATCH_FIELD}: is the field of a batch, which goes to /predict-batch"
    if _COLUMN_NAME.fullmatch(name):
        return f"{name}: is no column of this table"
    # What does not look like a column name may be anything, so it is not repeated.
    return "a field: is no column of this table; its name is not repeated, as it could hold data"


@cache
def _known_names(prefix: str) -> Mapping[str, str]:
    """Every field that may stand there, by its name in capitals."""
    table = prefix.removesuffix(".") or APPLICATION
    names = [*table_checks(table).by_column, *(HISTORY_TABLES if table == APPLICATION else ())]
    return MappingProxyType({name.upper(): name for name in names})


def _check_rows(table: str, rows: object, client: object, findings: _Findings) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        findings.problems[f"{table}: must be a list of objects, one per row"] = None
        return
    if len(rows) > MAX_ROWS_PER_TABLE:
        findings.problems[f"{table}: at most {MAX_ROWS_PER_TABLE} rows"] = None
        return
    checks = table_checks(table)
    if _has_duplicates(rows, table_schema(table).key):
        findings.problems[f"{table}: two rows have the same {' and '.join(table_schema(table).key)}"] = None
    for row in glance_over(table)(rows, client):
        owner = row.get(CLIENT)
        findings.add_row(checks, {**row, CLIENT: client} if owner is None and CLIENT in checks.by_column else row)
        if owner is not None and owner != client:
            findings.problems[f"{table}.{CLIENT}: must be the client of the application"] = None
    findings.add_unknown(f"{table}.")


def _has_duplicates(rows: Sequence[Row], key: tuple[str, ...]) -> bool:
    if not key:
        return False
    try:
        if len(set(map(itemgetter(*key), rows))) == len(rows):
            return False
    except (KeyError, TypeError):
        pass  # a part of the key is absent or cannot be looked up: the careful way
    values = [tuple(map(row.get, key)) for row in rows]
    if not all(type(value) is int for value in chain.from_iterable(values)):
        # 7 and 7.0 are told apart, and a list cannot be looked up.
        return len(set(map(repr, values))) < len(values)
    return len(set(values)) < len(values)


def _find_gaps(history: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Warn of what a history lacks: tables that were left out, and loans whose months are there without them."""
    if 0 < len(history) < len(HISTORY_TABLES):
        yield "partial_history"
    for name, (parent, key) in CLIENT_LINKS.items():
        known = {row.get(key) for row in history.get(parent, ())}
        if not known.issuperset([row.get(key) for row in history.get(name, ())]):
            yield f"orphan_rows:{name}"


def _shortened(problems: Iterable[str]) -> tuple[str, ...]:
    named = tuple(problems)
    if len(named) <= MAX_PROBLEMS:
        return named
    return (*named[:MAX_PROBLEMS], f"and {len(named) - MAX_PROBLEMS} more")
