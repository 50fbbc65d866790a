from pathlib import Path
from typing import Any

import pytest

from raw_folder import write_raw_folder
from solvent.cli.applications import read_bodies
from solvent.errors import TablesError
from solvent.tables.schemas import HISTORY_TABLES

APPLICATION: dict[str, Any] = {
    "NAME_CONTRACT_TYPE": "Cash loans",
    "AMT_INCOME_TOTAL": 1000.5,
    "AMT_CREDIT": 2000,
    "DAYS_BIRTH": -12000,
}
TRAIN = {**APPLICATION, "SK_ID_CURR": 1, "TARGET": 1}
TABLES: dict[str, list[dict[str, Any]]] = {
    "application_train": [TRAIN],
    "application_test": [{**APPLICATION, "SK_ID_CURR": 2}, {**APPLICATION, "SK_ID_CURR": 3}],
    "bureau": [{"SK_ID_CURR": 2, "SK_ID_BUREAU": 20, "DAYS_CREDIT": -5}, {"SK_ID_CURR": 1, "SK_ID_BUREAU": 10}],
    "bureau_balance": [{"SK_ID_BUREAU": 20, "MONTHS_BALANCE": -1, "STATUS": "C"}, {"SK_ID_BUREAU": 10}],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_raw_folder(tmp_path / "tables", TABLES)


def test_nests_the_history_of_a_client_in_its_application(data: Path) -> None:
    bodies = {body["SK_ID_CURR"]: body for body in read_bodies(data, 2, seed=0)}
    empty: dict[str, list[Any]] = {name: [] for name in HISTORY_TABLES}
    assert bodies == {
        2: {
            **APPLICATION,
            "SK_ID_CURR": 2,
            **empty,
            "bureau": [{"SK_ID_BUREAU": 20, "DAYS_CREDIT": -5}],
            "bureau_balance": [{"SK_ID_BUREAU": 20, "MONTHS_BALANCE": -1, "STATUS": "C"}],
        },
        3: {**APPLICATION, "SK_ID_CURR": 3, **empty},
    }


def test_gives_whole_numbers_without_a_fraction(data: Path) -> None:
    body = next(read_bodies(data, 1, seed=0))
    assert isinstance(body["DAYS_BIRTH"], int)
    assert isinstance(body["AMT_CREDIT"], float)


def test_begins_again_when_more_are_wanted_than_there_are(data: Path) -> None:
    clients = [body["SK_ID_CURR"] for body in read_bodies(data, 5, seed=0)]
    assert clients[:2] == clients[2:4]
    assert clients[4] == clients[0]


def test_takes_train_where_there_is_no_test_and_leaves_the_outcome_out(tmp_path: Path) -> None:
    data = write_raw_folder(tmp_path / "train", TABLES, without=("application_test", "bureau_balance"))
    (body,) = read_bodies(data, 1, seed=0)
    assert body["SK_ID_CURR"] == 1
    assert "TARGET" not in body
    assert "bureau_balance" not in body


def test_orders_clients_by_the_seed(tmp_path: Path) -> None:
    many = [{**APPLICATION, "SK_ID_CURR": number} for number in range(100)]
    data = write_raw_folder(tmp_path / "many", {"application_test": many})
    orders = [[body["SK_ID_CURR"] for body in read_bodies(data, 100, seed=seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(100))


def test_refuses_a_folder_without_a_client(tmp_path: Path) -> None:
    data = write_raw_folder(tmp_path / "empty", {})
    with pytest.raises(TablesError, match="application_test holds no client"):
        next(read_bodies(data, 1, seed=0))
