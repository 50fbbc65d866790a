import pytest
from log_examples import FAILURE, MODEL, make_submission

from solvent.decision_log.memory import MemoryDecisionLog
from solvent.errors import LogUnavailableError

pytestmark = pytest.mark.anyio


async def test_keeps_what_it_was_given_for_tests_to_look_at() -> None:
    log = MemoryDecisionLog()
    submission = make_submission(1)
    await log.record(submission)
    await log.record_failure(FAILURE)
    await log.register_model(MODEL)
    assert (log.submissions, log.failures) == ([submission], [FAILURE])
    assert log.models == {"2026.11.1+3fa9c1": MODEL}


async def test_plays_an_outage_until_it_is_available_again() -> None:
    log = MemoryDecisionLog()
    log.available = False
    with pytest.raises(LogUnavailableError):
        await log.record(make_submission(1))
    with pytest.raises(LogUnavailableError):
        await log.check()
    await log.record_failure(FAILURE)
    assert (log.submissions, log.failures, log.dropped_failures) == ([], [], 1)
    log.available = True
    assert (await log.record(make_submission(1))).repeated is False
