"""Serves the pages by Streamlit, with all that is slow to load there: the first visitor does not wait for it.

Run as `python -m solvent.dashboard.server OPTIONS`, whose options are those of `streamlit run`.
"""

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import streamlit.web.cli

from solvent.dashboard.recorded_models import load_model_in_force
from solvent.errors import SolventError
from solvent.settings import read_settings

APP = Path(__file__).with_name("app.py")
SLOW = ("pandas", "pyarrow", "solvent.dashboard.charts.activity", "solvent.dashboard.charts.risk")
"""What pages import and what takes seconds on one core; the pages themselves need a running Streamlit."""


def warm_up() -> None:
    """Import what is slow, draw a chart that nobody sees, since Plotly loads what draws then, and restore the model."""
    for name in SLOW:
        import_module(name)
    import_module("plotly.subplots").make_subplots(rows=1, cols=2).to_json()
    url = read_settings().database_url
    if url is not None:
        with suppress(SolventError):  # the pages say what is wrong
            load_model_in_force(url.get_secret_value())


if __name__ == "__main__":
    warm_up()
    streamlit.web.cli.main(["run", str(APP), *sys.argv[1:]])
