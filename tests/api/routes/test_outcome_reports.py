from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from edge_examples import make_client, make_services
from solvent.api.routes.answers import OutcomesAnswer
from solvent.decision_log.registers.outcomes import ImportSummary, keep_reported
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.clock import utc_now
from solvent.domain.outcomes import OutcomeKind, ReportedOutcome
from solvent.errors import LogUnavailableError
from solvent.scoring.model import Model
from tiny_model import SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio

SEEN = "2026-11-20T10:00:00Z"
DEFAULT = {"SK_ID_CURR": 100001, "kind": "default", "observed_at": SEEN, "defaulted": 1}


class Keeper:
    """Takes outcomes in memory, and answers as it is told."""

    def __init__(self) -> None:
        self.kept: list[ReportedOutcome] = []
        self.is_away = False
        self.summary: ImportSummary | None = None

    def __call__(self, outcomes: Sequence[ReportedOutcome], as_of: datetime) -> ImportSummary:
        if self.is_away:
            raise LogUnavailableError("away")
        self.kept += outcomes
        return self.summary or ImportSummary(read=len(outcomes), added=len(outcomes))


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
async def reporting(
    model: Model, log: TroubledLog, keeper: Keeper, anyio_backend: str
) -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(make_services(model, log, keep_outcomes=keeper)) as client:
        yield client


async def report(client: httpx.AsyncClient, *rows: Any) -> httpx.Response:
    return await client.post("/outcomes", json={"outcomes": list(rows)})


async def test_hands_over_what_is_reported(reporting: httpx.AsyncClient, keeper: Keeper) -> None:
    request_id = "018f0000-0000-7000-8000-000000000001"
    sign = {"request_id": request_id, "kind": "late_30_days", "observed_at": SEEN, "reported_at": "2026-11-21"}
    answer = await report(reporting, DEFAULT, {**sign, "withdrawn": True})
    assert answer.status_code == 200
    seen = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert keeper.kept == [
        ReportedOutcome(OutcomeKind.DEFAULT, seen, None, True, client_id=100001),
        ReportedOutcome(
            OutcomeKind.LATE_30_DAYS, seen, datetime(2026, 11, 21, tzinfo=UTC), None, None, UUID(request_id), True
        ),
    ]


async def test_names_each_row_that_belongs_to_no_decision(reporting: httpx.AsyncClient, keeper: Keeper) -> None:
    keeper.summary = ImportSummary(
        read=5, added=1, repeated=1, unknown=2, before_decision=1, unknown_rows=(2, 5), early_rows=(3,)
    )
    answer = OutcomesAnswer.model_validate_json((await report(reporting, *[DEFAULT] * 5)).content)
    assert (answer.total, answer.kept, answer.known_before, answer.failed) == (5, 1, 1, 3)
    assert [(one.index, one.code) for one in answer.errors] == [
        (1, "unknown-decision"),
        (4, "unknown-decision"),
        (2, "before-decision"),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({**DEFAULT, "kind": "died"}, "outcomes[1].kind: must be one of first_payment_missed, late_30_days, default"),
        ({**DEFAULT, "defaulted": 0}, "outcomes[1].defaulted: must be 1 for the kind default"),
        ({**DEFAULT, "SK_ID_CURR": None}, "outcomes[1]: names neither a client nor a request"),
        ({**DEFAULT, "SK_ID_CURR": [7]}, "outcomes[1].SK_ID_CURR: must be a whole number"),
        ({**DEFAULT, "observed_at": "2999-01-01"}, "outcomes[1].observed_at: lies in the future"),
        ({**DEFAULT, "reported_at": "2999-01-01"}, "outcomes[1].reported_at: lies in the future"),
        ({**DEFAULT, "note": "4711"}, "outcomes[1]: has unknown fields; the known ones are SK_ID_CURR, defaulted"),
        ("4711", "outcomes[1]: must be an object"),
    ],
)
async def test_one_malformed_row_refuses_all_and_repeats_no_value(
    reporting: httpx.AsyncClient, keeper: Keeper, row: Any, problem: str
) -> None:
    answer = await report(reporting, DEFAULT, row)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-outcomes")
    (found,) = answer.json()["problems"]
    assert found.startswith(problem)
    assert "4711" not in answer.text
    assert keeper.kept == []


