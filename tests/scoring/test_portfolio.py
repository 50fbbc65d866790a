import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from raw_folder import write_raw_folder
from solvent.bootstrap import build_service, load_model
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.errors import TablesError
from solvent.scoring.model import Model
from solvent.scoring.portfolio import PortfolioSummary, score_portfolio
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.tables.schemas import HISTORY_TABLES
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

COLUMNS = ["SK_ID_CURR", "probability_default", "decision", "risk_level", "score", "threshold", "model_version"]
TABLES = {
    "application_train": [{**RISKY, "TARGET": 1}],
    "application_test": [SAFE],
    "bureau": BUREAU_ROWS,
}


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_raw_folder(tmp_path / "tables", TABLES)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


async def ask_service(model: Model, document: Mapping[str, Any]) -> dict[str, Any]:
    service = build_service(model, MemoryDecisionLog())
    await service.start()
    context = RequestContext(new_request_id(), datetime.now(UTC), 0, "/predict")
    answer: dict[str, Any] = json.loads((await service.decide(document, context)).answer)
    return answer


def test_writes_a_row_per_client_of_train_and_test(model: Model, data: Path, tmp_path: Path) -> None:
    summary = score_portfolio(model, data, tmp_path / "scores.csv")
    rows = read_csv(tmp_path / "scores.csv")
    assert summary == PortfolioSummary(2, 1, model.version, ())
    assert list(rows[0]) == COLUMNS
    assert [(row["SK_ID_CURR"], row["decision"], row["risk_level"]) for row in rows] == [
        ("100001", "approve", "LOW"),
        ("100002", "refuse", "HIGH"),
    ]
    assert {(row["threshold"], row["model_version"]) for row in rows} == {("0.3", model.version)}


@pytest.mark.anyio
async def test_gives_each_client_what_the_api_answers(model: Model, data: Path, tmp_path: Path) -> None:
    score_portfolio(model, data, tmp_path / "scores.csv")
    safe, risky = read_csv(tmp_path / "scores.csv")
    for row, document in ((safe, {**SAFE, "bureau": BUREAU_ROWS}), (risky, {**RISKY, "bureau": []})):
        answer = await ask_service(model, document)
        assert float(row["probability_default"]) == answer["probability_default"]
        assert row["decision"] == answer["decision"]
        assert row["risk_level"] == answer["risk_level"]


def test_writes_parquet_with_the_same_values(model: Model, data: Path, tmp_path: Path) -> None:
    score_portfolio(model, data, tmp_path / "scores.csv")
    score_portfolio(model, data, tmp_path / "scores.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "scores.parquet")
    assert table.column_names == COLUMNS
    assert [{name: str(value) for name, value in row.items()} for row in table.to_pylist()] == read_csv(
        tmp_path / "scores.csv"
    )


def test_says_that_there_was_no_history(model: Model, tmp_path: Path) -> None:
    data = write_raw_folder(tmp_path / "tables", TABLES, without=("application_train", *HISTORY_TABLES))
    summary = score_portfolio(model, data, tmp_path / "scores.csv")
    assert summary.missing_tables == HISTORY_TABLES
    assert not summary.has_history
    assert summary.clients == 1


@pytest.mark.anyio
async def test_scores_clients_without_history_as_the_api_does(model: Model, tmp_path: Path) -> None:
    data = write_raw_folder(tmp_path / "tables", TABLES, without=("application_train", *HISTORY_TABLES))
    score_portfolio(model, data, tmp_path / "scores.csv")
    (row,) = read_csv(tmp_path / "scores.csv")
    assert float(row["probability_default"]) == (await ask_service(model, SAFE))["probability_default"]


def test_names_a_single_missing_table(model: Model, tmp_path: Path) -> None:
    data = write_raw_folder(tmp_path / "tables", TABLES, without=("bureau_balance",))
    summary = score_portfolio(model, data, tmp_path / "scores.csv")
    assert summary.missing_tables == ("bureau_balance",)
    assert summary.has_history


def test_leaves_an_earlier_file_alone_when_the_tables_break(model: Model, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("earlier")
    with (data / "bureau.csv").open("a") as stream:
        stream.write("x\n")
    with pytest.raises(TablesError, match=r"bureau\.csv, line 5: SK_ID_CURR holds text"):
        score_portfolio(model, data, out)
    assert out.read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "tables"]


def test_leaves_nothing_when_the_file_cannot_be_written(model: Model, data: Path, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").mkdir()
    with pytest.raises(OSError, match="directory"):
        score_portfolio(model, data, tmp_path / "scores.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "tables"]


def test_tells_how_far_it_is(model: Model, data: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    score_portfolio(model, data, tmp_path / "scores.csv", progress=lambda what, share: heard.append((what, share)))
    assert heard[-1] == ("scoring", 0.0)
