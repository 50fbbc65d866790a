"""Decisions recomputed from what the log kept, to the last bit (RELIABILITY.md, T-15)."""

import asyncio
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest

from solvent.bootstrap import build_service, restore_model
from solvent.bundle.recorded import render_deciding_files, restore_bundle
from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.reading.recorded import count_decisions, find_decision, read_decisions
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision
from solvent.domain.records import RecordedDecision, StoredHistory
from solvent.errors import ApplicationError, BundleError, DecisionLogError
from solvent.scoring.explanation import explain
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.replay import ReplaySummary, find_differences, replay_all
from solvent.scoring.service import RequestContext
from solvent.scoring.what_if import score_again
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

REQUESTS: tuple[dict[str, Any], ...] = (
    SAFE,
    RISKY,
    {**SAFE, "bureau": BUREAU_ROWS},
    {**SAFE, "SK_ID_CURR": 100003},
    {**SAFE, "NAME_HOUSING_TYPE": "Castle", "EXT_SOURCE_2": None, "AMT_CREDIT": 450000.1},
)
"""An approval, a refusal, history in the request, history in the store, an unknown category with a missing value."""


async def decide(log: PostgresDecisionLog, model: Model, requests: Sequence[dict[str, Any]] = REQUESTS) -> list[UUID]:
    service = build_service(model, log)
    await service.start()
    history = model.engine.reduce_history({"bureau": BUREAU_ROWS}).to_bytes()
    await log.store_histories([StoredHistory(100003, model.bundle.program.digest, history)])
    ids = [new_request_id() for _ in requests]
    for request_id, request in zip(ids, requests, strict=True):
        context = RequestContext(request_id, datetime.now(UTC), time.perf_counter_ns(), "/predict")
        await service.decide(request, context)
    return ids


def read(url: str, request_id: UUID) -> RecordedDecision:
    with connect_sync(url, application_name="test") as connection:
        found = find_decision(connection, request_id)
    assert found is not None
    return found


