import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pytest

from solvent.errors import WorldError
from solvent.world.drawing.marginals import Coded, Table
from solvent.world.fidelity.figures import Figure
from solvent.world.fidelity.measured import load_measured
from solvent.world.fidelity.relations import compare_relations
from solvent.world.fidelity.report import FidelityReport, judge_folder, report_lines
from solvent.world.making import WorldSummary


@pytest.fixture(scope="module")
def judged(small_world: tuple[Path, WorldSummary]) -> FidelityReport:
    return judge_folder(small_world[0])


def _coded(*texts: str) -> Coded:
    labels = tuple(dict.fromkeys(texts))
    return Coded(np.array([labels.index(text) for text in texts]), labels)


def _figure(report: FidelityReport, name: str) -> Figure:
    return next(figure for figure in report.figures if figure.name == name)


def _change(folder: Path, column: str, change: Callable[[pa.ChunkedArray], pa.Array]) -> None:
    for part in ("application_train", "application_test"):
        table = pyarrow.parquet.read_table(folder / f"{part}.parquet")
        at = table.column_names.index(column)
        changed = table.set_column(at, column, change(table[column]))
        pyarrow.parquet.write_table(changed, folder / f"{part}.parquet")


@pytest.mark.slow
def test_a_planted_fault_is_found_by_name_and_the_rest_of_the_report_stays(
    small_world: tuple[Path, WorldSummary], judged: FidelityReport, tmp_path: Path
) -> None:
    folder = tmp_path / "faulty"
    shutil.copytree(small_world[0], folder)
    _change(folder, "AMT_INCOME_TOTAL", lambda column: pa.compute.multiply(column, 1000.0))
    _change(folder, "EXT_SOURCE_2", lambda column: pa.nulls(len(column), pa.float64()))
    faulty = judge_folder(folder)
    distance = _figure(faulty, "application: KS distance of numeric columns")
    missing = _figure(faulty, "application: missing share")
    assert (distance.worst[0].name, round(distance.value, 1)) == ("AMT_INCOME_TOTAL", 1.0)
    assert (missing.worst[0].name, round(missing.value, 2)) == ("EXT_SOURCE_2", 1.0)
    assert _figure(faulty, "bureau: missing share") == _figure(judged, "bureau: missing share")


def test_every_published_part_has_its_figure(judged: FidelityReport) -> None:
    measured = load_measured().content
    assert _figure(judged, "application: relations").compared == len(measured["relations"])
    assert _figure(judged, "application: missing share").compared == len(measured["application"]["columns"])
    assert _figure(judged, "client aggregates: missing share").compared == len(measured["client"]["columns"])
    for table, part in measured["tables"].items():
        assert _figure(judged, f"{table}: missing share").compared == len(part["columns"]) + len(part["derived"])


def test_the_default_rate_is_that_of_the_drawn_outcomes_and_the_truth_has_its_own_figure(
    small_world: tuple[Path, WorldSummary], judged: FidelityReport
) -> None:
    drawn = pyarrow.parquet.read_table(small_world[0] / "application_train.parquet")
    truth = pyarrow.parquet.read_table(small_world[0] / "truth.parquet")
    labelled = np.isin(truth["SK_ID_CURR"].to_numpy(), drawn["SK_ID_CURR"].to_numpy())
    assert _figure(judged, "default rate").worst[0].world == pytest.approx(drawn["TARGET"].to_numpy().mean())
    assert _figure(judged, "mean true probability").worst[0].world == pytest.approx(
        truth["true_probability_default"].to_numpy()[labelled].mean()
    )


def test_lines_count_the_groups_that_too_few_real_rows_show(judged: FidelityReport) -> None:
    transitions = _figure(judged, "bureau_balance: monthly transitions")
    assert 0 < transitions.left_out < 8
    assert transitions.compared == 8 * (8 - transitions.left_out)
    left_out = next(line for line in report_lines(judged) if line.startswith("left out"))
    assert f"{transitions.left_out} in bureau_balance: monthly transitions" in left_out


def test_lines_mark_missed_goals_and_name_the_worst_columns(judged: FidelityReport) -> None:
    lines = list(report_lines(judged))
    assert sum(line.startswith("MISSED") for line in lines) == len(judged.missed)
    for figure in judged.missed:
        assert any(line.strip().startswith(f"{figure.worst[0].difference:.4f}") for line in lines)


def test_the_report_is_json(small_world: tuple[Path, WorldSummary], judged: FidelityReport) -> None:
    read = json.loads(json.dumps(judged.to_json()))
    assert (read["clients"], len(read["figures"])) == (small_world[1].rows["application_train"], len(judged.figures))


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="holds no application_train"):
        judge_folder(tmp_path)


def test_a_relation_is_the_share_of_the_rows_it_applies_to() -> None:
    measured = load_measured()
    content = {**measured.content, "relations": [["ORGANIZATION_TYPE is XNA, given employed", 0.0]]}
    table: Table = {
        "DAYS_EMPLOYED": np.array([-5.0, -9.0, 365243.0]),
        "ORGANIZATION_TYPE": _coded("XNA", "Bank", "XNA"),
    }
    assert compare_relations(table, type(measured)(content))[0].world == 0.5


def test_a_published_relation_that_nobody_knows_is_refused() -> None:
    measured = load_measured()
    content = {**measured.content, "relations": [["the moon is round", 1.0]]}
    with pytest.raises(WorldError, match="no rule is known"):
        compare_relations({}, type(measured)(content))
