from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from solvent.dashboard.readying import SCRIPTS, find_script


def show_readying() -> None:
    from solvent.dashboard.readying import ready_charts  # noqa: PLC0415 - Streamlit runs the text of this function

    ready_charts()


def test_the_installed_release_has_one_script_that_draws_charts_and_the_page_asks_for_it() -> None:
    name = find_script(SCRIPTS)
    page = AppTest.from_function(show_readying, default_timeout=30).run()
    (tag,) = page.get("html")
    assert name is not None
    assert tag.proto.body == f'<script type="module" src="/static/js/{name}"></script>'


@pytest.mark.parametrize("names", [[], ["PlotlyChart.a.js", "PlotlyChart.b.js"]])
def test_a_release_that_names_it_otherwise_has_nothing_loaded(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert find_script(tmp_path) is None