async def test_every_way_of_deciding_comes_out_to_the_last_bit(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    await decide(postgres_log, model)
    summary = ReplaySummary()
    looked_at: list[int] = []
    with connect_sync(database_url, application_name="test") as connection:
        assert count_decisions(connection) == {model.version: 5}
        restored = restore_model(connection, model.version)
        replay_all(read_decisions(connection, model.version), restored, summary, tell=looked_at.append)
    assert summary == ReplaySummary(replayed=5)
    assert looked_at == [1, 2, 3, 4, 5]


@pytest.mark.slow
async def test_five_thousand_decisions_come_out_to_the_last_bit(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    random = np.random.default_rng(20261123)
    requests = [
        {**REQUESTS[number % 5], "AMT_CREDIT": float(credit), "AMT_INCOME_TOTAL": float(income)}
        for number, (credit, income) in enumerate(random.uniform(3e4, 3e6, (5_000, 2)))
    ]
    await asyncio.gather(*(decide(postgres_log, model, requests[start::32]) for start in range(32)))
    summary = ReplaySummary()
    with connect_sync(database_url, application_name="test") as connection:
        replay_all(read_decisions(connection, model.version), restore_model(connection, model.version), summary)
    assert summary == ReplaySummary(replayed=5_000)


async def test_histories_are_those_of_the_decision_and_not_of_today(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    ids = await decide(postgres_log, model)
    other = model.engine.reduce_history({"bureau": BUREAU_ROWS[:1]}).to_bytes()
    await postgres_log.store_histories([StoredHistory(100003, model.bundle.program.digest, other)])
    stored = read(database_url, ids[3])
    assert stored.history_source == "stored"
    assert find_differences(stored, model) == ()


async def test_erased_decisions_are_counted_and_left_out(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    await decide(postgres_log, model)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM decision_payloads WHERE client_id = 100002")
    summary = ReplaySummary()
    with connect_sync(database_url, application_name="test") as connection:
        replay_all(read_decisions(connection, model.version), model, summary)
    assert (summary.replayed, summary.erased, summary.different) == (4, 1, 0)


def one_bit_up(number: float) -> float:
    return float(struct.unpack("<d", struct.pack("<q", struct.unpack("<q", struct.pack("<d", number))[0] + 1))[0])


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("score", lambda recorded: one_bit_up(recorded.score)),
        ("prediction_proba", lambda recorded: one_bit_up(recorded.prediction_proba)),
        ("decision_threshold", lambda recorded: one_bit_up(recorded.decision_threshold)),
        ("decision", lambda _: "approve"),
        ("confidence_level", lambda _: "LOW"),
        ("reasons", lambda recorded: recorded.reasons[::-1]),
        ("features", lambda recorded: recorded.features[:-1] + b"\x00"),
        ("top_numbers", lambda recorded: (0.5, *recorded.top_numbers[1:])),
        ("top_categories", lambda recorded: ("x", *recorded.top_categories[1:])),
        ("model_digest", lambda _: bytes(32)),
    ],
)
async def test_names_what_does_not_come_out_as_recorded(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model, column: str, other: Any
) -> None:
    refusal = read(database_url, (await decide(postgres_log, model))[1])
    assert find_differences(refusal, model) == ()
    changed = replace(refusal, **{column: other(refusal)})
    assert find_differences(changed, model) == (column,)
    summary = ReplaySummary()
    replay_all([refusal, changed], model, summary)
    assert (summary.replayed, summary.different) == (2, 1)
    assert summary.differences == [(str(refusal.request_id), (column,))]


async def test_another_input_gives_another_score(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    recorded = read(database_url, (await decide(postgres_log, model))[1])
    changed = replace(recorded, application={**(recorded.application or {}), "AMT_CREDIT": 200000.0})
    assert {"features", "score", "prediction_proba"} <= set(find_differences(changed, model))


async def test_a_refusal_is_explained_by_the_reasons_that_were_given_and_the_values_behind_them(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    recorded = read(database_url, (await decide(postgres_log, model))[1])
    explanation = explain(recorded, model)
    assert explanation.differences == ()
    assert tuple(reason.code for reason in explanation.reasons if reason.is_given) == recorded.reasons
    assert recorded.reasons[0] == explanation.reasons[0].code == "EXTERNAL_SCORE"
    (feature,) = explanation.reasons[0].features
    assert (feature.feature, feature.value) == ("external", 0.1)
    assert feature.sources == {"application.EXT_SOURCE_2": 0.1}
    total = (explanation.base or 0.0) + sum(reason.contribution for reason in explanation.reasons)
    assert total == pytest.approx(recorded.score, abs=1e-9)
    terms = next(reason for reason in explanation.reasons if reason.code == "LOAN_TERMS")
    assert terms.features[0].sources == {
        "application.AMT_CREDIT": 1800000.0,
        "application.AMT_INCOME_TOTAL": 200000.0,
    }


async def test_an_erased_decision_is_told_without_its_reasons(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    request_id = (await decide(postgres_log, model))[1]
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM decision_payloads")
    explanation = explain(read(database_url, request_id), model)
    assert explanation.is_erased
    assert (explanation.reasons, explanation.base) == ((), None)
    assert explanation.decision["decision"] == "refuse"
    assert explanation.decision["client_id"] is None


async def test_a_model_is_restored_from_the_log_alone_or_not_at_all(
    postgres_log: PostgresDecisionLog, database_url: str, model: Model
) -> None:
    await postgres_log.register_model(model.describe())
    with connect_sync(database_url, application_name="test") as connection:
        assert restore_model(connection, model.version).digest == model.digest
        with pytest.raises(DecisionLogError, match="holds no model of version 1999"):
            restore_model(connection, "1999")
        connection.execute("DELETE FROM model_files")
        with pytest.raises(BundleError, match=r"model\.txt is not the one that the manifest"):
            restore_model(connection, model.version)
        connection.rollback()


def test_a_restored_bundle_decides_with_the_same_bytes(model: Model) -> None:
    files = render_deciding_files(model.bundle)
    restored = restore_bundle(model.bundle.manifest.to_json(), files)
    assert render_deciding_files(restored) == files
    assert (restored.version, restored.digest, restored.directory) == (model.version, model.bundle.digest, Path())
    with pytest.raises(BundleError, match=r"policy\.json is not the one"):
        restore_bundle(model.bundle.manifest.to_json(), {**files, "policy.json": b"{}"})


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
