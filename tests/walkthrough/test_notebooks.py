from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output_and_holds_no_logic(path: Path) -> None:
    notebook = nbformat.reads(path.read_text(), as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert [cell.id for cell in code if "def " in cell.source or "class " in cell.source] == []
    assert any("from solvent." in cell.source for cell in code)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(
    path: Path, small_lender: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_FOLDER", str(small_lender / "world"))
    monkeypatch.setenv("BUNDLE_FOLDER", str(small_lender / "bundle"))
    monkeypatch.setenv("OUT_FOLDER", str(tmp_path))
    notebook = nbformat.reads(path.read_text(), as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = {cell.id: str(cell.outputs[0].get("data", {}).get("text/plain", "")) for cell in notebook.cells
             if cell.cell_type == "code" and cell.outputs}  # fmt: skip
    assert shown
    if path.stem == "04_drift_analysis":
        assert shown["cell-04"].startswith("(False, 0.0")
        assert shown["cell-06"].startswith("(True, 0.")


def test_there_are_the_four_notebooks_that_the_readme_names() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_modelling_with_mlflow",
        "02_production_model",
        "03_bundle_loading",
        "04_drift_analysis",
    ]
