"""The SQL by which an outcome is final: one rule for whatever learns from outcomes or measures by them."""

from datetime import datetime

from psycopg import sql

from solvent.domain.outcomes import MIN_COVERAGE, DefaultDefinition

# The moment of maturity itself belongs to the term; a day of room lets sources that report dates take part.
REPORTED = """
bool_or(kind = 'matured') AS is_matured,
bool_or(kind = 'matured' AND defaulted OR kind = 'default'
    AND observed_at <= timestamp + {maturity} + interval '1 day') AS has_defaulted
"""
FINAL = """
WITH reported AS (
    SELECT request_id, {reported} FROM current_outcomes WHERE timestamp < {before} GROUP BY request_id
), known AS (
    SELECT request_id, date_trunc('month', timestamp AT TIME ZONE 'UTC') AS month, decision, has_defaulted,
        coalesce(is_matured OR has_defaulted, false) AS is_known
    FROM decisions LEFT JOIN reported USING (request_id) WHERE timestamp < {before}
), months AS (
    SELECT month, decision, avg(is_known::int) AS coverage FROM known GROUP BY month, decision
), final AS (
    SELECT request_id, has_defaulted FROM known JOIN months USING (month, decision)
    WHERE is_known AND coverage >= {least}
)
"""
"""Gives `final`: request and outcome of the decisions that count; approved and refused ones of a month each by
themselves. `months`: the share of them whose outcome is known."""


def reported_outcomes(definition: DefaultDefinition) -> sql.Composed:
    """The columns of `REPORTED` by a definition of default."""
    return sql.SQL(REPORTED).format(maturity=sql.Literal(definition.maturity))


def final_outcomes(definition: DefaultDefinition, as_of: datetime) -> sql.Composed:
    """The WITH clause of `FINAL`, as a query that is asked at `as_of` begins."""
    before, least = sql.Literal(definition.matured_before(as_of)), sql.Literal(MIN_COVERAGE)
    return sql.SQL(FINAL).format(reported=reported_outcomes(definition), before=before, least=least)
