"""The routes that tell how the service is, and which model it serves."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from solvent.api.entrance.observation import observation_of
from solvent.api.problems import NOT_READY, render_problem
from solvent.api.routes.answers import HealthAnswer, ModelAnswer
from solvent.api.routes.documentation import describe_problems
from solvent.api.services import Services
from solvent.errors import LogUnavailableError
from solvent.scoring.model import Model

_Responses = dict[int | str, dict[str, Any]]

_SIMPLE: _Responses = {200: {"content": {"application/json": {"example": {"status": "ok"}}}}}


def status_router(services: Services) -> APIRouter:
    """Make `/`, `/health/live`, `/health/ready` and `/model-info`."""
    router = APIRouter(tags=["status"], default_response_class=Response)

    async def show_health() -> Response:
        return _answer(
            {
                "status": "ok",
                "model_loaded": True,
                "model_version": services.service.model.version,
                "timestamp": services.clock().isoformat().replace("+00:00", "Z"),
            }
        )

    async def show_live() -> Response:
        return _answer({"status": "ok"})

    async def show_ready(request: Request) -> Response:
        failing = await _find_failing(services)
        if failing:
            observation = observation_of(request)
            observation.problem = NOT_READY
            return render_problem(NOT_READY, observation.request_id, problems=failing)
        return _answer({"status": "ok"})

    async def show_model() -> Response:
        return _answer(describe_model(services.service.model))

    health: _Responses = {200: {"model": HealthAnswer}}
    ready = _SIMPLE | describe_problems((503,))
    _add_for_balancers(router, "/", show_health, summary="Health and model version", responses=health)
    _add_for_balancers(router, "/health/live", show_live, summary="The process runs", responses=_SIMPLE)
    _add_for_balancers(router, "/health/ready", show_ready, summary="Every dependency answers", responses=ready)
    model: _Responses = {200: {"model": ModelAnswer}}
    router.add_api_route("/model-info", show_model, summary="The model in force", responses=model)
    return router


def _add_for_balancers(
    router: APIRouter, path: str, show: Callable[..., Awaitable[Response]], *, summary: str, responses: _Responses
) -> None:
    """Balancers ask with HEAD; FastAPI would document two operations of one id, so GET alone is documented."""
    router.add_api_route(path, show, methods=["GET", "HEAD"], include_in_schema=False)
    router.add_api_route(path, show, summary=summary, responses=responses)


async def _find_failing(services: Services) -> list[str]:
    """Name what keeps this process from deciding now."""
    failing = ["draining"] if services.draining.is_on else []
    try:
        await services.service.check()
    except LogUnavailableError:
        failing.append("database")
    if services.authenticator is not None and not services.authenticator.is_fresh:
        failing.append("api-keys")
    if services.admission.closed_by is not None:
        failing.append(services.admission.closed_by)
    if services.switcher is not None and not services.switcher.is_following:
        failing.append("model")
    if services.read_log_figures().get("checkpoints_overdue"):
        failing.append("checkpoints")
    return failing


def describe_model(model: Model) -> dict[str, Any]:
    """The answer of `/model-info`; `metrics` are those of the test split, with 95 % intervals."""
    bundle = model.bundle
    return {
        "model_type": "LightGBM",
        "model_version": bundle.version,
        "n_features": bundle.manifest.n_features,
        "threshold": bundle.policy.threshold,
        "costs": asdict(bundle.policy.costs),
        "metrics": bundle.evaluation["test"],
        "training_date": bundle.manifest.created_at.isoformat().replace("+00:00", "Z"),
        "training_rows": bundle.manifest.training_rows,
        "data_fingerprint": bundle.manifest.data_fingerprint,
        "calibration_method": bundle.calibration.method.value,
        "forbidden_columns": sorted(bundle.policy.forbidden_columns),
    }


def _answer(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
