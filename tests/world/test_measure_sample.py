import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "measure_sample.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """Load the script, which stands outside the package; its `main` is not run."""
    specification = importlib.util.spec_from_file_location("measure_sample", TOOL)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["measure_sample"] = module
    specification.loader.exec_module(module)
    return module


def test_groups_with_enough_keep_their_own_share(tool: ModuleType) -> None:
    groups = np.repeat([0, 1], 100)
    shown = np.arange(200) % 100 < np.where(groups == 0, 30, 60)
    assert tool.share_by_group(shown, groups, 2) == [0.3, 0.6]


def test_a_thin_group_is_measured_with_its_neighbour(tool: ModuleType) -> None:
    groups = np.repeat([0, 1, 2], [100, 10, 100])
    shown = np.concatenate([np.arange(100) < 50, np.ones(10, dtype=np.bool_), np.arange(100) < 50])
    assert tool.share_by_group(shown, groups, 3) == [0.5, 0.55, 0.55]


def test_a_thin_last_group_joins_the_one_before(tool: ModuleType) -> None:
    groups = np.repeat([0, 1], [100, 10])
    shown = np.concatenate([np.arange(100) < 50, np.ones(10, dtype=np.bool_)])
    assert tool.share_by_group(shown, groups, 2) == [0.55, 0.55]


def test_what_fewer_than_25_show_has_no_shares(tool: ModuleType) -> None:
    values = np.repeat(["house", "office"], [200, 24])
    found = tool.shares_by_group(values, {"house": ("house",), "office": ("office",)}, np.arange(224) % 2, 2)
    assert found == {"house": [0.89, 0.89]}


def test_the_share_of_women_wants_enough_of_both_sexes(tool: ModuleType) -> None:
    woman = np.arange(200) % 2 == 0
    jobs = np.repeat(["clerk", "pilot", "driver"], [120, 40, 40])
    assert tool.share_of_women(woman, jobs, [("clerk",), ("pilot",), ("driver",)]) == {"clerk": 0.5}
    assert tool.share_of_women(woman, jobs, [("pilot", "driver")]) == {"pilot": 0.5, "driver": 0.5}


def test_the_shares_that_ship_are_rounded_to_hundredths_and_count_nobody() -> None:
    shares = json.loads((TOOL.parents[1] / "src/solvent/world/facts/sample_shares.json").read_text(encoding="utf-8"))
    by_age = [share for listed in shares["family_status"]["by_age"].values() for share in listed]
    lifts = [lift for listed in shares["organization_lift"].values() for lift in listed.values()]
    assert [round(share, 2) for share in by_age] == by_age
    assert [round(lift, 1) for lift in lifts] == lifts
    assert "rows" not in json.dumps(shares)
