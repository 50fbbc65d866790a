"""Import of what happened later to the clients: every report is kept, the latest one counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from solvent.decision_log.database.connections import SyncConnection, connected_for
from solvent.decision_log.database.roles import API
from solvent.domain.outcomes import ReportedOutcome
from solvent.errors import DecisionLogError, LogUnavailableError

ROWS_SHOWN = 5
REPORT_LOCK_SECONDS = 2.0
"""How long a request waits for an import that is writing."""
REPORT_SECONDS = 10.0
"""How long a request with outcomes may take with all its statements, however silent the database is."""


BOUND_WAITS = "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('solvent outcomes'))"
STAGE = """
CREATE TEMP TABLE reported (
    row_number bigint, client_id bigint, wanted_id uuid, kind text, observed_at timestamptz, reported_at timestamptz,
    is_dated boolean, defaulted boolean, withdrawn boolean
) ON COMMIT DROP
"""
COPY_STAGE = "COPY reported FROM STDIN (FORMAT BINARY)"
STAGE_TYPES = ("int8", "int8", "uuid", "text", "timestamptz", "timestamptz", "bool", "bool", "bool")
FIND = """
CREATE TEMP TABLE found ON COMMIT DROP AS
SELECT r.row_number, d.request_id, d.timestamp FROM reported r JOIN decisions d ON d.request_id = r.wanted_id
UNION ALL
SELECT r.row_number, p.request_id, p.timestamp
FROM reported r JOIN decision_payloads p ON p.client_id = r.client_id WHERE r.wanted_id IS NULL
"""
UNKNOWN = """
SELECT row_number, count(*) OVER () FROM reported r
WHERE NOT EXISTS (SELECT FROM found f WHERE f.row_number = r.row_number) ORDER BY 1 LIMIT %s
"""
TOO_EARLY = """
SELECT row_number FROM reported r
WHERE EXISTS (SELECT FROM found f WHERE f.row_number = r.row_number)
    AND NOT EXISTS (SELECT FROM matched m WHERE m.row_number = r.row_number)
ORDER BY 1 LIMIT %s
"""
SEVERAL = """
SELECT count(DISTINCT client_id) FROM (
    SELECT client_id FROM reported JOIN found USING (row_number)
    WHERE wanted_id IS NULL AND timestamp <= observed_at GROUP BY row_number, client_id HAVING count(*) > 1
) clients
"""
# The outcome of a client belongs to the decision that has a report of it already, else to the last one before it.
MATCH = """
CREATE TEMP TABLE matched ON COMMIT DROP AS
SELECT DISTINCT ON (row_number) r.*, f.request_id, f.timestamp
FROM reported r JOIN found f USING (row_number) WHERE f.timestamp <= r.observed_at
ORDER BY row_number, EXISTS (
    SELECT FROM outcomes o WHERE (o.request_id, o.kind, o.observed_at) = (f.request_id, r.kind, r.observed_at)
) DESC, f.timestamp DESC
"""
# The outer query still sees the table as it was before the insert; what is inserted has larger ids than all before.
KEEP = """
WITH added AS (
    INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted, withdrawn)
    SELECT request_id, timestamp, kind, observed_at, reported_at, defaulted, withdrawn FROM matched m
    WHERE is_dated OR NOT EXISTS (
        SELECT FROM outcomes o
        WHERE (o.request_id, o.kind, o.observed_at, o.withdrawn) = (m.request_id, m.kind, m.observed_at, m.withdrawn)
            AND o.defaulted IS NOT DISTINCT FROM m.defaulted
    )
    ORDER BY row_number ON CONFLICT DO NOTHING RETURNING id, request_id, kind, reported_at, withdrawn
), newest AS (
    SELECT DISTINCT ON (request_id, kind) * FROM added ORDER BY request_id, kind, reported_at DESC, id DESC
), latest AS (
    SELECT NOT newest.withdrawn AS is_shown, before.withdrawn IS FALSE AS was_shown
    FROM newest LEFT JOIN LATERAL (
        SELECT o.reported_at, o.withdrawn FROM outcomes o
        WHERE (o.request_id, o.kind) = (newest.request_id, newest.kind) ORDER BY o.reported_at DESC, o.id DESC LIMIT 1
    ) before ON true
    WHERE before.reported_at IS NULL OR before.reported_at <= newest.reported_at
)
SELECT (SELECT count(*) FROM matched), (SELECT count(*) FROM added), count(*) FILTER (WHERE is_shown AND NOT was_shown),
    count(*) FILTER (WHERE is_shown AND was_shown), count(*) FILTER (WHERE was_shown AND NOT is_shown)
