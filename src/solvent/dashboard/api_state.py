"""Asks the API how it is and which model it serves."""

from dataclasses import dataclass
from typing import Any

import httpx

TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The model in force; `threshold` is a probability of default."""

    version: str
    n_features: int
    threshold: float


@dataclass(frozen=True, slots=True)
class ApiState:
    """Whether the API answers, whether it can decide, what it lacks for that (`missing`), and with which model.

    `model` is None where the API tells it to holders of a key alone.
    """

    answers: bool
    is_ready: bool = False
    missing: tuple[str, ...] = ()
    model: ServedModel | None = None


def read_api_state(url: str) -> ApiState:
    """Ask `/health/ready` and `/model-info`; an API that is away, or is something else, is a state, not an error."""
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            ready, info = client.get("/health/ready"), client.get("/model-info")
            model = _read(info.json()) if info.status_code == httpx.codes.OK else None
            is_ready = ready.status_code == httpx.codes.OK
            return ApiState(answers=True, is_ready=is_ready, missing=_read_missing(ready.json()), model=model)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return ApiState(answers=False)


def _read(info: dict[str, Any]) -> ServedModel:
    return ServedModel(str(info["model_version"]), int(info["n_features"]), float(info["threshold"]))


def _read_missing(health: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, health.get("problems", ()) if health["status"] != "ok" else ()))
