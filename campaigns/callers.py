"""Callers who write down what they ask and what they are told, in a file that no killed process owns.

Each caller sends one application of a client of its own with a new Idempotency-Key, and repeats it until it is answered
with 200; then comes the next client. `read_history` gives the judge what they noted.
"""

import asyncio
import hashlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from judge import Acknowledged
from solvent.cli.load import ConnectionLostError, HttpConnection

RETRY_SECONDS = 0.02
ANSWER_SECONDS = 10.0
"""After this time without an answer a caller gives the connection up."""
FINISH_SECONDS = 60.0
"""How long callers may go on repeating their last requests at the end of a campaign."""

UNKNOWN = "outcome-unknown"
"""The one refusal after which a decision may be recorded all the same (RELIABILITY.md, P-06)."""


@dataclass
class Load:
    """What the callers share: ports that answer, their history, numbers for new clients, whether it ends, statuses."""

    ports: tuple[int, ...]
    history: TextIO
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    is_ending: bool = False
    statuses: Counter[int] = field(default_factory=Counter)

    def note(self, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Write a line of history."""
        self.history.write(json.dumps(facts) + "\n")
        self.history.flush()

    async def finish(self, callers: Sequence[asyncio.Task[None]]) -> int:
        """Let the callers get their last answers; return how many did not within a minute, and end those."""
        self.is_ending = True
        _, pending = await asyncio.wait(callers, timeout=FINISH_SECONDS)
        for caller in pending:
            caller.cancel()
        for result in await asyncio.gather(*callers, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        return len(pending)


@dataclass(frozen=True)
class History:
    """What callers noted.

    `told`: every 200. `asked`: the clients they asked about. `denied`: those who were told each time that nothing was
    recorded. `sent`: requests. `statuses`: answers by status. `slowest`: seconds of the slowest answer. `models`:
    version and threshold that each answered request names, by its id.
    """

    told: list[Acknowledged]
    asked: set[int]
    denied: set[int]
    sent: int
    statuses: dict[int, int]
    slowest: float
    models: dict[str, tuple[str, float]]

    @property
    def unanswered(self) -> int:
        """Requests without an answer."""
        return self.sent - sum(self.statuses.values())

    @property
    def refused(self) -> int:
        """Answers other than 200, 503, and 409: a retry whose first request is still under way."""
        return sum(count for status, count in self.statuses.items() if status not in {200, 409, 503})


@dataclass
class Caller:
    """One caller: each new client goes to the instance at home, a retry after a lost connection to the next one."""

    load: Load
    home: int
    connections: dict[int, HttpConnection] = field(default_factory=dict)

    async def call_until_ending(self) -> None:
        """Send one application after the other; repeat each until it is answered with 200."""
        while not self.load.is_ending:
            client = next(self.load.numbers)
            body = make_body(client)
            turn = self.home
            while (status := await self._send(self._port(turn), client, body)) != 200:
                turn += status == 0
                await asyncio.sleep(RETRY_SECONDS)

    def _port(self, turn: int) -> int:
        return self.load.ports[turn % len(self.load.ports)]

    async def _send(self, port: int, client: int, body: bytes) -> int:
        """Return the status of the answer, 0 if there was none."""
        key = f"client-{client}"
        for other, connection in tuple(self.connections.items()):
            if other not in self.load.ports or not connection.is_open:
                self.close(other)
        try:
            if port not in self.connections:
                self.connections[port] = await HttpConnection.open(port)
            self.load.note(event="sent", client_id=client)
            started = time.monotonic()
            async with asyncio.timeout(ANSWER_SECONDS):
                status, answer = await self.connections[port].post("/predict", body, key=key)
        except (OSError, ConnectionLostError):
            self.close(port)
            return 0
        document = json.loads(answer)
        self.load.statuses[status] += 1
        self.load.note(
            event="received",
            key=key,
            status=status,
            seconds=time.monotonic() - started,
            client_id=client,
            code=document.get("code"),
            request_id=document.get("request_id"),
            probability=document.get("probability_default"),
            model_version=document.get("model_version"),
            threshold=document.get("threshold_used"),
            body_digest=hashlib.sha256(answer).hexdigest(),
        )
        return status

    def close(self, port: int) -> None:
        """Give up the connection to a port."""
        connection = self.connections.pop(port, None)
        if connection is not None:
            connection.close()


def start_callers(load: Load, count: int) -> list[asyncio.Task[None]]:
    """Start so many callers, spread over the instances."""
    return [asyncio.create_task(Caller(load, home).call_until_ending()) for home in range(count)]


def make_body(client: int) -> bytes:
    """An application of a client of this number."""
    return json.dumps(
        {
            "SK_ID_CURR": client,
            "NAME_CONTRACT_TYPE": "Cash loans",
            "AMT_INCOME_TOTAL": 120_000.0 + client,
            "AMT_CREDIT": 500_000.0,
            "DAYS_BIRTH": -14_000,
        }
    ).encode()


def read_history(path: Path) -> History:
    """Read what callers noted."""
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    answers = [line for line in lines if line["event"] == "received"]
    sent = Counter(line["client_id"] for line in lines if line["event"] == "sent")
    refused = Counter(line["client_id"] for line in answers if line["status"] != 200 and line["code"] != UNKNOWN)
    facts = ("key", "client_id", "request_id", "probability", "body_digest")
    return History(
        told=[Acknowledged(**{name: line[name] for name in facts}) for line in answers if line["status"] == 200],
        asked=set(sent),
        denied={client for client, count in sent.items() if refused[client] == count},
        sent=sent.total(),
        statuses=dict(Counter(line["status"] for line in answers)),
        slowest=max((line["seconds"] for line in answers), default=0.0),
        models={
            line["request_id"]: (line["model_version"], line["threshold"]) for line in answers if line["status"] == 200
        },
    )
