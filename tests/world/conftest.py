"""One small world for the tests of this room: 1,500 clients of seed 11, as Parquet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

from solvent.world.blocks import Lender, build_lender
from solvent.world.making import WorldRequest, WorldSummary, make_world

Columns = dict[str, NDArray[Any]]


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WorldSummary]:
    """The folder of the small world, and its summary."""
    folder = tmp_path_factory.mktemp("worlds") / "small"
    return folder, make_world(folder, WorldRequest(clients=1500, seed=11, file_format="parquet"))


@pytest.fixture(scope="session")
def lender() -> Lender:
    """Everything that is fitted before a world is drawn."""
    return build_lender()


@pytest.fixture(scope="session")
def read(small_world: tuple[Path, WorldSummary]) -> Callable[[str], Columns]:
    """Read one table of the small world as numpy columns: missing numbers are NaN, missing texts None."""
    folder, _ = small_world

    def columns(name: str) -> Columns:
        table = pyarrow.parquet.read_table(folder / f"{name}.parquet")
        return {column: table.column(column).to_numpy() for column in table.column_names}

    return columns


@pytest.fixture(scope="session")
def applications(read: Callable[[str], Columns]) -> Columns:
    """The applications of train and test together, without TARGET, sorted by SK_ID_CURR."""
    train, test = read("application_train"), read("application_test")
    joined = {name: np.concatenate([train[name], test[name]]) for name in test}
    order = np.argsort(joined["SK_ID_CURR"])
    return {name: values[order] for name, values in joined.items()}
