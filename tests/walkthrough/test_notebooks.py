import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output_and_holds_no_logic(path: Path) -> None:
    code = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    sources = {cell["id"]: "".join(cell["source"]) for cell in code}
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell for cell, source in sources.items() if "def " in source or "class " in source] == []
    assert any("from solvent." in source for source in sources.values())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(
    path: Path, small_lender: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbformat  # noqa: PLC0415 - takes seconds, which every run of the fast tests would pay
    from nbclient import NotebookClient  # noqa: PLC0415

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
