"""Tells one webhook of the alerts that it has not taken yet, and of those that have grown since."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC

import httpx

from solvent.domain.alerts import Delivery, News
from solvent.domain.ports import AlertLog, Clock
from solvent.errors import MonitoringError

TIMEOUT_SECONDS = 5.0
PAUSES_SECONDS = (1.0, 4.0)
"""Waits between the attempts of one run; what they do not achieve is tried again by the next run."""


class Webhook:
    """One URL, and nothing else: no redirect is followed, no proxy of the environment used, no secret logged.

    An attempt fails without an answer of 200 to 299 within 5 s. Every request carries the id of the alert and the
    number of the message on it as its Idempotency-Key: a receiver whose answer was lost gets the same message again.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Raises MonitoringError if the URL cannot be one; the message does not show it, since it may hold a secret."""
        if not _is_address(url):
            raise MonitoringError("SOLVENT_ALERT_WEBHOOK is no address: give a URL such as https://host/path")
        self._url = url
        self._clock = clock
        self._sleep = sleep
        self._timeout_seconds = timeout_seconds

    def deliver(self, waiting: Sequence[News]) -> list[Delivery]:
        """Send the messages and return what became of each; after one that found no taker, the others wait."""
        deliveries: list[Delivery] = []
        with httpx.Client(timeout=self._timeout_seconds, trust_env=False, follow_redirects=False) as client:
            for news in waiting:
                deliveries.append(self._deliver_one(client, news))
                if not deliveries[-1].is_delivered:
                    break
        return deliveries

    def _deliver_one(self, client: httpx.Client, news: News) -> Delivery:
        attempts, status = 1, self._post(client, news)
        for pause in PAUSES_SECONDS:
            if _is_taken(status):
                break
            self._sleep(pause)
            attempts, status = attempts + 1, self._post(client, news)
        told, taken = news.told, _is_taken(status)
        return Delivery(news.alert.alert_id, self._clock(), attempts, status, told, is_delivered=taken)

    def _post(self, client: httpx.Client, news: News) -> int | None:
        headers = {"Idempotency-Key": f"solvent-alert-{news.alert.alert_id}-{news.told.message}"}
        try:
            with client.stream("POST", self._url, json=render_news(news), headers=headers) as answer:
                return answer.status_code
        except httpx.HTTPError:
            return None


def deliver_waiting(log: AlertLog, webhook: Webhook) -> list[Delivery]:
    """Send what the webhook does not know yet, note what became of it, and return that.

    Raises:
        DecisionLogError: the alerts cannot be read, or a delivery not be noted.
    """
    with log.undelivered() as waiting:
        deliveries = webhook.deliver(waiting) if waiting else []
        for delivery in deliveries:
            log.note_delivery(delivery)
    return deliveries


def render_news(news: News) -> dict[str, object]:
    """What the webhook gets: figures and names of features, nothing of a client."""
    alert, window = news.alert, news.alert.window
    return {
        "id": alert.alert_id,
        "message": news.told.message,
        "type": alert.rule,
        "subject": alert.subject,
        "severity": alert.severity.value,
        "description": alert.description,
        "what_to_do": alert.what_to_do,
        "value": alert.value,
        "limit": alert.limit,
        "count": alert.count,
        "affected": list(alert.affected),
        "detected_at": alert.detected_at.astimezone(UTC).isoformat(),
        "window_start": None if window is None else window.start.astimezone(UTC).isoformat(),
        "window_end": None if window is None else window.end.astimezone(UTC).isoformat(),
    }


def _is_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)


def _is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
