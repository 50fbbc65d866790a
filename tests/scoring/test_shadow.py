from datetime import UTC, datetime
from uuid import UUID

import pytest

from solvent.bootstrap import build_service
from solvent.scoring.model import Model
from solvent.scoring.service import RequestContext
from solvent.scoring.shadow import Copy, score_beside
from tiny_model import BUREAU_ROWS, SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio

ARRIVAL = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
CONTEXT = RequestContext(UUID("018f0000-0000-7000-8000-000000000001"), ARRIVAL, 0, "/predict")


def _nothing(_client: int, _program: str) -> None:
    return None


def test_a_copy_survives_the_way_to_another_process() -> None:
    copy = Copy(CONTEXT.request_id, ARRIVAL, b'{"SK_ID_CURR": 1}')
    assert Copy.from_bytes(copy.to_bytes()) == copy


@pytest.mark.parametrize("document", [SAFE, {**SAFE, "bureau": BUREAU_ROWS}])
async def test_the_same_model_scores_the_same_bits_beside(
    model: Model, log: TroubledLog, document: dict[str, object]
) -> None:
    await build_service(model, log).decide(document, CONTEXT)
    (record,) = log.submissions[0].decisions
    assert score_beside(model, Copy.of(record), _nothing).score == record.score


async def test_the_stored_history_of_its_own_program_is_used(model: Model, log: TroubledLog) -> None:
    payload = model.engine.reduce_history({"bureau": BUREAU_ROWS}).to_bytes()
    asked: list[tuple[int, str]] = []

    def find(client: int, program: str) -> bytes:
        asked.append((client, program))
        return payload

    await build_service(model, log).decide(SAFE, CONTEXT)
    await build_service(model, log).decide({**SAFE, "bureau": BUREAU_ROWS}, CONTEXT)
    alone, with_rows = (submission.decisions[0] for submission in log.submissions)
    assert score_beside(model, Copy.of(alone), find).score == with_rows.score != alone.score
    assert asked == [(100001, model.bundle.program.digest)]