FROM latest
"""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of the rows of one import; all counts but `read` and `several` add up to `read`.

    Of the reports that are now the latest on their decision and kind, `added` bring an outcome where none counted,
    `corrected` take the place of another one, and `withdrawn` remove one. `without_effect` are kept too, but a later
    report counts, or there was nothing to withdraw. `repeated` were there already. Left out are `unknown` (no decision
    has that client or request), `before_decision` and `not_yet_known` ones; of the first two, the numbers of the first
    rows, from 1, are in `unknown_rows` and `early_rows`. `several` clients had more than one decision to which an
    outcome could belong.
    """

    read: int = 0
    added: int = 0
    corrected: int = 0
    withdrawn: int = 0
    without_effect: int = 0
    repeated: int = 0
    unknown: int = 0
    before_decision: int = 0
    not_yet_known: int = 0
    several: int = 0
    unknown_rows: tuple[int, ...] = ()
    early_rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportTerms:
    """How an import behaves.

    `lock_seconds`: longest wait for another import that is writing. `statement_seconds`: longest time of a statement, 0
    for no limit. `whole_seconds`: longest time of all of them, None for no limit. `rows_shown`: how many row numbers of
    each kind the summary holds. `role`: one of `roles` to act as; "none" keeps the rights of the login.
    """

    lock_seconds: float = 30.0
    statement_seconds: float = 0.0
    whole_seconds: float | None = None
    rows_shown: int = ROWS_SHOWN
    role: str = "none"


_OF_A_FILE = ImportTerms()


def import_outcomes(
    url: str, outcomes: Iterable[ReportedOutcome], *, as_of: datetime, terms: ImportTerms = _OF_A_FILE
) -> ImportSummary:
    """Keep the outcomes that were reported up to `as_of`, all of them or, after an error, none.

    One without `reported_at` counts as reported at `as_of` if it was observed by then and is not there already.
    Importing the same outcomes again changes nothing. Memory does not grow with their number. What the iterable raises
    passes through.

    Raises:
        DecisionLogError: the database is away, not migrated, or refuses, or another import is writing all the time.
    """
    waits = (terms.lock_seconds, terms.statement_seconds)
    with connected_for(url, terms.whole_seconds, application_name="solvent-outcomes") as connection:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        try:
            connection.execute("SELECT set_config('role', %s, true)", (terms.role,))
            connection.execute(BOUND_WAITS, [f"{seconds * 1000:.0f}ms" for seconds in waits])
            read, staged = _stage(connection, outcomes, as_of)
            return _keep(connection, read, staged, terms.rows_shown)
        except psycopg.errors.LockNotAvailable as error:
            raise DecisionLogError("the outcomes were not imported: another import is writing, try again") from error
        except psycopg.Error as error:
            raise DecisionLogError(
                f"the outcomes were not imported ({type(error).__name__}): run `solvent db check`"
            ) from error


def keep_reported(url: str, outcomes: Sequence[ReportedOutcome], as_of: datetime) -> ImportSummary:
    """Keep the outcomes of one request, with the rights and the patience of the API; the summary names every row.

    Raises:
        LogUnavailableError: nothing was kept.
    """
    terms = ImportTerms(
        lock_seconds=REPORT_LOCK_SECONDS,
        statement_seconds=3.0,
        whole_seconds=REPORT_SECONDS,
        rows_shown=len(outcomes),
        role=API,
    )
    try:
        return import_outcomes(url, outcomes, as_of=as_of, terms=terms)
    except DecisionLogError as error:
        raise LogUnavailableError("outcomes cannot be kept now") from error


def _stage(connection: SyncConnection, outcomes: Iterable[ReportedOutcome], as_of: datetime) -> tuple[int, int]:
    connection.execute(STAGE)
    read = staged = 0
    with connection.cursor().copy(COPY_STAGE) as copy:
        copy.set_types(STAGE_TYPES)
        for read, one in enumerate(outcomes, start=1):
            if (one.reported_at or one.observed_at) <= as_of:
                subject = (one.client_id, one.request_id, one.kind.value)
                moments = (one.observed_at, one.reported_at or as_of, one.reported_at is not None)
                copy.write_row((read, *subject, *moments, one.defaulted, one.is_withdrawn))
                staged += 1
    connection.execute("ANALYZE reported")
    return read, staged


def _keep(connection: SyncConnection, read: int, staged: int, rows_shown: int) -> ImportSummary:
    connection.execute(FIND)
    connection.execute("ANALYZE found")
    unknown_rows = connection.execute(UNKNOWN, (rows_shown,)).fetchall()
    unknown = unknown_rows[0][1] if unknown_rows else 0
    (several,) = connection.execute(SEVERAL).fetchone() or (0,)
    connection.execute(ONE_AT_A_TIME)
    connection.execute(MATCH)
    early_rows = connection.execute(TOO_EARLY, (rows_shown,)).fetchall()
    matched, written, new, corrected, withdrawn = connection.execute(KEEP).fetchone() or (0, 0, 0, 0, 0)
    return ImportSummary(
        read=read,
        added=new,
        corrected=corrected,
        withdrawn=withdrawn,
        without_effect=written - new - corrected - withdrawn,
        repeated=matched - written,
        unknown=unknown,
        before_decision=staged - unknown - matched,
        not_yet_known=read - staged,
        several=several,
        unknown_rows=tuple(number for number, _ in unknown_rows),
        early_rows=tuple(number for (number,) in early_rows),
    )
