from pathlib import Path

from solvent.api.limits import list_limits, render_limits

ROOT = Path(__file__).parents[2]


def test_the_page_shows_the_table_as_the_code_has_it() -> None:
    assert render_limits() in (ROOT / "docs" / "limits.md").read_text()


def test_every_limit_is_reached_by_a_test_that_exists() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [one.test for one in list_limits() if f"def {one.test}(" not in tests] == []


def test_no_limit_stands_twice() -> None:
    names = [one.name for one in list_limits()]
    assert len(set(names)) == len(names)
