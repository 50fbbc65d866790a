"""A recorded application scored again with other values: nothing is written."""

from collections.abc import Callable
from typing import Any

import pytest
from test_replay import decide, read

from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision
from solvent.errors import ApplicationError
from solvent.scoring.model import Model
from solvent.scoring.what_if import score_again
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.mark.parametrize("request_body", [SAFE, {**SAFE, "bureau": BUREAU_ROWS}, {**SAFE, "SK_ID_CURR": 100003}])
async def test_without_a_change_the_decision_comes_out_again(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model, request_body: dict[str, Any]
) -> None:
    (request_id,) = await decide(postgres_log, model, [request_body])
    recorded = read(database_url, request_id)
    assert score_again(recorded, model, {}).probability_default == recorded.prediction_proba


async def test_a_smaller_loan_turns_a_refusal_over_and_nothing_is_recorded(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model, rows: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    (request_id,) = await decide(postgres_log, model, [{**RISKY, "EXT_SOURCE_2": 0.6}])
    recorded = read(database_url, request_id)
    assert recorded.decision == "refuse"
    again = score_again(recorded, model, {"AMT_CREDIT": 100000.0})
    assert again.decision is Decision.APPROVE
    assert again.probability_default < recorded.prediction_proba
    assert rows("SELECT count(*) FROM decisions") == [(1,)]


async def test_what_nobody_can_change_and_what_is_implausible_is_refused(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    (request_id,) = await decide(postgres_log, model, [SAFE])
    recorded = read(database_url, request_id)
    with pytest.raises(ApplicationError, match="EXT_SOURCE_2: is nothing that an applicant can change"):
        score_again(recorded, model, {"EXT_SOURCE_2": 0.9})
    with pytest.raises(ApplicationError, match="AMT_CREDIT"):
        score_again(recorded, model, {"AMT_CREDIT": None})
