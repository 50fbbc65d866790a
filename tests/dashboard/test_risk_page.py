"""What the page of the model's performance says of outcomes that are known of approved clients alone."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from log_examples import DECISION, MODEL, make_decision
from streamlit.testing.v1 import AppTest

from solvent.dashboard.texts import risk as texts
from solvent.dashboard.views import risk
from solvent.dashboard.visit import DEFAULTS, KEPT
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision
from solvent.domain.records import Submission

START = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
OUTCOME = """
INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted)
SELECT request_id, timestamp, 'matured', now(), now(), false FROM decisions WHERE decision = %s
"""
ShowPage = Callable[..., AppTest]

pytestmark = pytest.mark.postgres


@pytest.fixture
def show(database_url: str, monkeypatch: pytest.MonkeyPatch) -> ShowPage:
    """Runs the page on one approved and one refused decision, of which the named ones have an outcome."""
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)

    async def write() -> None:
        async with PostgresDecisionLog(database_url) as log:
            await log.register_model(MODEL)
            approved = make_decision(1, received_at=START, probability_default=0.02, decision=Decision.APPROVE)
            await log.record(Submission((approved, make_decision(2, received_at=START)), b"{}"))

    def show_page(*decisions: Decision) -> AppTest:
        asyncio.run(write())
        with psycopg.connect(database_url) as connection:
            for decision in decisions:
                connection.execute(OUTCOME, (decision.value,))
        page = AppTest.from_file(str(Path(risk.__file__)), default_timeout=60)
        page.session_state[KEPT] = {**DEFAULTS, "window": "all"}
        return page.run()

    return show_page


def test_says_so_where_outcomes_are_known_of_approved_clients_alone(show: ShowPage) -> None:
    assert DECISION.decision is Decision.REFUSE
    assert [one.value for one in show(Decision.APPROVE).info] == [texts.BIAS.english]


@pytest.mark.parametrize("decisions", [(), (Decision.APPROVE, Decision.REFUSE)], ids=["none known", "of both"])
def test_is_silent_where_no_outcome_is_known_or_also_those_of_refused_ones(
    show: ShowPage, decisions: tuple[Decision, ...]
) -> None:
    assert [one.value for one in show(*decisions).info] == []
