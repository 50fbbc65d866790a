"""The API without network and database: the whole application on a decision log in memory, called directly."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message

from answer_checks import Answer
from solvent.api.app import create_app
from solvent.api.services import Services
from solvent.api.telemetry.logging import configure_logging
from solvent.bootstrap import build_service, load_model
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.decision_log.registers.outcomes import ImportSummary
from solvent.domain.clock import utc_now
from solvent.domain.outcomes import ReportedOutcome
from solvent.domain.records import FailureRecord, Receipt, Submission
from solvent.scoring.process import new_request_id
from solvent.settings import Settings

ANSWER_SECONDS = 30.0
"""An answer that has not come by then never comes."""


@dataclass(frozen=True)
class Request:
    """A request; `target` is percent-encoded, header names are in lower case, the body comes in these chunks."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    chunks: tuple[bytes, ...]


class _ShortMemory(MemoryDecisionLog):
    """Forgets decisions at once: a campaign makes hundreds of thousands."""

    async def record(self, submission: Submission, *, within: float | None = None) -> Receipt:
        receipt = await super().record(submission, within=within)
        self.submissions.clear()
        return receipt

    async def record_failure(self, failure: FailureRecord) -> None:
        """Keep nothing."""


def _find_none(outcomes: Sequence[ReportedOutcome], _received_at: datetime) -> ImportSummary:
    """Answer as a log that knows none of the clients."""
    rows = tuple(range(1, len(outcomes) + 1))
    return ImportSummary(read=len(rows), unknown=len(rows), unknown_rows=rows)


def make_application(bundle: Path) -> ASGIApp:
    """Make the application on that bundle; it logs errors only, and asks for no key."""
    configure_logging(Settings(log_level="ERROR"))
    service = build_service(load_model(bundle), _ShortMemory())
    asyncio.run(service.start())
    settings = Settings()
    sizes = settings.max_body_bytes, settings.max_batch_body_bytes
    app: ASGIApp = create_app(Services(service, utc_now, new_request_id, *sizes, keep_outcomes=_find_none))
    return app


async def ask(app: ASGIApp, request: Request) -> Answer:
    """Send one request.

    Raises:
        TimeoutError: no answer came.
    """
    path, _, query = request.target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": list(request.headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    chunks = iter(request.chunks)
    left = len(request.chunks)
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal left
        if left == 0:
            return {"type": "http.disconnect"}
        left -= 1
        return {"type": "http.request", "body": next(chunks), "more_body": left > 0}

    async def send(message: Message) -> None:
        sent.append(message)

    started = time.perf_counter()
    async with asyncio.timeout(ANSWER_SECONDS):
        await app(scope, receive, send)
    return _read(sent, time.perf_counter() - started)


def _read(sent: Sequence[Message], seconds: float) -> Answer:
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], dict(sent[0]["headers"]), body, seconds)
