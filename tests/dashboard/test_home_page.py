import asyncio
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from solvent.dashboard.numbers import format_share
from solvent.dashboard.texts.language import Language
from solvent.dashboard.views import home
from solvent.dashboard.visit import DEFAULTS, KEPT
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.records import DecisionRecord, FailureRecord, ServedModel, Submission, Timing

AWAY = "http://127.0.0.1:9"
NO_DATABASE = "postgresql://nobody@127.0.0.1:9/none"
MODEL = {"model_version": "2026.11.23+3fa9c1", "n_features": 1255, "threshold": 0.0912}
Answers = dict[str, tuple[int, dict[str, Any]]]
READY: Answers = {"/health/ready": (200, {"status": "ok"}), "/model-info": (200, MODEL)}
WITH_KEYS: Answers = {**READY, "/model-info": (401, {"status": 401, "type": "unauthorized"})}
NOT_READY: Answers = {**READY, "/health/ready": (503, {"status": 503, "problems": ["database"]})}
ShowPage = Callable[..., AppTest]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> ShowPage:
    """Runs the page as `solvent dashboard` does, in a language."""

    def show_page(*, language: str, api: str = AWAY, database: str | None = None) -> AppTest:
        monkeypatch.setenv("SOLVENT_API_URL", api)
        monkeypatch.delenv("SOLVENT_DATABASE_URL", raising=False)
        if database is not None:
            monkeypatch.setenv("SOLVENT_DATABASE_URL", database)
        page = AppTest.from_file(str(Path(home.__file__)), default_timeout=30)
        code = Language.FRENCH if language == "Français" else Language.ENGLISH
        page.session_state[KEPT] = {**DEFAULTS, "lang": code.value}
        page.run()
        assert not page.exception
        return page

    return show_page


@contextmanager
def api_that_answers(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = answers[self.path]
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def texts_of(elements: Any) -> list[str]:
    return [str(element.value) for element in elements]


def commands_of(page: AppTest) -> list[str]:
    return [text.strip("`") for text in texts_of(page.markdown) if text.startswith("`")]


def metrics_of(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


@pytest.mark.parametrize(
    ("language", "errors", "remedies"),
    [
        (
            "English",
            ["Does not answer at http://127.0.0.1:9", "The decision log cannot be read"],
            ["Start it with:", "See what is wrong with:"],
        ),
        (
            "Français",
            ["Ne répond pas à http://127.0.0.1:9", "Le journal des décisions ne peut pas être lu"],
            ["Démarrez-la avec :", "Voyez ce qui ne va pas avec :"],
        ),
    ],
)
def test_says_what_is_away_and_which_command_helps(
    show: ShowPage, language: str, errors: list[str], remedies: list[str]
) -> None:
    page = show(language=language, database=NO_DATABASE)
    assert texts_of(page.error) == errors
    assert [text for text in texts_of(page.markdown) if text in remedies] == remedies
    assert commands_of(page)[:2] == ["solvent api --bundle BUNDLE", "solvent db check"]
    assert metrics_of(page) == {}


@pytest.mark.parametrize(
    ("language", "error"),
    [
        ("English", "No address was given to this page"),
        ("Français", "Aucune adresse n'a été donnée à cette page"),
    ],
)
def test_says_that_it_was_not_told_of_a_database(show: ShowPage, language: str, error: str) -> None:
    page = show(language=language)
    assert texts_of(page.error)[1] == error
    assert commands_of(page)[1] == "solvent dashboard"


@pytest.mark.parametrize(
    ("language", "state", "model"),
    [
        (
            "English",
            "Ready to decide",
            "Model 2026.11.23+3fa9c1, 1,255 features, refuses from a probability of default of 9.1%",
        ),
        (
            "Français",
            "Prête à décider",
            "Modèle 2026.11.23+3fa9c1, 1\u202f255 variables, refuse à partir d'une probabilité de défaut de 9,1\u202f%",
        ),
    ],
)
def test_shows_the_model_of_a_ready_api(show: ShowPage, language: str, state: str, model: str) -> None:
    with api_that_answers(READY) as api:
        page = show(language=language, api=api, database=NO_DATABASE)
    assert texts_of(page.success) == [state]
    assert texts_of(page.caption) == [model]
    assert f"{api}/docs" in commands_of(page)


@pytest.mark.parametrize(
    ("language", "warning"),
    [
        ("English", "Runs, but cannot decide now: database"),
        ("Français", "Fonctionne, mais ne peut pas décider : database"),
    ],
)
def test_says_what_an_api_lacks(show: ShowPage, language: str, warning: str) -> None:
    with api_that_answers(NOT_READY) as api:
        page = show(language=language, api=api, database=NO_DATABASE)
    assert texts_of(page.warning) == [warning]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("language", "state", "model"),
    [
        ("English", "Ready to decide", "Model 2026\\.11\\.1 by the log, refuses from a probability of default of 9.1%"),
        (
            "Français",
            "Prête à décider",
            "Modèle 2026\\.11\\.1 d'après le journal, refuse à partir d'une probabilité de défaut de 9,1\u202f%",
        ),
    ],
)
def test_an_api_that_wants_a_key_is_ready_and_the_log_names_the_model(
    show: ShowPage, database_url: str, language: str, state: str, model: str
) -> None:
    async def register() -> None:
        async with PostgresDecisionLog(database_url) as log:
            await log.register_model(ServedModel("2026.11.1", "b", "p", "c", 0.0912, ("age",), b"{}", {}))

    asyncio.run(register())
    with api_that_answers(WITH_KEYS) as api:
        page = show(language=language, api=api, database=database_url)
    assert texts_of(page.error) == []
    assert texts_of(page.success)[0] == state
    assert texts_of(page.caption) == [model]


def test_takes_another_service_at_the_address_for_no_api(show: ShowPage) -> None:
    with api_that_answers({"/health/ready": (200, {}), "/model-info": (200, {"hello": "world"})}) as api:
        page = show(language="English", api=api, database=NO_DATABASE)
    assert texts_of(page.error)[0] == f"Does not answer at {api}"


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("language", "metrics", "sentence"),
    [
        (
            "English",
            {
                "Predictions": "0",
                "Approval rate": "none yet",
                "Mean latency": "none yet",
                "Error rate": "none yet",
            },
            "No decision has been recorded yet. Send some applications with:",
        ),
        (
            "Français",
            {
                "Prédictions": "0",
                "Taux d'acceptation": "pas encore",
                "Latence moyenne": "pas encore",
                "Taux d'erreur": "pas encore",
            },
            "Aucune décision n'est encore enregistrée. Envoyez quelques demandes avec :",
        ),
    ],
)
def test_shows_an_empty_log_without_made_up_figures(
    show: ShowPage, database_url: str, language: str, metrics: dict[str, str], sentence: str
) -> None:
    page = show(language=language, database=database_url)
    assert metrics_of(page) == metrics
    assert sentence in texts_of(page.markdown)
    assert "solvent traffic --num-predictions 100" in commands_of(page)


