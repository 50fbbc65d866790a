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
    """Whether the API answers, whether it can decide, what it lacks for that (`missing`), and with which model."""

    answers: bool
    is_ready: bool = False
    missing: tuple[str, ...] = ()
    model: ServedModel | None = None


def read_api_state(url: str) -> ApiState:
    """Ask `/health/ready` and `/model-info`; an API that is away, or is something else, is a state, not an error."""
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            ready = client.get("/health/ready")
            info = client.get("/model-info").json()
            missing = () if ready.status_code == httpx.codes.OK else _read_missing(ready.json())
            return ApiState(
                answers=True, is_ready=ready.status_code == httpx.codes.OK, missing=missing, model=_read(info)
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return ApiState(answers=False)


def _read(info: dict[str, Any]) -> ServedModel:
    return ServedModel(str(info["model_version"]), int(info["n_features"]), float(info["threshold"]))


def _read_missing(problem: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, problem.get("problems", ())))
