"""The blocks that pages are built of: a figure with its note and download, a state without data, plain text."""

import csv
import html
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from solvent.dashboard.charts.theme import localise
from solvent.dashboard.numbers import format_count, format_hour
from solvent.dashboard.texts import common
from solvent.dashboard.texts.language import Text
from solvent.dashboard.visit import Visit
from solvent.decision_log.figures.questions import Scope
from solvent.errors import AlteredLogError, BundleError, SolventError

TRAFFIC_COMMAND = "solvent traffic --num-predictions 100"
DATABASE_COMMAND = "solvent db check"
VERIFY_COMMAND = "solvent ledger verify"
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]()<>#+-.!|$~:"})
_ADDRESS = re.compile("http|www|@", re.IGNORECASE)
"""https://github.github.com/gfm/#autolinks-extension-"""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """Figures as rows, for the eye and for download."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Note:
    """How a figure was computed; `interval` says what is uncertain about it."""

    query: str
    count: int
    scope: Scope | None = None
    interval: str = ""


def plain(text: str) -> str:
    """A stored text as Markdown that shows it and does nothing else."""
    return _without_addresses(text.replace("&", "&amp;").translate(_MARKS))


def plain_with_code(text: str) -> str:
    """The same, but with what stands between two backticks as code, which Markdown takes for nothing else either."""
    parts = text.replace("\n", " ").split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(f"`{part}`" if place % 2 and part.strip() else plain(part) for place, part in enumerate(parts))


def plain_label(text: str) -> str:
    """A stored text as a label of a chart, which would take tags for formatting."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_links(text: str) -> str:
    """A stored Markdown document without what would fetch or lead anywhere: images, links, tags."""
    # Entities: a backslash before "[" could itself stand behind one of the text.
    return _without_addresses(text.replace("&", "&amp;").replace("<", "&lt;").replace("[", "&#91;"))


def _without_addresses(text: str) -> str:
    """Part what GitHub's Markdown makes a link of wherever it stands in plain text, escaped or not."""
    return _ADDRESS.sub("\\g<0>\u200b", text)


def to_csv(table: Table) -> bytes:
    """Rows as CSV in UTF-8; a text that a spreadsheet would run as a formula is quoted by an apostrophe."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.columns)
    writer.writerows([[_harmless(value) for value in row] for row in table.rows])
    return buffer.getvalue().encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


@contextmanager
def card(visit: Visit, title: Text) -> Iterator[None]:
    """A framed block with a heading."""
    with st.container(border=True):
        st.subheader(visit.say(title), anchor=False)
        yield


def show_chart(visit: Visit, figure: go.Figure, *, alt: str, key: str) -> None:
    """Draw a chart with numbers and dates of the language; `alt` is what a screen reader says."""
    localise(figure, visit.language)
    st.plotly_chart(figure, theme=None, key=key, alt=alt, config={"displaylogo": False, "displayModeBar": False})


def show_table(visit: Visit, table: Table, headings: dict[str, Text]) -> None:
    """Show rows under headings in the language of the visit."""
    names = [visit.say(headings[column]) if column in headings else column for column in table.columns]
    columns = {name: _without_none([row[place] for row in table.rows]) for place, name in enumerate(names)}
    st.dataframe(columns, hide_index=True, width="stretch")


def _without_none(values: Sequence[object]) -> Sequence[object]:
    """Texts that are missing as empty ones: the table would write "None"."""
    return (
        ["" if value is None else value for value in values] if any(isinstance(one, str) for one in values) else values
    )


def show_note(visit: Visit, note: Note, table: Table) -> None:
    """Offer how the figure was computed, and its rows as CSV."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        with st.popover(visit.say(common.HOW), type="tertiary", icon=":material/function:"):
            _explain(visit, note)
        st.download_button(
            visit.say(common.CSV),
            to_csv(table),
            file_name=f"solvent-{table.name}.csv",
            mime="text/csv",
            help=visit.say(common.CSV_HELP),
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            key=f"csv_{table.name}",
        )


def _explain(visit: Visit, note: Note) -> None:
    if note.scope is not None:
        start, end = (format_hour(moment, visit.language) for moment in (note.scope.start, note.scope.end))
        st.markdown(visit.say(common.HOW_WINDOW, start=start, end=end))
    st.markdown(visit.say(common.HOW_COUNT, count=format_count(note.count, visit.language)))
    st.markdown(note.interval or visit.say(common.HOW_EXACT))
    st.code(note.query, language=None, wrap_lines=True)


def show_remedy(sentence: str, command: str) -> None:
    """Say what is missing, and the command that brings it."""
    st.markdown(sentence)
    show_command(command)


def show_command(command: str) -> None:
    """A command or an address of ours, which a click selects; `st.code` would load 1.6 MB to colour it."""
    st.markdown(f"`{command}`")


def show_empty_window(visit: Visit) -> None:
    """Say that the window holds no decision."""
    with st.container(border=True):
        show_remedy(visit.say(common.EMPTY_WINDOW), TRAFFIC_COMMAND)


def sandboxed(document: str) -> str:
    """A stored HTML document in a frame of its own origin: its scripts reach neither this page nor any address."""
    policy = (
        "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:"
    )
    guarded = f'<meta http-equiv="Content-Security-Policy" content="{policy}">{document}'
    style = "border:0;width:100%;height:98vh"
    return f'<iframe sandbox="allow-scripts" title="report" style="{style}" srcdoc="{html.escape(guarded)}"></iframe>'


@contextmanager
def reading_the_log(visit: Visit) -> Iterator[str]:
    """Give the address of the log; if it is away or was altered, say so instead of what the block would have shown."""
    if visit.database_url is None:
        st.error(visit.say(common.AWAY), icon=":material/error:")
        show_remedy(visit.say(common.AWAY_REMEDY), "solvent dashboard")
        st.stop()
    try:
        yield visit.database_url
    except (AlteredLogError, BundleError) as error:
        st.error(visit.say(common.ALTERED, what=plain(str(error))), icon=":material/gpp_bad:")
        show_remedy(visit.say(common.ALTERED_REMEDY), VERIFY_COMMAND)
    except SolventError:
        st.error(visit.say(common.AWAY), icon=":material/error:")
        show_remedy(visit.say(common.AWAY_REMEDY), DATABASE_COMMAND)
