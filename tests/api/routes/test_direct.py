"""The short way leads to the same answers, for the deciding routes alone."""

import httpx
import pytest

from tiny_model import SAFE

pytestmark = pytest.mark.anyio


async def test_a_decision_and_a_refusal_come_with_the_headers_of_every_answer(api: httpx.AsyncClient) -> None:
    decided = await api.post("/predict", json=SAFE)
    refused = await api.post("/predict", json={})
    assert (decided.status_code, decided.json()["decision"]) == (200, "approve")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-application")
    for answer in (decided, refused):
        assert len(answer.headers["x-request-id"]) == 36
        assert answer.headers["cache-control"] == "no-store"


async def test_other_methods_and_addresses_go_the_long_way(api: httpx.AsyncClient) -> None:
    wrong_method = await api.get("/predict")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert (await api.post("/predict/", json=SAFE)).status_code == 404


async def test_the_short_routes_are_documented(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    assert {path for path, methods in paths.items() if "post" in methods} >= {"/predict", "/predict-batch"}
