"""Who may call which address: the one table of scopes."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from starlette.routing import BaseRoute

from solvent.decision_log.registers.api_keys import Scope
from solvent.errors import SolventError

SCOPES: Mapping[str, Scope | None] = MappingProxyType(
    {
        "/": None,
        "/health/live": None,
        "/health/ready": None,
        "/model-info": Scope.READ,
        "/predict": Scope.SCORE,
        "/predict-batch": Scope.SCORE,
        "/outcomes": Scope.OUTCOMES,
        "/metrics": Scope.READ,
        "/openapi.json": Scope.READ,
        "/docs": Scope.READ,
        "/redoc": Scope.READ,
        "/docs/assets/{name}": Scope.READ,
        "/admin/reload": Scope.ADMIN,
        "/admin/rollback": Scope.ADMIN,
    }
)
"""The scope that a key needs for an address; None is open to everybody. What is not here is not found."""

HEALTH = frozenset({"/health/live", "/health/ready"})
"""What asks for these comes from an address that others share, and must hear how the service is: no rate holds it."""
_ASSETS = "/docs/assets/"


class UndeclaredRouteError(SolventError):
    """A route is not in the table of scopes: the application is not made."""


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Raise UndeclaredRouteError unless every route is in the table, and every entry of the table is a route."""
    found = set(_paths(routes))
    if found != set(SCOPES):
        names = ", ".join(sorted(found ^ set(SCOPES)))
        raise UndeclaredRouteError(f"routes and the scopes in api/callers/access.py differ: {names}")


def _paths(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in routes:
        included = getattr(route, "original_router", None)  # how FastAPI keeps what `include_router` was given
        if included is None:
            yield getattr(route, "path", repr(route))
        else:
            yield from _paths(included.routes)


def route_of(path: str) -> str | None:
    """Return the declared address that a path belongs to, or None."""
    if path in SCOPES:
        return path
    return f"{_ASSETS}{{name}}" if path.startswith(_ASSETS) else None
