"""Refusals that are written without a closer look, for what cannot be taken anyway."""

from collections import Counter
from http import HTTPStatus
from uuid import UUID

from solvent.api.callers.admission import RETRY_MS
from solvent.api.callers.rates import rate_headers
from solvent.api.entrance.plain_messages import Message
from solvent.api.problems import REFUSALS, Problem, render_problem, retry_headers
from solvent.api.refusals import Refusal
from solvent.api.services import Services

_PLACE = UUID(int=0)
_PLACE_BYTES = str(_PLACE).encode()
_RETRY = retry_headers(RETRY_MS)
MAX_ANSWERS = 1000
"""Refusals that are kept written: one for each time until there is room again."""


class Doorman:
    """Knows for all connections of a worker whether a request may be refused without a closer look."""

    def __init__(self, services: Services, max_connections: int) -> None:
        self.services = services
        self.max_connections = max_connections
        self._refused: Counter[tuple[Refusal, str]] = Counter()
        self._answers: dict[tuple[str, ...], list[bytes]] = {}
        self._prefix = b""
        self._number = 0

    def refuse(self, message: Message, address: str | None) -> bytes | None:
        """Return the answer to a message that is refused; None lets it go its way.

        Only where this second has its share of refusals that were looked at, and recorded.
        """
        services = self.services
        limits = services.rates
        is_full = services.admission.is_spoken_for
        is_over = limits is not None and bool(limits.over)
        if not (is_full or is_over) or not services.recorded_refusals.is_spent:
            return None
        if limits is not None and is_over:
            standing = limits.find_refused(address, message.key_id)
            if standing is not None:
                return self._answer(Refusal.RATE_EXCEEDED, message.route, rate_headers(standing))
        return self._answer(Refusal.OVERLOADED, message.route, _RETRY) if is_full else None

    def close_with(self, refusal: Refusal) -> bytes:
        """Return an answer after which the connection ends; it has no route."""
        problem = REFUSALS[refusal]
        self.services.metrics.count("requests", "other", str(problem.status))
        self.services.metrics.count("refusals", problem.code)
        retry = _RETRY if problem.is_passing else {}
        answer = write_answer(problem, {**retry, "Connection": "close"})
        return answer.replace(_PLACE_BYTES, str(self.services.new_id()).encode())

    def report(self) -> int:
        """Count what was refused since the last call in the metrics, and return how much it was."""
        refused, self._refused = self._refused, Counter()
        counts = self.services.metrics.counts
        for (refusal, route), count in refused.items():
            counts["requests", route, str(REFUSALS[refusal].status)] += count
            counts["refusals", refusal.value] += count
            counts[("unrecorded_failures",)] += count
        return refused.total()

    def _answer(self, refusal: Refusal, route: str, headers: dict[str, str]) -> bytes:
        self._refused[refusal, route] += 1
        known = refusal, *headers.values()
        parts = self._answers.get(known)
        if parts is None:
            if len(self._answers) > MAX_ANSWERS:
                self._answers.clear()
            parts = write_answer(REFUSALS[refusal], headers).split(_PLACE_BYTES)
            self._answers[known] = parts
        return self._next_id().join(parts)

    def _next_id(self) -> bytes:
        """Make an id for 0.3 microseconds: from time to time a real one, whose end counts up in between."""
        if self._number % 4096 == 0:
            fresh = str(self.services.new_id())
            self._prefix, self._number = fresh[:24].encode(), int(fresh[24:], 16) & ~0xFFF
        self._number += 1
        return self._prefix + b"%012x" % self._number


def write_answer(problem: Problem, headers: dict[str, str]) -> bytes:
    """Write a whole HTTP message with a place for the request id."""
    response = render_problem(problem, _PLACE, headers=headers)
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in response.raw_headers]
    lines += [f"x-request-id: {_PLACE}", "x-content-type-options: nosniff", "cache-control: no-store"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + bytes(response.body)