@pytest.mark.parametrize("body", [[], {}, {"outcomes": []}, {"outcomes": {}}, {"outcomes": [DEFAULT], "more": 1}])
async def test_a_body_of_another_shape_is_refused(reporting: httpx.AsyncClient, keeper: Keeper, body: Any) -> None:
    answer = await reporting.post("/outcomes", json=body)
    assert (answer.status_code, answer.json()["title"]) == (422, "The outcomes are not valid")
    assert keeper.kept == []


async def test_a_thousand_outcomes_are_taken_and_one_more_is_not(
    model: Model, log: TroubledLog, keeper: Keeper
) -> None:
    services = replace(make_services(model, log, keep_outcomes=keeper), max_batch_body_bytes=200_000)
    row = {"SK_ID_CURR": 1, "kind": "late_30_days", "observed_at": SEEN}
    async with make_client(services) as client:
        assert (await report(client, *[row] * 1_000)).status_code == 200
        assert (await report(client, *[row] * 1_001)).json()["problems"] == [
            "outcomes: must be a list of 1 to 1000 objects"
        ]
    assert len(keeper.kept) == 1_000


async def test_names_fifty_problems_and_counts_the_rest(reporting: httpx.AsyncClient) -> None:
    problems = (await report(reporting, *[{}] * 60)).json()["problems"]
    assert len(problems) == 51
    assert problems[-1] == "and 10 more"


async def test_a_database_that_is_away_is_503_with_the_time_to_try_again(
    reporting: httpx.AsyncClient, keeper: Keeper
) -> None:
    keeper.is_away = True
    answer = await report(reporting, DEFAULT)
    assert (answer.status_code, answer.json()["code"]) == (503, "log-unavailable")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.postgres
async def test_a_decision_and_its_reports_over_http_keep_every_version_once(
    model: Model, database_url: str, rows: Any
) -> None:
    async with PostgresDecisionLog(database_url) as log:
        services = make_services(model, log, keep_outcomes=partial(keep_reported, database_url))
        await services.service.start()
        async with make_client(services) as client:
            decided = (await client.post("/predict", json=SAFE)).json()
            now = utc_now()
            late = {**DEFAULT, "observed_at": now.isoformat(), "reported_at": now.isoformat()}
            unknown = {**late, "SK_ID_CURR": 7}
            early = {**late, "observed_at": (now - timedelta(days=9)).isoformat()}
            answers = [(await report(client, late, unknown, early)).json() for _ in range(2)]
            taken_back = {**late, "reported_at": utc_now().isoformat(), "withdrawn": 1}
            last = (await report(client, taken_back)).json()
    assert [(one["added"], one["known_before"], one["failed"]) for one in answers] == [(1, 0, 2), (0, 1, 2)]
    assert [(error["index"], error["code"]) for error in answers[0]["errors"]] == [
        (1, "unknown-decision"),
        (2, "before-decision"),
    ]
    assert (last["kept"], last["withdrawn"]) == (1, 1)
    assert rows("SELECT request_id::text, kind, withdrawn FROM outcomes ORDER BY id") == [
        (decided["request_id"], "default", False),
        (decided["request_id"], "default", True),
    ]
    assert rows("SELECT count(*) FROM current_outcomes") == [(0,)]


@pytest.mark.postgres
async def test_reporting_waits_two_seconds_for_an_import_and_then_refuses(database_url: str, tmp_path: Path) -> None:
    import psycopg  # noqa: PLC0415

    from solvent.decision_log.registers.outcomes import ONE_AT_A_TIME  # noqa: PLC0415

    outcome = ReportedOutcome(OutcomeKind.DEFAULT, utc_now(), None, True, client_id=1)
    with psycopg.connect(database_url) as other:
        other.execute(ONE_AT_A_TIME)
        with pytest.raises(LogUnavailableError, match="outcomes cannot be kept now"):
            keep_reported(database_url, [outcome], utc_now())
