import statistics
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from edge_examples import (
    FOREVER,
    KEYS,
    REVOKED,
    SCOPES,
    bearer,
    known_keys,
    make_authenticator,
    make_client,
    make_services,
)
from solvent.api.app import create_app
from solvent.api.callers.access import SCOPES as DECLARED
from solvent.api.callers.access import UndeclaredRouteError, check_routes, route_of
from solvent.api.callers.authentication import MAX_AGE_SECONDS, Authenticator
from solvent.api.refusals import RequestRefusedError
from solvent.decision_log.registers.api_keys import KeyInForce, digest_key, find_key
from solvent.domain.clock import utc_now
from solvent.errors import LogUnavailableError
from solvent.scoring.model import Model
from tiny_model import SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio

WRONG_SECRET = KEYS["score"][:-1] + "B"
NOBODY = {
    "no key": {},
    "an empty header": {"Authorization": ""},
    "another scheme": {"Authorization": f"Basic {KEYS['score']}"},
    "no bearer": {"Authorization": KEYS["score"]},
    "an unknown key": bearer(f"slv_{77:012x}_{'U' * 43}"),
    "a wrong secret": bearer(WRONG_SECRET),
    "a shortened key": bearer(KEYS["score"][:-1]),
    "a lengthened key": bearer(KEYS["score"] + "A"),
    "a key in capitals": bearer(KEYS["score"].upper()),
    "an expired key": bearer(KEYS["expired"]),
    "a revoked key": bearer(REVOKED),
    "a digest": bearer(digest_key(KEYS["score"]).hex()),
}


@pytest.fixture
async def keyed(model: Model, log: TroubledLog, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(make_services(model, log, authenticator=await make_authenticator())) as client:
        yield client


def _list_requests() -> Iterator[tuple[str, str, str]]:
    """Every declared address, as method and path."""
    for route in DECLARED:
        method = "POST" if route.startswith(("/predict", "/outcomes", "/admin")) else "GET"
        yield route, method, route.replace("{name}", "swagger-ui.css")


REQUESTS = list(_list_requests())


@pytest.mark.parametrize(("route", "method", "path"), REQUESTS)
async def test_nobody_gets_past_an_address_that_is_not_open(
    keyed: httpx.AsyncClient, log: TroubledLog, route: str, method: str, path: str
) -> None:
    for who, headers in NOBODY.items():
        answer = await keyed.request(method, path, headers=headers)
        if DECLARED[route] is None:
            assert answer.status_code == 200, who
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated"), who
            assert answer.headers["www-authenticate"] == "Bearer"
    assert log.submissions == []


@pytest.mark.parametrize(("route", "method", "path"), REQUESTS)
async def test_a_key_gets_where_its_scope_leads_and_nowhere_else(
    keyed: httpx.AsyncClient, route: str, method: str, path: str
) -> None:
    for scope in SCOPES:
        answer = await keyed.request(method, path, headers=bearer(KEYS[scope]))
        if DECLARED[route] in (None, scope):
            assert answer.status_code not in {401, 403}, scope
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), scope


async def test_another_method_opens_no_door(keyed: httpx.AsyncClient) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert (await keyed.request(method, "/predict")).status_code == 401


async def test_an_address_that_is_not_declared_is_not_found_whoever_asks(keyed: httpx.AsyncClient) -> None:
    for path in ("/predict/", "/PREDICT", "/predict%2F", "/docs/", "/admin", "/v1/predict", "/.env"):
        for headers in ({}, bearer(KEYS["admin"])):
            assert (await keyed.post(path, headers=headers)).status_code == 404


def test_a_route_without_a_scope_is_not_built(model: Model, log: TroubledLog) -> None:
    app = create_app(make_services(model, log))
    app.add_api_route("/forgotten", lambda: None)
    with pytest.raises(UndeclaredRouteError, match=r"differ: /forgotten$"):
        check_routes(app.routes)


def test_a_route_of_an_included_router_is_seen_too(model: Model, log: TroubledLog) -> None:
    app = create_app(make_services(model, log))
    router = APIRouter()
    router.add_api_route("/hidden", lambda: None)
    app.include_router(router)
    with pytest.raises(UndeclaredRouteError, match=r"differ: /hidden$"):
        check_routes(app.routes)


