import json
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from solvent.domain.alerts import Alert, Breach, Delivery, News, Severity, Told, find_news
from solvent.domain.measurements import Window
from solvent.errors import MonitoringError
from solvent.monitoring.webhook import PAUSES_SECONDS, Webhook, deliver_waiting

NOW = datetime(2026, 6, 8, 12, tzinfo=UTC)
ALERT = Alert(
    alert_id=7,
    detected_at=NOW,
    last_seen_at=NOW,
    rule="shift",
    subject="",
    severity=Severity.HIGH,
    description="psi of income is 0.31, above the limit 0.2",
    what_to_do="Look at the source.",
    value=0.31,
    limit=0.2,
    count=500,
    window=Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC)),
    affected=("income",),
    acknowledged_at=None,
    acknowledged_by=None,
    resolved_at=None,
    resolved_by=None,
    resolution_notes=None,
)
NEWS = News(ALERT, Told(1, Severity.HIGH, 0.31, 1))


@dataclass
class Receiver:
    """A real HTTP server that answers with `statuses` in turn and keeps what it got."""

    statuses: list[int]
    url: str = ""
    got: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    receiver = Receiver(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.got.append((self.headers["Idempotency-Key"], body))
            self.send_response(receiver.statuses.pop(0))
            self.send_header("Location", receiver.url)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server calls it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


class FakeLog:
    """Alerts in memory."""

    def __init__(self, waiting: Sequence[Alert]) -> None:
        self.waiting = list(waiting)
        self.noted: list[Delivery] = []

    def record(self, breaches: Iterable[Breach], now: datetime) -> tuple[Alert, ...]:
        raise AssertionError("delivering records no alert")

    def undelivered(self) -> AbstractContextManager[Sequence[News]]:
        @contextmanager
        def give() -> Iterator[Sequence[News]]:
            taken = {one.alert_id: one.told for one in self.noted if one.is_delivered}
            news = [find_news(alert, taken.get(alert.alert_id)) for alert in self.waiting]
            yield [one for one in news if one is not None]

        return give()

    def note_delivery(self, delivery: Delivery) -> None:
        self.noted.append(delivery)


def webhook(url: str, slept: list[float] | None = None) -> Webhook:
    return Webhook(url, clock=lambda: NOW, sleep=(slept if slept is not None else []).append)


def test_sends_figures_and_what_to_do_under_the_id_of_the_alert() -> None:
    with receiving(204) as receiver:
        assert webhook(receiver.url).deliver([NEWS]) == [Delivery(7, NOW, 1, 204, NEWS.told, is_delivered=True)]
    assert receiver.got == [
        (
            "solvent-alert-7-1",
            {
                "id": 7,
                "message": 1,
                "type": "shift",
                "subject": "",
                "severity": "HIGH",
                "description": "psi of income is 0.31, above the limit 0.2",
                "what_to_do": "Look at the source.",
                "value": 0.31,
                "limit": 0.2,
                "count": 500,
                "affected": ["income"],
                "detected_at": "2026-06-08T12:00:00+00:00",
                "window_start": "2026-06-01T00:00:00+00:00",
                "window_end": "2026-06-08T00:00:00+00:00",
            },
        )
    ]


def test_tries_again_after_a_pause_until_it_is_taken() -> None:
    slept: list[float] = []
    with receiving(500, 503, 200) as receiver:
        assert webhook(receiver.url, slept).deliver([NEWS]) == [Delivery(7, NOW, 3, 200, NEWS.told, is_delivered=True)]
    assert slept == list(PAUSES_SECONDS)


def test_gives_up_after_three_attempts_and_leaves_the_others_for_later() -> None:
    with receiving(500, 500, 500) as receiver:
        found = webhook(receiver.url).deliver([NEWS, replace(NEWS, alert=replace(ALERT, alert_id=8))])
    assert found == [Delivery(7, NOW, 3, 500, NEWS.told, is_delivered=False)]
    assert len(receiver.got) == 3


def test_follows_no_redirect() -> None:
    with receiving(307, 307, 307) as receiver:
        (found,) = webhook(receiver.url).deliver([NEWS])
    assert (found.status_code, found.is_delivered, len(receiver.got)) == (307, False, 3)


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (found,) = webhook(f"http://127.0.0.1:{taken.getsockname()[1]}/").deliver([NEWS])
    assert (found.attempts, found.status_code, found.is_delivered) == (3, None, False)


def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        hook = Webhook(url, clock=lambda: NOW, sleep=lambda _: None, timeout_seconds=0.05)
        (found,) = hook.deliver([NEWS])
    assert (found.attempts, found.status_code, found.is_delivered) == (3, None, False)


@pytest.mark.parametrize("url", ["", "hooks.example/x", "ftp://hooks.example/x", "http://", "http://h:port/"])
def test_what_is_no_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(MonitoringError, match="SOLVENT_ALERT_WEBHOOK is no address: give a URL such as") as caught:
        webhook(url)
    assert "hooks.example" not in str(caught.value)


def test_what_failed_waits_for_the_next_run_and_what_was_taken_is_not_sent_again() -> None:
    log = FakeLog([ALERT, replace(ALERT, alert_id=8)])
    with receiving(200, 500, 500, 500, 200) as receiver:
        hook = webhook(receiver.url)
        assert [one.is_delivered for one in deliver_waiting(log, hook)] == [True, False]
        assert [one.alert_id for one in deliver_waiting(log, hook)] == [8]
        assert deliver_waiting(log, hook) == []
    assert [body["id"] for _, body in receiver.got] == [7, 8, 8, 8, 8]
    assert [one.is_delivered for one in log.noted] == [True, False, True]
