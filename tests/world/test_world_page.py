from pathlib import Path

from solvent.world.events.scenarios import SCENARIOS
from solvent.world.writing import OUTCOME_COLUMNS, TRUTH_COLUMNS

PAGE = (Path(__file__).parents[2] / "docs" / "world.md").read_text(encoding="utf-8")


def test_the_page_lists_the_scenarios_as_they_are() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 6]
    assert rows == [
        f"| `{one.name}` | {one.summary} | {one.risk} | {', '.join(one.rings) or 'nothing'} "
        f"| {', '.join(one.may_ring) or 'nothing'} |"
        for one in SCENARIOS.values()
    ]


def test_the_page_names_every_column_of_the_truth() -> None:
    assert all(f"`{name}`" in PAGE for name, _ in (*TRUTH_COLUMNS, *OUTCOME_COLUMNS))
