"""The policy file: what is written is read, and nonsense is refused."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from solvent.bundle.json_form import render_json
from solvent.bundle.policy import read_policy, render_policy
from solvent.domain.costs import CostMatrix
from solvent.domain.outcomes import DefaultDefinition
from solvent.domain.policy import Policy
from solvent.errors import BundleError

POLICY = Policy(
    threshold=0.0912,
    medium_from=0.0456,
    high_from=0.0912,
    costs=CostMatrix(false_negative=12.5, false_positive=1.0),
    forbidden_columns=frozenset({"CODE_GENDER", "CNT_CHILDREN"}),
    max_reasons=3,
    default_definition=DefaultDefinition(days_past_due=60, months_to_mature=18, reporting_days=10),
)


def test_survives_its_file() -> None:
    assert read_policy(render_policy(POLICY)) == POLICY


def test_writes_flat_named_fields() -> None:
    assert orjson.loads(render_policy(POLICY)) == {
        "threshold": 0.0912,
        "medium_from": 0.0456,
        "high_from": 0.0912,
        "cost_false_negative": 12.5,
        "cost_false_positive": 1.0,
        "forbidden_columns": ["CNT_CHILDREN", "CODE_GENDER"],
        "max_reasons": 3,
        "default_days_past_due": 60,
        "default_months_to_mature": 18,
        "outcome_reporting_days": 10,
    }


def test_a_policy_from_before_it_had_a_definition_of_default_has_the_usual_one() -> None:
    document = orjson.loads(render_policy(POLICY))
    for name in ("default_days_past_due", "default_months_to_mature", "outcome_reporting_days"):
        del document[name]
    old = read_policy(render_json(document))
    assert old == replace(POLICY, default_definition=DefaultDefinition(90, 12, 31))
    assert render_policy(old, with_definition=False) == render_json(document)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"threshold": None}, "no finite number in threshold"),
        ({"threshold": "0.1"}, "no finite number in threshold"),
        ({"threshold": 1.5}, r"threshold must lie in \(0, 1\]"),
        ({"medium_from": 0.5}, "risk bands"),
        ({"cost_false_negative": 0.0}, "finite and positive"),
        ({"max_reasons": 0}, "at least one reason"),
        ({"max_reasons": 2.0}, "no whole number in max_reasons"),
        ({"forbidden_columns": [None]}, "no text in forbidden_columns"),
        ({"default_days_past_due": 0}, "at least one day past due"),
        ({"outcome_reporting_days": -1}, "no whole number in outcome_reporting_days"),
        ({"note": "x"}, "has the unknown note"),
    ],
)
def test_refuses_a_broken_policy(changes: dict[str, Any], fault: str) -> None:
    document = orjson.loads(render_policy(POLICY)) | changes
    with pytest.raises(BundleError, match=rf"^policy\.json .*{fault}"):
        read_policy(render_json(document))


def test_refuses_nan() -> None:
    with pytest.raises(BundleError, match=r"^policy\.json is not JSON"):
        read_policy(render_policy(POLICY).replace(b"0.0456", b"NaN"))
