"""Reads what became of the decisions of a period, as three narrow columns: a million of them take 20 MB."""

from datetime import datetime

import numpy as np
import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.reading.final_outcomes import reported_outcomes
from solvent.domain.outcomes import EARLY_SIGNS, MONTH, DecidedOutcomes, DefaultDefinition, OutcomeKind
from solvent.errors import DecisionLogError

# The moment at which a term ends belongs to it; a day of room lets sources that report dates take part.
QUERY = """
COPY (
    WITH reported AS (
        SELECT request_id, {reported},
            bool_or(kind = 'first_payment_missed'
                AND observed_at <= timestamp + {missed_within} + interval '1 day') AS has_missed,
            bool_or(kind = 'late_30_days'
                AND observed_at <= timestamp + {late_within} + interval '1 day') AS is_late
        FROM counted_outcomes({start}, {end}, {as_of}) GROUP BY request_id
    )
    SELECT (extract(year FROM timestamp) * 12 + extract(month FROM timestamp) - 1)::int2, prediction_proba, (
        (decision = 'approve')::int * {approved}
        + coalesce(is_matured OR has_defaulted, false)::int * {known}
        + coalesce(has_defaulted, false)::int * {defaulted}
        + coalesce(has_missed, false)::int * {missed}
        + coalesce(is_late, false)::int * {late}
    )::int2
    FROM decisions LEFT JOIN reported USING (request_id) WHERE timestamp >= {start} AND timestamp < {end} {by_model}
) TO STDOUT (FORMAT BINARY)
"""
_HEADER_BYTES, _TRAILER_BYTES = 19, 2
_ROW = np.dtype(
    [
        *(("fields", ">i2"), ("month_size", ">i4"), ("month", ">i2")),
        *(("probability_size", ">i4"), ("probability", ">f8"), ("flags_size", ">i4"), ("flags", ">i2")),
    ]
)
"""A row of the binary form of COPY: the number of fields, and each with its size before it; none of ours is NULL."""


def read_decided_outcomes(
    connection: SyncConnection,
    start: datetime,
    end: datetime,
    *,
    as_of: datetime,
    definition: DefaultDefinition,
    model_version: str | None = None,
) -> DecidedOutcomes:
    """Return every decision from `start` on and before `end`, of one model version or of all, and what became of it.

    What was reported after `as_of` is not known. A default after the term of the definition is none, and an early sign
    counts within the months of `EARLY_SIGNS` alone: older decisions have no more time to show one than younger ones. A
    default is known before its term has ended, a good end never:
    whoever counts rates must leave out decisions that have not matured.

    Raises:
        DecisionLogError: the database is away or not migrated.
    """
    values = {
        "start": start,
        "end": end,
        "as_of": as_of,
        "missed_within": EARLY_SIGNS[OutcomeKind.FIRST_PAYMENT_MISSED] * MONTH,
        "late_within": EARLY_SIGNS[OutcomeKind.LATE_30_DAYS] * MONTH,
        "approved": DecidedOutcomes.APPROVED,
        "known": DecidedOutcomes.KNOWN,
        "defaulted": DecidedOutcomes.DEFAULTED,
        "missed": DecidedOutcomes.FIRST_PAYMENT_MISSED,
        "late": DecidedOutcomes.LATE_30_DAYS,
    }
    by_model = sql.SQL("AND model_version = {}").format(sql.Literal(model_version)) if model_version else sql.SQL("")
    query = sql.SQL(QUERY).format(
        by_model=by_model,
        reported=reported_outcomes(definition),
        **{name: sql.Literal(value) for name, value in values.items()},
    )
    try:
        connection.execute("SET LOCAL work_mem TO '128MB'")  # else the joins write a million rows to disk first
        content = bytearray()
        with connection.cursor().copy(query) as copy:
            for part in copy:  # one row each: a list of them would take three times the memory
                content += part
    except psycopg.Error as error:
        raise DecisionLogError("the outcomes cannot be read: run `solvent db upgrade`, then try again") from error
    count = (len(content) - _HEADER_BYTES - _TRAILER_BYTES) // _ROW.itemsize
    rows = np.frombuffer(content, _ROW, count, _HEADER_BYTES)
    return DecidedOutcomes(
        len(rows),
        rows["month"].astype("<i2").tobytes(),
        rows["probability"].astype("<f8").tobytes(),
        rows["flags"].astype("<i2").tobytes(),
    )
