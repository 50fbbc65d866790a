import json
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from solvent.cli.sending import Traffic, TrafficError, TrafficSummary, check_api, send_applications, shift

Handler = Callable[[httpx.Request], httpx.Response]
PLAIN = Traffic()
BODY = {"SK_ID_CURR": 1, "AMT_INCOME_TOTAL": 1000.0, "AMT_CREDIT": 2000.0, "EXT_SOURCE_2": 0.5}


def send(handler: Handler, *bodies: dict[str, float], traffic: Traffic = PLAIN) -> tuple[TrafficSummary, list[float]]:
    pauses: list[float] = []
    with httpx.Client(transport=httpx.MockTransport(handler), base_url="http://api.test") as client:
        summary = send_applications(client, bodies, traffic, progress=lambda _sent: None, sleep=pauses.append)
    return summary, pauses


def test_counts_decisions_and_errors() -> None:
    answers = iter(
        [
            httpx.Response(200, json={"decision": "approve"}),
            httpx.Response(200, json={"decision": "refuse"}),
            httpx.Response(413),
        ]
    )
    summary, pauses = send(lambda _request: next(answers), BODY, BODY, BODY)
    assert (summary.approved, summary.refused, summary.errors) == (1, 1, Counter({"HTTP 413": 1}))
    assert len(summary.milliseconds) == 2
    assert pauses == []
    summary.milliseconds = [4.0, 6.0]
    assert summary.describe() == "1 approved, 1 refused, 1 errors (1 HTTP 413), 0 shifted; p50 5.0 ms"


def test_repeats_a_503_with_the_same_key() -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return httpx.Response(503) if len(keys) < 3 else httpx.Response(200, json={"decision": "approve"})

    summary, pauses = send(answer, BODY, BODY)
    assert (summary.approved, summary.errors) == (2, Counter())
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert pauses == [0.5, 1.0]


def test_gives_up_on_503_after_six_attempts() -> None:
    summary, pauses = send(lambda _request: httpx.Response(503), BODY)
    assert summary.errors == Counter({"HTTP 503": 1})
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0]


def test_counts_an_api_that_went_away() -> None:
    def hang_up(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone", request=request)

    summary, _ = send(hang_up, BODY)
    assert summary.describe() == "0 approved, 0 refused, 1 errors (1 no answer), 0 shifted"


def test_waits_between_applications() -> None:
    _, pauses = send(
        lambda _request: httpx.Response(200, json={"decision": "approve"}),
        BODY,
        BODY,
        traffic=Traffic(delay_seconds=0.5),
    )
    assert pauses == [0.5, 0.5]


def test_shifts_incomes_down_and_credits_up() -> None:
    body = {**BODY, "AMT_ANNUITY": 100.0, "AMT_GOODS_PRICE": 400.0}
    assert shift(body, 0.25) == {
        "SK_ID_CURR": 1,
        "AMT_INCOME_TOTAL": 750.0,
        "AMT_CREDIT": 2500.0,
        "AMT_ANNUITY": 125.0,
        "AMT_GOODS_PRICE": 500.0,
        "EXT_SOURCE_2": 0.5,
    }


@pytest.mark.parametrize(("probability", "income"), [(0.0, 1000.0), (1.0, 850.0)])
def test_shifts_the_share_that_was_asked_for(probability: float, income: float) -> None:
    incomes: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        incomes.append(json.loads(request.content)["AMT_INCOME_TOTAL"])
        return httpx.Response(200, json={"decision": "refuse"})

    traffic = Traffic(drift_probability=probability, drift_magnitude=0.15)
    summary, _ = send(answer, *[BODY] * 20, traffic=traffic)
    assert incomes == [income] * 20
    assert summary.shifted == 20 * probability


def test_says_that_no_api_answers() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with (
        httpx.Client(transport=httpx.MockTransport(refuse), base_url="http://api.test") as client,
        pytest.raises(TrafficError, match=r"^no API answers at http://api\.test"),
    ):
        check_api(client)


def test_takes_any_answer_as_an_api() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    with httpx.Client(transport=transport, base_url="http://api.test") as client:
        check_api(client)
