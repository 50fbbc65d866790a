"""Has the browser load what draws charts while its reader still looks at a page without one (decision 55)."""

from functools import lru_cache
from html import escape
from pathlib import Path

import streamlit as st

SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"
DRAWS_CHARTS = "PlotlyChart.*.js"
"""Streamlit's own: 4.7 MB that take a browser one to two seconds, and that a page asks for when it has a chart."""


def ready_charts() -> None:
    """Let the page, once sent, load the script; does nothing where Streamlit names it in another way."""
    name = find_script(SCRIPTS)
    if name is not None:
        base = str(st.get_option("server.baseUrlPath") or "").strip("/")
        folder = f"/{base}/static/js" if base else "/static/js"
        st.html(f'<script type="module" src="{escape(f"{folder}/{name}")}"></script>', unsafe_allow_javascript=True)


@lru_cache(maxsize=1)
def find_script(folder: Path) -> str | None:
    """The name of the script, which holds a digest of the release; None if there is none or more than one."""
    found = [path.name for path in folder.glob(DRAWS_CHARTS)]
    return found[0] if len(found) == 1 else None
