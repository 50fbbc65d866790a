import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from random_log import END, START, VERSIONS, write_random_log

from solvent.decision_log.figures.amounts import read_amounts
from solvent.decision_log.figures.operations import RATIO, find_quantile, read_errors, read_latencies, read_slowest
from solvent.decision_log.figures.overview import read_activity, read_probabilities
from solvent.decision_log.figures.questions import Scope, open_reader
from solvent.decision_log.figures.risk import read_outcomes
from solvent.decision_log.figures.roll_ups import find_span, roll_up
from solvent.decision_log.registers.outcomes import import_outcomes
from solvent.domain.outcomes import OutcomeKind, ReportedOutcome

ReadRows = Callable[[str], list[tuple[Any, ...]]]

AS_OF = datetime(2027, 1, 1, tzinfo=UTC)
SCOPES = (
    Scope(START - timedelta(minutes=30), END + timedelta(hours=1)),
    Scope(START + timedelta(hours=20, minutes=30), START + timedelta(hours=44, minutes=30)),
    Scope(START - timedelta(minutes=30), END + timedelta(hours=1), VERSIONS[1]),
)
"""All of it, one day of it, and one model; hours are whole."""


def draw_outcomes(dice: random.Random, said: datetime) -> Iterator[ReportedOutcome]:
    """Reports on half of the clients: good ends, defaults, early signs; some of them withdrawn again."""
    for client in dice.sample(range(100_001, 100_041), 20):
        kind = dice.choice((OutcomeKind.MATURED, OutcomeKind.MATURED, OutcomeKind.DEFAULT, OutcomeKind.LATE_30_DAYS))
        defaulted = {OutcomeKind.DEFAULT: True, OutcomeKind.LATE_30_DAYS: None}.get(kind, dice.random() < 0.3)
        yield ReportedOutcome(kind, END, said, defaulted, client, is_withdrawn=dice.random() < 0.2)


def condition(scope: Scope) -> str:
    model = "" if scope.model_version is None else f" AND model_version = '{scope.model_version}'"
    return f"timestamp >= '{scope.start.isoformat()}' AND timestamp < '{scope.end.isoformat()}'{model}"


@pytest.mark.postgres
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("seed", [1, 2])
def test_figures_of_the_pages_equal_their_sql_on_a_random_log(
    database_url: str, rows: ReadRows, scope: Scope, seed: int
) -> None:
    write_random_log(database_url, seed)
    assert roll_up(database_url) == 600
    with open_reader(database_url) as connection:
        activity = read_activity(connection, scope).value
        probabilities = read_probabilities(connection, scope).value
        amounts = read_amounts(connection, scope).value
        latencies = {one.endpoint: one for one in read_latencies(connection, scope).value}
        slowest = read_slowest(connection, scope).value
        errors = read_errors(connection, scope).value
    where = condition(scope)
    ((decisions, approval, mean_ms, error_rate, low_risk),) = rows(
        "SELECT count(decision), avg((decision = 'approve')::int) FILTER (WHERE decision IS NOT NULL),"
        " avg(total_response_time_ms) FILTER (WHERE decision IS NOT NULL), avg((http_status_code >= 400)::int),"
        f" count(*) FILTER (WHERE confidence_level = 'LOW') FROM predictions WHERE {where}"
    )
    assert activity.decisions == decisions > 50
    assert activity.approval_rate == pytest.approx(float(approval), rel=1e-12)
    assert activity.mean_response_ms == pytest.approx(mean_ms, rel=1e-12)
    assert activity.error_rate == pytest.approx(float(error_rate), rel=1e-12)
    assert activity.count_by("risk_level")["LOW"] == low_risk
    ((sum_of_probabilities, low_ones),) = rows(
        f"SELECT sum(prediction_proba), count(*) FILTER (WHERE prediction_proba < 0.05) FROM decisions WHERE {where}"
    )
    assert sum(one.total for one in probabilities) == pytest.approx(sum_of_probabilities, rel=1e-12)
    assert sum(one.count for one in probabilities if one.low < 0.0499) == low_ones
    ((refused_amount, dear_ones),) = rows(
        "SELECT sum(loan_amount) FILTER (WHERE decision = 'refuse'),"
        f" count(*) FILTER (WHERE loan_amount >= 4975000) FROM predictions WHERE {where}"
    )
    assert sum(one.total for one in amounts if one.decision == "refuse") == pytest.approx(refused_amount, rel=1e-12)
    assert sum(one.count for one in amounts if one.low == 4_975_000) == dear_ones
    for endpoint, median in rows(
        "SELECT endpoint, percentile_cont(0.5) WITHIN GROUP (ORDER BY total_response_time_ms)"
        f" FROM decisions WHERE {where} GROUP BY 1"
    ):
        assert latencies[endpoint].quantiles[2] == pytest.approx(median, rel=RATIO - 1)
    by_time = (
        f"SELECT request_id FROM decisions WHERE {where} ORDER BY total_response_time_ms DESC, request_id LIMIT 10"
    )
    assert [(one.request_id,) for one in slowest] == rows(by_time)
    assert {(one.status, one.endpoint): one.count for one in errors} == {
        (status, endpoint): count
        for status, endpoint, count in rows(
            f"SELECT http_status_code, endpoint, count(*) FROM request_failures WHERE {where} GROUP BY 1, 2"
        )
    }


