"""What every decision log promises, whatever it is made of."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from log_examples import MODEL, make_submission

from solvent.decision_log.memory import MemoryDecisionLog
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.ports import DecisionLog
from solvent.domain.records import Receipt, StoredHistory
from solvent.errors import DecisionLogError, KeyReusedError

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def either_log(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[DecisionLog]:
    if request.param == "memory":
        yield MemoryDecisionLog()
    else:
        async with PostgresDecisionLog(request.getfixturevalue("database_url")) as log:
            yield log


async def test_returns_the_answer_of_a_new_submission(either_log: DecisionLog) -> None:
    receipt = await either_log.record(make_submission(1, answer=b"first"))
    assert receipt == Receipt(b"first", repeated=False)


async def test_a_repeat_with_the_same_key_and_body_gets_the_first_bytes(either_log: DecisionLog) -> None:
    await either_log.record(make_submission(1, answer=b"first", key="k1"))
    assert await either_log.record(make_submission(2, answer=b"second", key="k1")) == Receipt(b"first", repeated=True)


async def test_the_same_submission_twice_is_a_repeat(either_log: DecisionLog) -> None:
    submission = make_submission(1, answer=b"first", key="k1")
    assert not (await either_log.record(submission)).repeated
    assert (await either_log.record(submission)).repeated


async def test_a_key_that_comes_again_with_another_body_is_refused(either_log: DecisionLog) -> None:
    await either_log.record(make_submission(1, key="k1", body=b"one"))
    with pytest.raises(KeyReusedError, match="another body"):
        await either_log.record(make_submission(2, key="k1", body=b"two"))


async def test_keys_of_two_callers_are_apart(either_log: DecisionLog) -> None:
    await either_log.record(make_submission(1, answer=b"first", key="k1"))
    receipt = await either_log.record(make_submission(2, answer=b"second", key="k1", caller="other"))
    assert receipt == Receipt(b"second", repeated=False)


async def test_a_model_may_be_registered_twice(either_log: DecisionLog) -> None:
    await either_log.register_model(MODEL)
    await either_log.register_model(MODEL)


async def test_another_bundle_under_a_known_version_is_refused(either_log: DecisionLog) -> None:
    await either_log.register_model(MODEL)
    with pytest.raises(DecisionLogError, match=r"2026\.11\.1\+3fa9c1 is registered with another bundle"):
        await either_log.register_model(replace(MODEL, bundle_digest="c" * 64))


async def test_finds_the_latest_history_of_a_client_and_program(either_log: DecisionLog) -> None:
    await either_log.store_histories([StoredHistory(1, "p1", b"old"), StoredHistory(2, "p1", b"two")])
    await either_log.store_histories([StoredHistory(1, "p1", b"older"), StoredHistory(1, "p1", b"new")])
    assert await either_log.find_history(1, "p1") == StoredHistory(1, "p1", b"new")
    assert await either_log.find_history(2, "p1") == StoredHistory(2, "p1", b"two")
    assert await either_log.find_history(1, "p2") is None
    assert await either_log.find_histories((3, 2, 1, 2), "p1") == {
        1: StoredHistory(1, "p1", b"new"),
        2: StoredHistory(2, "p1", b"two"),
    }


async def test_an_open_log_passes_its_check(either_log: DecisionLog) -> None:
    await either_log.check()
