"""The routes that decide."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from solvent.api.entrance.observation import observation_of
from solvent.api.routes.answers import BatchAnswer, DecisionAnswer
from solvent.api.routes.documentation import BATCH_BODY, MAX_CLIENTS, PREDICT_BODY, describe_problems
from solvent.api.routes.incoming import read_document
from solvent.api.services import Services
from solvent.domain.records import Receipt
from solvent.errors import ApplicationError

_PROBLEMS = (400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503)


def prediction_router(services: Services) -> APIRouter:
    """Make `/predict` and `/predict-batch`."""
    router = APIRouter(tags=["decisions"])
    service = services.service

    async def predict(request: Request) -> Response:
        observation = observation_of(request)
        document, claim = await read_document(request, max_bytes=services.max_body_bytes, caller=observation.caller)
        context = observation.context("/predict", claim)
        return _answer(await service.decide(document, context))

    async def predict_batch(request: Request) -> Response:
        observation = observation_of(request)
        document, claim = await read_document(
            request, max_bytes=services.max_batch_body_bytes, caller=observation.caller
        )
        context = observation.context("/predict-batch", claim)
        return _answer(await service.decide_batch(_read_clients(document), context))

    router.add_api_route(
        "/predict",
        predict,
        methods=["POST"],
        summary="Decide on one application",
        openapi_extra=PREDICT_BODY,
        responses={200: {"model": DecisionAnswer}, **describe_problems(_PROBLEMS)},
        response_class=Response,
    )
    router.add_api_route(
        "/predict-batch",
        predict_batch,
        methods=["POST"],
        summary="Decide on 1 to 100 applications; a result or an error for each, in order",
        openapi_extra=BATCH_BODY,
        responses={200: {"model": BatchAnswer}, **describe_problems(_PROBLEMS)},
        response_class=Response,
    )
    return router


def _read_clients(document: object) -> Sequence[Any]:
    if not isinstance(document, dict) or set(document) != {"clients"}:
        raise ApplicationError(("the body must be a JSON object with the one field clients",))
    clients = document["clients"]
    if not isinstance(clients, list) or not 1 <= len(clients) <= MAX_CLIENTS:
        raise ApplicationError((f"clients: must be a list of 1 to {MAX_CLIENTS} applications",))
    return clients


def _answer(receipt: Receipt) -> Response:
    headers = {"Idempotent-Replayed": "true"} if receipt.repeated else None
    return Response(receipt.answer, headers=headers, media_type="application/json")
