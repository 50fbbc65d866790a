"""When decisions count: one rule for monitoring, retraining and shadow models."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from solvent.domain.outcomes import DefaultDefinition

DEFINITION = DefaultDefinition(months_to_mature=12, reporting_days=31)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
DUE = JULY + timedelta(days=365.25 + 31)


@pytest.mark.parametrize(
    ("as_of", "before"),
    [
        (DUE, JULY),
        (DUE - timedelta(seconds=1), datetime(2026, 6, 1, tzinfo=UTC)),
        (DUE.astimezone(timezone(timedelta(hours=-5))), JULY),
    ],
)
def test_a_month_matures_when_the_reports_on_its_last_decision_are_due(as_of: datetime, before: datetime) -> None:
    assert DEFINITION.matured_before(as_of) == before
    assert DEFINITION.has_matured(JULY, as_of) == (before == JULY)
