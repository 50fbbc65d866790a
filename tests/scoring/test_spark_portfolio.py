from pathlib import Path

import pyarrow.parquet
import pytest

from raw_folder import write_raw_folder
from solvent.bootstrap import load_model
from solvent.scoring.portfolio import score_portfolio
from solvent.scoring.spark_portfolio import score_portfolio_on_spark
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]


def test_spark_decides_as_one_machine_does(tiny_bundle: Path, tmp_path: Path) -> None:
    tables = {"application_train": [{**RISKY, "TARGET": 1}], "application_test": [SAFE], "bureau": BUREAU_ROWS}
    data, model = write_raw_folder(tmp_path / "tables", tables), load_model(tiny_bundle)
    here = score_portfolio(model, data, tmp_path / "here.parquet")
    there = score_portfolio_on_spark(model, data, tmp_path / "there.parquet", master="local[2]")
    assert there == here
    assert pyarrow.parquet.read_table(tmp_path / "there.parquet").equals(
        pyarrow.parquet.read_table(tmp_path / "here.parquet")
    )
