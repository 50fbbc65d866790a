"""Import of what happened later to the clients: every report is kept, the latest one counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import psycopg

from solvent.decision_log.connections import SyncConnection, connect_sync
from solvent.domain.outcomes import ReportedOutcome
from solvent.errors import DecisionLogError

ROWS_SHOWN = 5

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('solvent outcomes'))"
STAGE = """
CREATE TEMP TABLE reported (
    row_number bigint, client_id bigint, wanted_id uuid, kind text, observed_at timestamptz, reported_at timestamptz,
    defaulted boolean
) ON COMMIT DROP
"""
COPY_STAGE = "COPY reported FROM STDIN (FORMAT BINARY)"
STAGE_TYPES = ("int8", "int8", "uuid", "text", "timestamptz", "timestamptz", "bool")
FIND = """
CREATE TEMP TABLE found ON COMMIT DROP AS
SELECT r.row_number, d.request_id, d.timestamp FROM reported r JOIN decisions d ON d.request_id = r.wanted_id
UNION ALL
SELECT r.row_number, p.request_id, p.timestamp
FROM reported r JOIN decision_payloads p ON p.client_id = r.client_id WHERE r.wanted_id IS NULL
"""
UNKNOWN = """
SELECT row_number FROM reported r WHERE NOT EXISTS (SELECT FROM found f WHERE f.row_number = r.row_number) ORDER BY 1
"""
# The outcome of a client belongs to the last decision before it.
MATCH = """
CREATE TEMP TABLE matched ON COMMIT DROP AS
SELECT DISTINCT ON (row_number) row_number, request_id, timestamp, kind, observed_at, reported_at, defaulted
FROM reported JOIN found USING (row_number) WHERE timestamp <= observed_at ORDER BY row_number, timestamp DESC
"""
# The outer query still sees the table as it was before the insert.
KEEP = """
WITH added AS (
    INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted)
    SELECT request_id, timestamp, kind, observed_at, reported_at, defaulted FROM matched ORDER BY row_number
    ON CONFLICT DO NOTHING RETURNING request_id, kind
)
SELECT (SELECT count(*) FROM matched), count(*), count(DISTINCT (request_id, kind)) FILTER (
    WHERE NOT EXISTS (SELECT FROM outcomes o WHERE (o.request_id, o.kind) = (added.request_id, added.kind))
) FROM added
"""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of the rows of one import; the counts add up to `read`.

    `added` are new outcomes, `corrected` reports that differ from an earlier one on the same decision and kind,
    `repeated` those that were there already. Left out are `unknown` (no decision has that client or request; the
    first `ROWS_SHOWN` row numbers are in `unknown_rows`), `before_decision` and `not_yet_known` ones.
    """

    read: int
    added: int
    corrected: int
    repeated: int
    unknown: int
    before_decision: int
    not_yet_known: int
    unknown_rows: tuple[int, ...]


def import_outcomes(url: str, outcomes: Iterable[ReportedOutcome], *, as_of: datetime) -> ImportSummary:
    """Keep the outcomes that were reported up to `as_of`, all of them or, after an error, none.

    Importing the same outcomes again changes nothing. Memory does not grow with their number. What the iterable raises
    passes through.

    Raises:
        DecisionLogError: the database is away, not migrated, or refuses.
    """
    with connect_sync(url, application_name="solvent-outcomes") as connection:
        try:
            connection.execute(ONE_AT_A_TIME)
            read, staged = _stage(connection, outcomes, as_of)
            return _keep(connection, read, staged)
        except psycopg.Error as error:
            raise DecisionLogError(
                f"the outcomes were not imported ({type(error).__name__}): run `solvent db check`"
            ) from error


def _stage(connection: SyncConnection, outcomes: Iterable[ReportedOutcome], as_of: datetime) -> tuple[int, int]:
    connection.execute(STAGE)
    read = staged = 0
    with connection.cursor().copy(COPY_STAGE) as copy:
        copy.set_types(STAGE_TYPES)
        for read, one in enumerate(outcomes, start=1):
            if one.reported_at <= as_of:
                moments = (one.observed_at, one.reported_at)
                copy.write_row((read, one.client_id, one.request_id, one.kind.value, *moments, one.defaulted))
                staged += 1
    connection.execute("ANALYZE reported")
    return read, staged


def _keep(connection: SyncConnection, read: int, staged: int) -> ImportSummary:
    connection.execute(FIND)
    connection.execute("ANALYZE found")
    unknown = [int(number) for (number,) in connection.execute(UNKNOWN)]
    connection.execute(MATCH)
    matched, written, new = connection.execute(KEEP).fetchone() or (0, 0, 0)
    return ImportSummary(
        read=read,
        added=new,
        corrected=written - new,
        repeated=matched - written,
        unknown=len(unknown),
        before_decision=staged - len(unknown) - matched,
        not_yet_known=read - staged,
        unknown_rows=tuple(unknown[:ROWS_SHOWN]),
    )
