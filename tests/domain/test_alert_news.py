from dataclasses import replace
from datetime import UTC, datetime

import pytest

from solvent.domain.alerts import Alert, Severity, Told, find_news
from solvent.domain.measurements import Window

NOW = datetime(2026, 6, 8, 12, tzinfo=UTC)
ALERT = Alert(
    alert_id=7,
    detected_at=NOW,
    last_seen_at=NOW,
    rule="values_missing",
    subject="",
    severity=Severity.MEDIUM,
    description="",
    what_to_do="",
    value=0.1,
    limit=0.05,
    count=500,
    window=Window(NOW, NOW),
    affected=("income", "age", "job"),
    acknowledged_at=None,
    acknowledged_by=None,
    resolved_at=None,
    resolved_by=None,
    resolution_notes=None,
)
LAST = Told(1, Severity.MEDIUM, 0.1, 3)


def test_the_webhook_is_told_first_that_an_alert_opened() -> None:
    news = find_news(ALERT, None)
    assert news is not None
    assert (news.alert, news.told) == (ALERT, LAST)


@pytest.mark.parametrize(
    "now",
    [
        replace(ALERT, severity=Severity.HIGH),
        replace(ALERT, value=0.2),
        replace(ALERT, affected=("income", "age", "job", "town", "car", "phone")),
    ],
    ids=["graver", "twice the figure", "twice the subjects"],
)
def test_an_alert_that_has_grown_is_news(now: Alert) -> None:
    news = find_news(now, LAST)
    assert news is not None
    assert news.told == Told(2, now.severity, now.value, len(now.affected))


@pytest.mark.parametrize(
    "now",
    [
        ALERT,
        replace(ALERT, severity=Severity.LOW),
        replace(ALERT, value=0.19),
        replace(ALERT, value=0.06),
        replace(ALERT, value=None),
        replace(ALERT, affected=("income", "age", "job", "town", "car")),
    ],
    ids=["same", "less grave", "nearly twice", "smaller", "no figure", "nearly twice the subjects"],
)
def test_an_alert_that_has_not_grown_is_no_news(now: Alert) -> None:
    assert find_news(now, LAST) is None


@pytest.mark.parametrize(
    ("limit", "last", "now", "is_news"),
    [(0.5, 0.4, 0.2, True), (0.5, 0.4, 0.21, False), (-0.1, -0.1, -0.2, True), (-0.1, -0.1, -0.19, False)],
)
def test_a_figure_that_rings_by_falling_grows_by_falling(limit: float, last: float, now: float, is_news: bool) -> None:
    alert = replace(ALERT, limit=limit, value=now)
    assert (find_news(alert, replace(LAST, value=last)) is not None) is is_news