@pytest.mark.postgres
def test_the_query_that_an_answer_shows_gives_the_answer_again(database_url: str, rows: ReadRows) -> None:
    write_random_log(database_url, 3)
    roll_up(database_url)
    with open_reader(database_url) as connection:
        answer = read_amounts(connection, SCOPES[2])
    assert [(one.decision, one.count) for one in answer.value] == [(row[0], row[2]) for row in rows(answer.query)]
    assert answer.count == sum(row[2] for row in rows(answer.query))


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [11, 12])
def test_outcomes_by_hour_equal_a_join_over_the_log_after_every_import(
    database_url: str, rows: ReadRows, seed: int
) -> None:
    write_random_log(database_url, seed, decisions=60)
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    for said in range(4):
        import_outcomes(database_url, list(draw_outcomes(dice, END + timedelta(days=said + 1))), as_of=AS_OF)
        roll_up(database_url)
        for scope in SCOPES:
            with open_reader(database_url) as connection:
                answer = read_outcomes(connection, scope)
            where = condition(scope).replace("timestamp", "d.timestamp")
            expected = rows(
                "SELECT least(floor(prediction_proba * 200), 199), count(*) FILTER (WHERE NOT defaulted),"
                " count(*) FILTER (WHERE defaulted), count(*) FILTER (WHERE decision = 'refuse')"
                " FROM current_outcomes o JOIN decisions d USING (request_id, timestamp)"
                f" WHERE kind = 'matured' AND {where} GROUP BY 1 ORDER BY 1"
            )
            bins = [(round(one.low * 200), one.paid, one.defaulted) for one in answer.value.bins]
            assert bins == [row[:3] for row in expected] != []
            assert answer.value.refused == sum(row[3] for row in expected)
            assert answer.count == sum(row[1] + row[2] for row in expected)


@pytest.mark.postgres
def test_each_report_of_an_outcome_is_counted_once(database_url: str) -> None:
    write_random_log(database_url, 13, decisions=20)
    import_outcomes(database_url, list(draw_outcomes(random.Random(13), END)), as_of=AS_OF)  # noqa: S311
    roll_up(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT roll_up_outcomes(50000)").fetchone() == (0,)


@pytest.mark.postgres
def test_each_decision_is_counted_once_however_often_the_hours_are_rolled_up(database_url: str) -> None:
    write_random_log(database_url, 4, decisions=10)
    assert [roll_up(database_url), roll_up(database_url)] == [20, 0]


@pytest.mark.postgres
def test_an_empty_log_has_no_figures(database_url: str) -> None:
    assert roll_up(database_url) == 0
    with open_reader(database_url) as connection:
        activity = read_activity(connection, SCOPES[0]).value
        assert find_span(connection) is None
        assert read_latencies(connection, SCOPES[0]).value == ()
    assert (activity.decisions, activity.approval_rate, activity.mean_response_ms, activity.error_rate) == (
        0, None, None, None,
    )  # fmt: skip


@pytest.mark.postgres
def test_the_slowest_requests_are_named_with_their_stages(database_url: str) -> None:
    write_random_log(database_url, 5, decisions=4)
    roll_up(database_url)
    with open_reader(database_url) as connection:
        first, *others = read_slowest(connection, SCOPES[0]).value
    assert len(others) == 7
    assert (first.preprocessing_ms, first.inference_ms) == (1.5, 0.5)
    assert isinstance(first.request_id, UUID)


@pytest.mark.parametrize(("share", "expected"), [(0.25, RATIO**10.5), (0.75, RATIO**11.5), (1.0, RATIO**12)])
def test_a_quantile_lies_where_its_share_of_the_counts_is_reached(share: float, expected: float) -> None:
    assert find_quantile([(10, 2), (11, 2)], share) == pytest.approx(expected)
