"""Serves the pages by Streamlit, with all that is slow to import there: the first visitor does not wait for it.

Run as `python -m solvent.dashboard.server OPTIONS`, whose options are those of `streamlit run`.
"""

import sys
from importlib import import_module
from pathlib import Path

import streamlit.web.cli

APP = Path(__file__).with_name("app.py")
SLOW = ("pandas", "pyarrow", "solvent.bootstrap", "solvent.dashboard.charts.activity", "solvent.dashboard.charts.risk")
"""What pages import and what takes three seconds on one core; the pages themselves need a running Streamlit."""


def warm_up() -> None:
    """Import what is slow, and draw a chart that nobody sees: Plotly loads what draws when it draws first."""
    for name in SLOW:
        import_module(name)
    import_module("plotly.subplots").make_subplots(rows=1, cols=2).to_json()


if __name__ == "__main__":
    warm_up()
    streamlit.web.cli.main(["run", str(APP), *sys.argv[1:]])
