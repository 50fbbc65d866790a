"""The whole way through the house, on a small simulated lender: from seven raw tables to a recorded decision."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import lightgbm
import numpy as np
import pyarrow.parquet
import pytest
from sklearn.metrics import roc_auc_score

from solvent.bootstrap import build_service, load_model
from solvent.bundle.files import read_bundle
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.domain.records import StoredHistory
from solvent.errors import TrainingError
from solvent.features.ibis_engine import BatchEngine
from solvent.scoring.model import Model
from solvent.scoring.portfolio import score_portfolio
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.tables.reading import open_tables
from solvent.tables.schemas import HISTORY_TABLES
from solvent.training.run import TrainingRequest, train
from solvent.world.making import WorldRequest, make_world

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lender:
    """A folder of tables, and a model trained on it."""

    data: Path
    bundle: Path
    model: Model


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Lender:
    folder = tmp_path_factory.mktemp("lender")
    make_world(folder / "data", WorldRequest(clients=3_000, seed=11, file_format="parquet"))
    train(TrainingRequest(folder / "data", folder / "bundle", seed=1))
    return Lender(folder / "data", folder / "bundle", load_model(folder / "bundle"))


def read_client(data: Path, client: int) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """One client's application and history rows, as a caller would send them."""

    def read(query: str) -> list[dict[str, Any]]:
        cursor = duckdb.connect().execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in cursor.fetchall()
        ]

    history = {
        name: read(f"SELECT * FROM '{data}/{name}.parquet' WHERE SK_ID_CURR = {client}")
        for name in HISTORY_TABLES
        if name != "bureau_balance"
    }
    loans = [row["SK_ID_BUREAU"] for row in history["bureau"]] or [0]
    months = f"SELECT * FROM '{data}/bureau_balance.parquet' WHERE SK_ID_BUREAU IN ({', '.join(map(str, loans))})"
    history["bureau_balance"] = read(months)
    return read(f"SELECT * FROM '{data}/application_test.parquet' WHERE SK_ID_CURR = {client}")[0], history


def first_clients(data: Path, count: int) -> list[int]:
    query = f"SELECT SK_ID_CURR FROM '{data}/application_test.parquet' ORDER BY 1 LIMIT {count}"
    return [row[0] for row in duckdb.connect().execute(query).fetchall()]


def context() -> RequestContext:
    return RequestContext(new_request_id(), datetime.now(UTC), time.perf_counter_ns(), "/predict")


@pytest.fixture(scope="module")
def scores(lender: Lender, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[float, str]]:
    out = tmp_path_factory.mktemp("scores") / "scores.parquet"
    score_portfolio(lender.model, lender.data, out)
    table = pyarrow.parquet.read_table(out).to_pydict()
    return {
        client: (probability, decision)
        for client, probability, decision in zip(
            table["SK_ID_CURR"], table["probability_default"], table["decision"], strict=True
        )
    }


@pytest.mark.postgres
@pytest.mark.anyio
async def test_a_client_gets_one_answer_whichever_way_it_comes_in(
    lender: Lender,
    scores: dict[int, tuple[float, str]],
    postgres_log: PostgresDecisionLog,
    rows: Callable[[str], list[tuple[Any, ...]]],
) -> None:
    service = build_service(lender.model, postgres_log)
    await service.start()
    clients = first_clients(lender.data, 20)
    with open_tables(lender.data) as tables:
        histories = dict(BatchEngine(lender.model.bundle.program, tables).read_histories())
    digest = lender.model.bundle.program.digest
    await postgres_log.store_histories([StoredHistory(c, digest, histories[c].to_bytes()) for c in clients])
    for client in clients:
        application, history = read_client(lender.data, client)
        nested = json.loads((await service.decide({**application, **history}, context())).answer)
        stored = json.loads((await service.decide(application, context())).answer)
        assert nested["history_source"] == "request"
        assert stored["history_source"] == "stored"
        assert stored["probability_default"] == nested["probability_default"] == scores[client][0]
        assert stored["decision"] == nested["decision"] == scores[client][1]
    recorded = rows("SELECT client_id, prediction_proba FROM predictions ORDER BY client_id, timestamp")
    assert recorded == [(client, scores[client][0]) for client in clients for _ in range(2)]
    kept = rows("SELECT client_id, stored_history FROM decision_payloads WHERE stored_history IS NOT NULL ORDER BY 1")
    assert kept == [(client, histories[client].to_bytes()) for client in clients]


def test_no_feature_of_the_model_reads_a_forbidden_column(lender: Lender) -> None:
    sources = {source for feature in lender.model.bundle.program.features for source in feature.sources}
    assert sources.isdisjoint({f"application.{name}" for name in FORBIDDEN_COLUMNS})
    assert {source.partition(".")[0] for source in sources} == {"application", *HISTORY_TABLES}


def test_marital_status_cannot_be_read_off_the_features(lender: Lender) -> None:
    with open_tables(lender.data) as tables:
        matrix = BatchEngine(lender.model.bundle.program, tables).read_matrix()
        statuses = tables.connection.execute(
            "SELECT NAME_FAMILY_STATUS FROM application ORDER BY SK_ID_CURR"
        ).fetchall()
    is_couple = np.array([status in ("Married", "Civil marriage") for (status,) in statuses])
    learner = lightgbm.LGBMClassifier(n_estimators=100, num_leaves=7, verbose=-1, n_jobs=1)
    learner.fit(matrix.values[:1500].astype(np.float64), is_couple[:1500])
    guesses = learner.predict_proba(matrix.values[1500:].astype(np.float64))[:, 1]
    # With family members among the features this is 1.00.
    assert roc_auc_score(is_couple[1500:], guesses) < 0.8


def test_the_model_knows_more_than_chance_and_less_than_the_truth(
    lender: Lender, scores: dict[int, tuple[float, str]]
) -> None:
    truth = pyarrow.parquet.read_table(lender.data / "truth.parquet").to_pydict()
    tested = set(first_clients(lender.data, 3_000))
    rows = [position for position, client in enumerate(truth["SK_ID_CURR"]) if client in tested]
    defaulted = [truth["defaulted"][row] for row in rows]
    auc_of_truth = roc_auc_score(defaulted, [truth["true_probability_default"][row] for row in rows])
    auc_of_model = roc_auc_score(defaulted, [scores[truth["SK_ID_CURR"][row]][0] for row in rows])
    assert 0.55 < auc_of_model < auc_of_truth


def test_mean_probability_is_near_the_true_default_rate(lender: Lender, scores: dict[int, tuple[float, str]]) -> None:
    truth = pyarrow.parquet.read_table(lender.data / "truth.parquet").to_pydict()
    mean = np.mean([probability for probability, _ in scores.values()])
    assert abs(mean - np.mean(truth["true_probability_default"])) < 0.02


def test_training_twice_gives_the_same_files(lender: Lender, tmp_path: Path) -> None:
    train(TrainingRequest(lender.data, tmp_path / "again", seed=1))
    assert read_bundle(tmp_path / "again").manifest.files == lender.model.bundle.manifest.files


def test_training_names_the_tables_that_are_missing(lender: Lender, tmp_path: Path) -> None:
    partial = tmp_path / "partial"
    partial.mkdir()
    (partial / "application_train.parquet").symlink_to(lender.data / "application_train.parquet")
    with pytest.raises(TrainingError, match=r"lacks bureau, .*credit_card_balance"):
        train(TrainingRequest(partial, tmp_path / "bundle"))
    assert not (tmp_path / "bundle").exists()
