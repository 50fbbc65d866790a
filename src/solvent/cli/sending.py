"""Sends applications to a running API, some of them shifted, and counts what comes back."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from random import Random
from statistics import median
from typing import Any
from uuid import uuid4

import httpx
import orjson

from solvent.errors import SolventError

FALLING = ("AMT_INCOME_TOTAL",)
RISING = ("AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
MAX_ATTEMPTS = 6
LONGEST_PAUSE_SECONDS = 5.0
"""Between two attempts; six attempts then bridge a restart of the database, which takes 3.5 to 5.4 s."""


class TrafficError(SolventError):
    """No API answers at the address."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What to send: `drift_probability` is the share of applications that are shifted by `drift_magnitude`."""

    delay_seconds: float = 0.0
    drift_probability: float = 0.0
    drift_magnitude: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one application: a `decision` as the API states it, or the kind of the `error`."""

    decision: dict[str, Any] | None
    error: str
    milliseconds: float
    is_shifted: bool = False


@dataclass(slots=True)
class TrafficSummary:
    """What came back; `errors` counts by status, `milliseconds` are those of the decisions."""

    approved: int = 0
    refused: int = 0
    shifted: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.shifted += answer.is_shifted
        if answer.decision is None:
            self.errors[answer.error] += 1
            return
        is_approved = answer.decision["decision"] == "approve"
        self.approved += is_approved
        self.refused += not is_approved
        self.milliseconds.append(answer.milliseconds)

    def describe(self) -> str:
        """Say it in one line."""
        errors = sum(self.errors.values())
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(self.errors.items()))
        kinds = f" ({listed})" if listed else ""
        speed = f"; p50 {median(self.milliseconds):.1f} ms" if self.milliseconds else ""
        return (
            f"{self.approved} approved, {self.refused} refused, {errors} errors{kinds}, {self.shifted} shifted{speed}"
        )


def send_applications(
    client: httpx.Client,
    bodies: Iterable[dict[str, Any]],
    traffic: Traffic,
    *,
    progress: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> TrafficSummary:
    """Post the bodies, some of them shifted, and count what comes back; `progress` hears how many were sent."""
    chance = Random(traffic.seed)  # noqa: S311 - a simulation, no secret
    summary = TrafficSummary()
    for number, body in enumerate(bodies, start=1):
        is_shifted = chance.random() < traffic.drift_probability
        sent = shift(body, traffic.drift_magnitude) if is_shifted else body
        summary.add(replace(post_application(client, sent, sleep=sleep), is_shifted=is_shifted))
        progress(number)
        if traffic.delay_seconds:
            sleep(traffic.delay_seconds)
    return summary


def post_application(
    client: httpx.Client, body: dict[str, Any], *, sleep: Callable[[float], None] = time.sleep
) -> Answer:
    """Post a body to `/predict` under an Idempotency-Key of its own.

    A 503 or a lost connection is tried again with the same key, so that no application is decided twice.
    """
    response, milliseconds = _post(client, orjson.dumps(body), sleep)
    if response is None:
        return Answer(None, "no answer", milliseconds)
    if response.status_code != httpx.codes.OK:
        return Answer(None, f"HTTP {response.status_code}", milliseconds)
    return Answer(response.json(), "", milliseconds)


def check_api(client: httpx.Client) -> None:
    """Return if the API answers; raises TrafficError if not."""
    try:
        client.get("/health/live")
    except httpx.TransportError as error:
        raise TrafficError(f"no API answers at {client.base_url}: start `solvent api`, or give --url") from error


def shift(body: dict[str, Any], magnitude: float) -> dict[str, Any]:
    """Move an application towards trouble: incomes fall by the share `magnitude`, credit amounts rise by it."""
    factors = dict.fromkeys(FALLING, 1.0 - magnitude) | dict.fromkeys(RISING, 1.0 + magnitude)
    return {name: value * factors[name] if name in factors else value for name, value in body.items()}


def _post(client: httpx.Client, content: bytes, sleep: Callable[[float], None]) -> tuple[httpx.Response | None, float]:
    """Return the last answer and the milliseconds that it took."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    response, started = None, 0.0
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            sleep(min(LONGEST_PAUSE_SECONDS, 0.25 * 2**attempt))
        started = time.perf_counter()
        try:
            response = client.post("/predict", content=content, headers=headers)
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
    return response, (time.perf_counter() - started) * 1000
