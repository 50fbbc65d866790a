"""The routes of the operator: switch the model, read the metrics."""

from typing import Any

import orjson
from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from solvent.api.entrance.observation import observation_of
from solvent.api.refusals import Refusal, RequestRefusedError
from solvent.api.routes.answers import SwitchAnswer
from solvent.api.routes.documentation import describe_problems
from solvent.api.services import Services
from solvent.api.telemetry.metrics import Metrics, render_metrics
from solvent.errors import BundleError
from solvent.scoring.model import Model
from solvent.scoring.switching import ModelSwitcher, NoPreviousModelError


def administration_router(services: Services) -> APIRouter:
    """Make `/admin/reload`, `/admin/rollback` and `/metrics`."""
    router = APIRouter(tags=["operation"], default_response_class=Response)

    async def reload(request: Request) -> Response:
        try:
            model = await _switcher(services).reload(observation_of(request).caller)
        except BundleError as error:
            raise RequestRefusedError(Refusal.BUNDLE_REFUSED, problems=(str(error),)) from error
        return _describe(model)

    async def roll_back(request: Request) -> Response:
        try:
            model = await _switcher(services).rollback(observation_of(request).caller)
        except NoPreviousModelError as error:
            raise RequestRefusedError(Refusal.NO_PREVIOUS_MODEL) from error
        return _describe(model)

    async def show_metrics() -> Response:
        merged = Metrics().add(services.metrics.to_document())
        services.read_other_metrics(merged)
        return Response(render_metrics(merged), headers={"Content-Type": CONTENT_TYPE_LATEST})

    add = router.add_api_route
    common: dict[int | str, dict[str, Any]] = {200: {"model": SwitchAnswer}, **describe_problems((401, 403, 503))}
    add(
        "/admin/reload",
        reload,
        methods=["POST"],
        summary="Read the bundle's folder again and serve what it holds; a refused bundle changes nothing",
        responses=common | describe_problems((422,)),
    )
    add(
        "/admin/rollback",
        roll_back,
        methods=["POST"],
        summary="Go back to the model before; a second call undoes the first",
        responses=common | describe_problems((409,)),
    )
    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
    add("/metrics", show_metrics, summary="Metrics for Prometheus", responses=text | describe_problems((401, 403)))
    return router


def _switcher(services: Services) -> ModelSwitcher:
    if services.switcher is None:
        raise RequestRefusedError(Refusal.NO_PREVIOUS_MODEL)
    return services.switcher


def _describe(model: Model) -> Response:
    document = {"model_version": model.version, "bundle_digest": model.bundle.digest}
    return Response(orjson.dumps(document), media_type="application/json")
