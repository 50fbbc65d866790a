"""Named points in the work of the API at which its process kills itself.

They are put around the calls of the write path from outside: the package itself knows nothing of them.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from solvent.decision_log.writing import batching

POINTS = ("before_insert", "after_insert", "before_commit", "after_commit", "before_send", "mid_body")


class Death:
    """Counts how often a point is passed, and kills the process in time."""

    def __init__(self, count: int) -> None:
        self._left = count

    def pass_by(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


Call = Callable[..., Awaitable[Any]]


def _around(call: Call, death: Death, *, before: bool) -> Call:
    async def passing(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any call
        if before:
            death.pass_by()
        answer = await call(*arguments, **options)
        if not before:
            death.pass_by()
        return answer

    return passing


def rewrite(owner: Any, name: str, change: Callable[[Any], Any]) -> None:  # noqa: ANN401 - a module or a class
    """Put what `change` makes of a call in its place."""
    setattr(owner, name, change(getattr(owner, name)))


def plant(point: str, count: int) -> None:
    """Let this process kill itself when it passes the point for the `count`-th time."""
    death = Death(count)
    before = point.startswith("before")
    if point.endswith("insert"):
        rewrite(batching, "record_batch", lambda call: _around(call, death, before=before))
    elif point.endswith("commit"):
        rewrite(AsyncConnection, "commit", lambda call: _around(call, death, before=before))
    elif point == "before_send":
        rewrite(Response, "__call__", lambda call: _around(call, death, before=True))
    else:
        rewrite(Request, "stream", lambda stream: _dying_stream(stream, death))


def _dying_stream(stream: Callable[[Request], Any], death: Death) -> Callable[[Request], Any]:
    async def read(self: Request) -> Any:  # noqa: ANN401 - as Request.stream
        async for chunk in stream(self):
            death.pass_by()
            yield chunk

    return read
