import asyncio
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from solvent.bootstrap import build_service
from solvent.domain.records import Claim, Receipt, StoredHistory, Submission
from solvent.errors import ApplicationError, DecisionLogError, LogUnavailableError
from solvent.scoring.model import Model
from solvent.scoring.service import ANSWER_SECONDS, RequestContext, ScoringService
from tiny_model import BUREAU_ROWS, RISKY, SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio

ARRIVAL = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CONTEXT = RequestContext(UUID("018f0000-0000-7000-8000-000000000001"), ARRIVAL, 0, "/predict")


@pytest.fixture
def service(model: Model, log: TroubledLog) -> ScoringService:
    return build_service(model, log)


async def test_start_makes_the_model_known(service: ScoringService, log: TroubledLog, model: Model) -> None:
    await service.start()
    assert log.models == {model.version: model.describe()}


async def test_records_the_decision_with_everything_it_rests_on(
    service: ScoringService, log: TroubledLog, model: Model
) -> None:
    receipt = await service.decide({**RISKY, "AMT_ANNUITY": None, "bureau": []}, CONTEXT)
    (submission,) = log.submissions
    (record,) = submission.decisions
    assert submission.answer == receipt.answer
    assert (record.request_id, record.received_at, record.endpoint) == (CONTEXT.request_id, ARRIVAL, "/predict")
    assert (record.client_id, record.loan_amount, record.model_version) == (100002, 1800000.0, model.version)
    assert (record.threshold, record.data_quality_score, record.warnings) == (0.3, 1.0, ("partial_history",))
    assert orjson.loads(record.application) == {**RISKY, "bureau": []}
    assert record.features == model.compute_features(RISKY, None).tobytes()
    assert record.probability_default == model.bundle.calibration.apply(record.score)
    assert (record.top_numbers, record.top_categories) == ((9.0, None, 0.1), (None, "Cash loans", None))
    assert record.timing.preprocessing_ms > 0.0
    assert record.timing.inference_ms > 0.0


async def test_the_stored_input_and_history_give_the_same_decision_again(
    service: ScoringService, log: TroubledLog, model: Model
) -> None:
    await service.decide({**SAFE, "bureau": BUREAU_ROWS}, CONTEXT)
    (record,) = log.submissions[0].decisions
    await service.decide(orjson.loads(record.application), CONTEXT)
    (again,) = log.submissions[1].decisions
    assert (again.features, again.score) == (record.features, record.score)


async def test_a_history_of_another_program_is_not_used(
    service: ScoringService, log: TroubledLog, model: Model
) -> None:
    payload = model.engine.reduce_history({"bureau": BUREAU_ROWS}).to_bytes()
    await log.store_histories([StoredHistory(SAFE["SK_ID_CURR"], "another", payload)])
    await service.decide(SAFE, CONTEXT)
    assert log.submissions[0].decisions[0].history_source == "none"


async def test_an_invalid_application_is_raised_and_nothing_recorded(service: ScoringService, log: TroubledLog) -> None:
    with pytest.raises(ApplicationError):
        await service.decide({}, CONTEXT)
    assert log.submissions == []


class _SlowLog(TroubledLog):
    """Takes a while for each history, and notes the time that it was given."""

    allowed: tuple[float, ...] = ()

    async def find_history(
        self, client_id: int, program_digest: str, *, within: float | None = None
    ) -> StoredHistory | None:
        self.allowed += (within or 0.0,)
        await asyncio.sleep(0.3)
        return await super().find_history(client_id, program_digest)

    async def record(self, submission: Submission, *, within: float | None = None) -> Receipt:
        self.allowed += (within or 0.0,)
        return await super().record(submission)


@pytest.mark.parametrize("is_batch", [False, True])
async def test_every_step_of_a_decision_takes_from_one_allowance(model: Model, *, is_batch: bool) -> None:
    log = _SlowLog()
    service = build_service(model, log)
    await (service.decide_batch([SAFE], CONTEXT) if is_batch else service.decide(SAFE, CONTEXT))
    reading, writing = log.allowed
    assert reading == pytest.approx(ANSWER_SECONDS / 2, abs=0.2)
    assert writing == pytest.approx(ANSWER_SECONDS - 0.3, abs=0.25)
    assert writing < ANSWER_SECONDS - 0.3


async def test_a_batch_is_one_submission_under_one_claim(service: ScoringService, log: TroubledLog) -> None:
    claim = Claim("local", "key", b"digest")
    context = RequestContext(CONTEXT.request_id, ARRIVAL, 0, "/predict-batch", claim)
    receipt = await service.decide_batch([SAFE, {}, RISKY], context)
    (submission,) = log.submissions
    assert (submission.claim, submission.answer) == (claim, receipt.answer)
    answer = orjson.loads(receipt.answer)
    assert (answer["total"], answer["succeeded"], answer["failed"]) == (3, 2, 1)
    assert [record.client_id for record in submission.decisions] == [100001, 100002]
    assert len({record.request_id for record in submission.decisions} - {CONTEXT.request_id}) == 2


@pytest.mark.parametrize("error", [LogUnavailableError("away"), DecisionLogError("refused")])
async def test_nothing_is_released_that_was_not_recorded(
    service: ScoringService, log: TroubledLog, error: DecisionLogError
) -> None:
    log.trouble = error
    with pytest.raises(type(error)):
        await service.decide(SAFE, CONTEXT)
    with pytest.raises(type(error)):
        await service.decide_batch([SAFE], CONTEXT)


async def test_a_failure_is_recorded_without_input(service: ScoringService, log: TroubledLog, model: Model) -> None:
    await service.record_failure(CONTEXT, status=422, code="invalid-application")
    (failure,) = log.failures
    assert (failure.request_id, failure.received_at, failure.endpoint) == (CONTEXT.request_id, ARRIVAL, "/predict")
    assert (failure.http_status_code, failure.error_code, failure.model_version) == (
        422,
        "invalid-application",
        model.version,
    )


async def test_the_check_follows_the_log(service: ScoringService, log: TroubledLog) -> None:
    await service.check()
    log.available = False
    with pytest.raises(LogUnavailableError):
        await service.check()