async def record_one_day(url: str) -> None:
    """Two approvals and a refusal today, of 10, 20 and 30 ms; a failed request; a decision of last week."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock = iter(now + timedelta(milliseconds=ms) for ms in (10, 20, 30, 40, 50, 60)).__next__
    async with PostgresDecisionLog(url, clock=clock) as log:
        for number, decision in enumerate((Decision.APPROVE, Decision.APPROVE, Decision.REFUSE), start=1):
            await log.record(make_submission(number, now, decision))
        await log.record(make_submission(4, now - timedelta(days=7), Decision.REFUSE))
        await log.record_failure(
            FailureRecord(
                UUID(int=9), now, "/predict", "0.1.0", "2026.11.23+3fa9c1", 422, "invalid-application", 1.0, 99.0
            )
        )


def make_submission(number: int, at: datetime, decision: Decision) -> Submission:
    record = DecisionRecord(
        request_id=UUID(int=number),
        received_at=at,
        scored_at=at,
        caller="local",
        endpoint="/predict",
        model_version="2026.11.23+3fa9c1",
        model_digest=bytes(32),
        code_digest=bytes(32),
        api_version="0.1.0",
        client_id=number,
        loan_amount=450000.0,
        score=-2.5,
        probability_default=0.05,
        threshold=0.0912,
        decision=decision,
        risk_level=RiskLevel.LOW,
        reasons=(),
        warnings=(),
        data_quality_score=1.0,
        timing=Timing(preprocessing_ms=1.0, inference_ms=1.0),
        memory_usage_mb=128.0,
        application=b"{}",
        history_source="none",
        stored_history=None,
        features=b"",
        top_numbers=(),
        top_categories=(),
    )
    return Submission((record,), b"{}")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("language", "metrics", "last"),
    [
        (
            "English",
            {"Predictions": "3", "Approval rate": "66.7%", "Mean latency": "20.0 ms", "Error rate": "25.0%"},
            r"Last decision: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
        ),
        (
            "Français",
            {
                "Prédictions": "3",
                "Taux d'acceptation": "66,7\u202f%",
                "Latence moyenne": "20,0 ms",
                "Taux d'erreur": "25,0\u202f%",
            },
            r"Dernière décision : \d\d/\d\d/\d{4} \d\d:\d\d:\d\d UTC",
        ),
    ],
)
def test_shows_the_figures_of_a_day(
    show: ShowPage, database_url: str, language: str, metrics: dict[str, str], last: str
) -> None:
    asyncio.run(record_one_day(database_url))
    page = show(language=language, database=database_url)
    assert metrics_of(page) == metrics
    (caption,) = texts_of(page.caption)
    assert re.fullmatch(last, caption)
    assert "solvent traffic --num-predictions 100" not in commands_of(page)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("English", "No decision in the last 24 hours. Send some applications with:"),
        ("Français", "Aucune décision ces dernières 24 heures. Envoyez quelques demandes avec :"),
    ],
)
def test_says_that_the_last_decision_is_old(show: ShowPage, database_url: str, language: str, sentence: str) -> None:
    async def record_old() -> None:
        async with PostgresDecisionLog(database_url) as log:
            await log.record(make_submission(1, datetime.now(UTC) - timedelta(days=7), Decision.APPROVE))

    asyncio.run(record_old())
    page = show(language=language, database=database_url)
    assert sentence in texts_of(page.markdown)
    assert len(page.caption) == 1


@pytest.mark.parametrize(
    ("share", "language", "expected"),
    [
        (0.8314, Language.ENGLISH, "83.1%"),
        (0.8314, Language.FRENCH, "83,1\u202f%"),
        (None, Language.FRENCH, "pas encore"),
    ],
)
def test_writes_shares_as_the_language_does(share: float | None, language: Language, expected: str) -> None:
    assert format_share(share, language) == expected
