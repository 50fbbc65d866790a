"""The HTTP application: which address does what."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from solvent import __version__
from solvent.api.callers.access import check_routes
from solvent.api.entrance.gatekeeper import Gatekeeper
from solvent.api.entrance.observation import Observer, observation_of, report_failure
from solvent.api.problems import INTERNAL_ERROR, find_problem, render_error
from solvent.api.routes.administration import administration_router
from solvent.api.routes.direct import DirectRoutes, endpoints_of
from solvent.api.routes.documentation import DESCRIPTION, document_requests
from solvent.api.routes.outcomes import outcome_router
from solvent.api.routes.pages import add_pages, find_assets
from solvent.api.routes.predictions import prediction_router
from solvent.api.routes.status import status_router
from solvent.api.services import Services
from solvent.errors import SolventError

_NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
"""FastAPI would otherwise obey the environment and send traces, with the texts of exceptions, to another host."""


class _Api(FastAPI):
    """FastAPI with the request bodies documented from the schemas of the tables."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = document_requests(super().openapi(), self.state.services)
        return self.openapi_schema


def create_app(services: Services) -> FastAPI:
    """Make the application; it opens and closes nothing: the log must be open while it answers.

    Raises:
        UndeclaredRouteError: a route has no entry in the table of scopes.
    """
    decisions = prediction_router(services)
    layers = [
        Middleware(Observer, services=services),
        Middleware(Gatekeeper, services=services),
        Middleware(DirectRoutes, endpoints=endpoints_of(decisions)),
    ]
    app = _Api(
        title="Solvent",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
        middleware=layers,
        exception_handlers={SolventError: _answer_error, HTTPException: _answer_error},
    )
    app.state.services = services
    app.state.decisions = _wrap(app, layers)
    app.include_router(status_router(services))
    app.include_router(decisions)
    app.include_router(outcome_router(services))
    app.include_router(administration_router(services))
    add_pages(app, assets=find_assets())
    check_routes(app.routes)
    return app


def _wrap(app: ASGIApp, layers: Sequence[Middleware]) -> ASGIApp:
    """Put the layers around the application once more, without those of FastAPI, for plain requests for decisions."""
    for layer in reversed(layers):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app


async def _answer_error(request: Request, error: Exception) -> Response:
    observation = observation_of(request)
    observation.problem = find_problem(error)
    if observation.problem is INTERNAL_ERROR:
        report_failure(error, observation)
    return render_error(error, observation.problem, observation.request_id)