def test_a_scope_without_a_route_is_noticed() -> None:
    with pytest.raises(UndeclaredRouteError, match="/predict"):
        check_routes(FastAPI().routes)


def test_what_is_not_in_the_table_has_no_route() -> None:
    assert [route_of(path) for path in ("/", "/predict", "/docs/assets/x.js", "/docs/x", "")] == [
        "/", "/predict", "/docs/assets/{name}", None, None,
    ]  # fmt: skip


ORIGINS = [
    "null", "http://evil.test", "https://evil.test", "http://localhost", "http://localhost:8501", "http://127.0.0.1",
    "http://solvent.test", "https://solvent.test.evil.test", "file://", "http://xn--solvnt-eva.test",
]  # fmt: skip


async def test_no_origin_is_ever_allowed_to_read(keyed: httpx.AsyncClient) -> None:
    for origin in ORIGINS:
        headers = {"Origin": origin, **bearer(KEYS["score"])}
        preflight = await keyed.options("/predict", headers={**headers, "Access-Control-Request-Method": "POST"})
        decided = await keyed.post("/predict", json=SAFE, headers=headers)
        assert (preflight.status_code, decided.status_code) == (405, 200)
        for answer in (preflight, decided):
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_answers_forbid_guessing_and_keeping(keyed: httpx.AsyncClient) -> None:
    for answer in (await keyed.get("/"), await keyed.get("/metrics"), await keyed.get("/nowhere")):
        assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")


async def test_the_document_names_the_scope_of_each_address(keyed: httpx.AsyncClient) -> None:
    document = (await keyed.get("/openapi.json", headers=bearer(KEYS["read"]))).json()
    assert document["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation.get("security") == (None if DECLARED[path] is None else [{"key": []}])


async def test_two_keys_may_use_the_same_idempotency_key(
    keyed: httpx.AsyncClient, model: Model, log: TroubledLog
) -> None:
    other = f"slv_{5:012x}_{'O' * 43}"

    async def read() -> dict[str, KeyInForce]:
        added = KeyInForce(f"{5:012x}", digest_key(other), frozenset({"score"}), FOREVER)
        return {**known_keys(), added.key_id: added}

    authenticator = Authenticator(read, utc_now)
    await authenticator.refresh()
    async with make_client(make_services(model, log, authenticator=authenticator)) as client:
        answers = [
            await client.post("/predict", json=body, headers={**bearer(key), "Idempotency-Key": "1"})
            for key, body in ((KEYS["score"], SAFE), (other, {**SAFE, "SK_ID_CURR": 7}), (KEYS["score"], SAFE))
        ]
    assert [answer.json()["client_id"] for answer in answers] == [100001, 7, 100001]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, None, "true"]
    assert [submission.claim.caller for submission in log.submissions if submission.claim] == [f"{0:012x}", f"{5:012x}"]


async def test_no_key_is_taken_when_what_is_known_of_them_is_too_old() -> None:
    now, is_away = 0.0, False

    async def read() -> dict[str, KeyInForce]:
        if is_away:
            raise LogUnavailableError("away")
        return known_keys()

    authenticator = Authenticator(read, utc_now, monotonic=lambda: now)
    with pytest.raises(RequestRefusedError, match="keys-unavailable"):
        authenticator.identify(b"Bearer " + KEYS["score"].encode())
    await authenticator.refresh()
    is_away, now = True, MAX_AGE_SECONDS
    await authenticator.refresh()
    assert authenticator.identify(b"bearer " + KEYS["score"].encode()).key_id == f"{0:012x}"
    now = MAX_AGE_SECONDS + 0.1
    with pytest.raises(RequestRefusedError, match="keys-unavailable"):
        authenticator.identify(b"Bearer " + KEYS["score"].encode())


@pytest.mark.slow
def test_the_time_of_a_comparison_does_not_tell_how_much_of_a_key_was_right() -> None:
    known, now = known_keys(), utc_now()
    first, last = KEYS["score"][:17] + "B" + KEYS["score"][18:], WRONG_SECRET
    times: dict[str, list[int]] = {first: [], last: []}
    for _ in range(10_000):
        for given, taken in times.items():
            started = time.perf_counter_ns()
            assert find_key(given, known, now) is None
            taken.append(time.perf_counter_ns() - started)
    medians = [statistics.median(taken) for taken in times.values()]
    assert abs(medians[0] - medians[1]) < 0.1 * medians[0]
