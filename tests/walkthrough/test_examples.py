import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from solvent.decision_log.memory import MemoryDecisionLog
from solvent.tables.schemas import HISTORY_TABLES

EXAMPLES = Path(__file__).parents[2] / "examples"
CASES = {case["name"]: case for case in json.loads((EXAMPLES / "cases.json").read_text())["cases"]}

pytestmark = [pytest.mark.slow, pytest.mark.anyio, pytest.mark.timeout(900)]


@pytest.fixture
def log() -> MemoryDecisionLog:
    return MemoryDecisionLog()


@pytest.fixture
async def api(small_lender: Path, log: MemoryDecisionLog, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    from solvent.api.app import create_app  # noqa: PLC0415 - LightGBM loads slowly
    from solvent.api.services import Services  # noqa: PLC0415
    from solvent.bootstrap import build_service, load_model  # noqa: PLC0415
    from solvent.domain.clock import utc_now  # noqa: PLC0415
    from solvent.scoring.process import new_request_id  # noqa: PLC0415

    service = build_service(load_model(small_lender / "bundle"), log)
    await service.start()
    app = create_app(Services(service, utc_now, new_request_id, 262_144, 4_194_304))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://solvent.test") as client:
        yield client


def read(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((EXAMPLES / "cases" / f"{name}.json").read_text())
    return body


def test_there_is_a_body_for_each_of_the_twelve_cases() -> None:
    assert len(CASES) == 12
    assert {path.stem for path in (EXAMPLES / "cases").iterdir()} == set(CASES)


def test_each_case_is_the_client_that_it_says() -> None:
    assert [name for name in HISTORY_TABLES if read("thin_file")[name]] == []
    assert [name for name in ("bureau", "bureau_balance") if read("no_bureau")[name]] == []
    assert len(read("no_bureau")["previous_application"]) > 0
    assert read("pensioner")["DAYS_EMPLOYED"] == 365243
    assert read("revolving")["NAME_CONTRACT_TYPE"] == "Revolving loans"
    whole = read("clear_approval")
    assert read("missing_ext_source") == {name: whole[name] for name in whole if not name.startswith("EXT_SOURCE")}


@pytest.mark.parametrize("name", CASES)
async def test_a_case_comes_out_as_it_says(api: httpx.AsyncClient, name: str) -> None:
    expected = CASES[name]["expected"]
    answer = await api.post("/predict", json=read(name))
    document = answer.json()
    assert answer.status_code == expected["status"]
    assert document.get("code") == expected.get("code")
    assert document.get("decision") == expected.get("decision", document.get("decision"))
    assert document.get("warnings") == expected.get("warnings", document.get("warnings"))
    if "warning" in expected:
        assert expected["warning"] in document["warnings"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "riskier_than" in case["expected"]])
async def test_a_case_is_riskier_than_the_one_it_names(api: httpx.AsyncClient, name: str) -> None:
    other = CASES[name]["expected"]["riskier_than"]
    assert await log_odds(api, name) > await log_odds(api, other)


async def test_the_borderline_is_nearer_to_the_threshold_than_either_clear_case(api: httpx.AsyncClient) -> None:
    others = CASES["borderline"]["expected"]["nearer_to_the_threshold_than"]
    assert others == ["clear_approval", "clear_refusal"]
    distance = abs(await log_odds(api, "borderline"))
    assert distance < min([abs(await log_odds(api, other)) for other in others])


async def test_lists_without_rows_say_more_than_no_lists(api: httpx.AsyncClient) -> None:
    body = {name: value for name, value in read("thin_file").items() if name not in HISTORY_TABLES}
    assert (await api.post("/predict", json=body)).json()["warnings"] == ["no_history"]


async def test_only_the_sentinel_may_lie_beyond_the_range(api: httpx.AsyncClient) -> None:
    body = {**read("pensioner"), "DAYS_EMPLOYED": 365242}
    assert (await api.post("/predict", json=body)).json()["warnings"] == ["out_of_range:DAYS_EMPLOYED"]


async def log_odds(api: httpx.AsyncClient, name: str) -> float:
    """Of default, above those of the threshold."""
    answer = (await api.post("/predict", json=read(name))).json()
    probability, threshold = answer["probability_default"], answer["threshold_used"]
    return math.log(probability / (1 - probability)) - math.log(threshold / (1 - threshold))


async def test_a_refusal_says_why_in_two_languages(api: httpx.AsyncClient) -> None:
    document = (await api.post("/predict", json=read("clear_refusal"))).json()
    assert 1 <= len(document["reasons"]) <= 4
    assert all(reason["english"].endswith(".") and reason["french"].endswith(".") for reason in document["reasons"])


async def test_the_invalid_case_is_told_both_faults_and_neither_value(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict", json=read("invalid"))
    assert any("AMT_CREDIT" in problem for problem in answer.json()["problems"])
    assert len(answer.json()["problems"]) == 2
    assert "a lot" not in answer.text
    assert "hopeful" not in answer.text


async def test_the_repeated_key_gets_the_same_bytes_and_one_record(
    api: httpx.AsyncClient, log: MemoryDecisionLog
) -> None:
    headers = {"Idempotency-Key": "example-repeated"}
    first = await api.post("/predict", json=read("repeated_key"), headers=headers)
    second = await api.post("/predict", json=read("repeated_key"), headers=headers)
    assert first.content == second.content
    assert len(log.submissions) == 1


async def test_one_client_and_three_clients_get_decisions(api: httpx.AsyncClient) -> None:
    one = json.loads((EXAMPLES / "one_client.json").read_text())
    three = json.loads((EXAMPLES / "three_clients.json").read_text())
    assert (await api.post("/predict", json=one)).json()["decision"] == "approve"
    rows = (await api.post("/predict-batch", json=three)).json()["results"]
    answers = [row["result"] for row in rows]
    assert [answer["client_id"] for answer in answers] == [one["SK_ID_CURR"] for one in three["clients"]]
    assert [answer["decision"] for answer in answers][:2] == ["approve", "refuse"]
