import pytest

from solvent.dashboard.access import is_vouched_for
from solvent.dashboard.exposure import PROXY_HEADER
from solvent.settings import Settings

SHARED = "what the proxy alone knows"
NAMED = {"X-Forwarded-User": "ada"}


def settings(**values: str) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (NAMED | {PROXY_HEADER: SHARED}, True),
        (NAMED | {PROXY_HEADER: "what the proxy alone knew"}, False),
        (NAMED | {PROXY_HEADER: "d\u00e9j\u00e0 vu"}, False),
        (NAMED, False),
        ({PROXY_HEADER: SHARED}, False),
        ({}, False),
    ],
)
def test_a_name_counts_from_the_proxy_that_knows_the_secret_alone(headers: dict[str, str], expected: bool) -> None:
    behind_proxy = settings(dashboard_user_header="X-Forwarded-User", dashboard_proxy_secret=SHARED)
    assert is_vouched_for(headers, behind_proxy) is expected


@pytest.mark.parametrize(("headers", "expected"), [(NAMED, True), ({}, False)])
def test_without_a_secret_the_name_is_enough(headers: dict[str, str], expected: bool) -> None:
    assert is_vouched_for(headers, settings(dashboard_user_header="X-Forwarded-User")) is expected


def test_without_a_proxy_nobody_has_to_be_named() -> None:
    assert is_vouched_for({}, settings())
