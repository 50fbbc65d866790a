"""The page on a trained model says what its evaluation says, and no other document names such figures."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")} - {ROOT / "docs" / "model.md"})
STATED = re.compile(r"\b(?:AUC|ECE|Gini)\b[^|\n.]{0,30}?\b0?\.\d{3,}")


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("model_page", ROOT / "tools" / "model_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_its_evaluation_renders_to() -> None:
    document = (ROOT / "docs" / "model_evaluation.json").read_bytes()
    assert (ROOT / "docs" / "model.md").read_text(encoding="utf-8") == load_tool().render_page(document)


def test_the_model_of_the_page_reads_features_that_the_catalogue_has() -> None:
    importance = json.loads((ROOT / "docs" / "model_evaluation.json").read_bytes())["evaluation"]["importance"]
    catalogue = {one.name for one in build_program(FORBIDDEN_COLUMNS).features}
    assert importance
    assert {one["feature"] for one in importance} <= catalogue


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_figures_of_a_trained_model_stand_on_its_page_alone(document: Path) -> None:
    stated = {match[0] for match in STATED.finditer(document.read_text(encoding="utf-8"))}
    known = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    assert {text for text in stated if re.findall(r"\.\d{3,}", text)[-1] not in known} == set()
