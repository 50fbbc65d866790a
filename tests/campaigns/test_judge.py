import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    """The judge is a script's neighbour, outside the package."""
    path = Path(__file__).parents[2] / "benchmarks" / "judge.py"
    specification = importlib.util.spec_from_file_location("judge", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["judge"] = module
    specification.loader.exec_module(module)
    return module


JUDGE = _load()
TOLD = [JUDGE.Acknowledged("a", 1, "id-1"), JUDGE.Acknowledged("b", 2, "id-2"), JUDGE.Acknowledged("b", 2, "id-2")]
OTHER = JUDGE.Acknowledged("a", 1, "id-4")
KEPT = [JUDGE.Recorded(1, "id-1"), JUDGE.Recorded(2, "id-2"), JUDGE.Recorded(3, "id-3")]


def test_a_log_that_holds_every_answer_once_is_clean() -> None:
    verdict = JUDGE.judge(TOLD, KEPT)
    assert verdict == JUDGE.Verdict(lost=0, doubled=0, decided_twice=0, changed=0, foreign=0)
    assert verdict.is_clean


@pytest.mark.parametrize(
    ("told", "kept", "found"),
    [
        (TOLD, KEPT[1:], {"lost": 1}),
        (TOLD, [*KEPT, KEPT[0]], {"doubled": 1, "decided_twice": 1}),
        (TOLD, [*KEPT, JUDGE.Recorded(3, "id-4")], {"decided_twice": 1}),
        ([*TOLD, OTHER], [*KEPT, JUDGE.Recorded(1, "id-4")], {"decided_twice": 1, "changed": 1}),
        ([*TOLD, OTHER], KEPT, {"lost": 1, "changed": 1}),
        (TOLD, [JUDGE.Recorded(2, "id-1"), JUDGE.Recorded(1, "id-2")], {"foreign": 3}),
        (TOLD, [], {"lost": 2}),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_counted(told: list[object], kept: list[object], found: dict[str, int]) -> None:
    verdict = JUDGE.judge(told, kept)
    none = {"lost": 0, "doubled": 0, "decided_twice": 0, "changed": 0, "foreign": 0}
    assert verdict == JUDGE.Verdict(**{**none, **found})
    assert not verdict.is_clean
