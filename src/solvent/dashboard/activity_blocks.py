"""What several pages show of the activity: its four figures, and requests by hour."""

from typing import Protocol

import streamlit as st

from solvent.dashboard.blocks import Note, Table, card, show_chart, show_note
from solvent.dashboard.charts.activity import draw_volume
from solvent.dashboard.charts.hours import draw_hours
from solvent.dashboard.numbers import format_count, format_milliseconds, format_share
from solvent.dashboard.texts import home
from solvent.dashboard.texts import overview as texts
from solvent.dashboard.texts.language import Text
from solvent.dashboard.visit import Visit
from solvent.decision_log.figures.overview import Activity
from solvent.decision_log.figures.questions import Answer, Scope


class Counted(Protocol):
    """Figures of a period; None where there is nothing to divide by."""

    @property
    def decisions(self) -> int: ...
    @property
    def approval_rate(self) -> float | None: ...
    @property
    def mean_response_ms(self) -> float | None: ...
    @property
    def error_rate(self) -> float | None: ...


def show_tiles(visit: Visit, counted: Counted, *, title: Text) -> None:
    """Decisions under their title, approval rate, latency and errors, side by side."""
    language = visit.language
    total, approval, latency, errors = st.columns(4)
    total.metric(visit.say(title), format_count(counted.decisions, language), border=True)
    approval.metric(visit.say(home.APPROVAL_RATE), format_share(counted.approval_rate, language), border=True)
    latency.metric(
        visit.say(home.MEAN_LATENCY),
        format_milliseconds(counted.mean_response_ms, language),
        help=visit.say(home.MEAN_LATENCY_HELP),
        border=True,
    )
    errors.metric(
        visit.say(home.ERROR_RATE),
        format_share(counted.error_rate, language),
        help=visit.say(home.ERROR_RATE_HELP),
        border=True,
    )


def show_volume(visit: Visit, activity: Answer[Activity], scope: Scope) -> None:
    """A line of all requests by hour, decided ones and failed ones."""
    with card(visit, texts.VOLUME):
        figure = draw_volume(activity.value.volume(), x=visit.say(texts.HOUR), y=visit.say(texts.REQUESTS))
        show_chart(visit, figure, alt=_describe_volume(visit, activity), key="volume")
        _note_volume(visit, activity, scope)


def show_hours(visit: Visit, activity: Answer[Activity], scope: Scope) -> None:
    """The same of a day as a still picture, which stands at once."""
    with card(visit, texts.VOLUME):
        volume = activity.value.volume()
        picture = draw_hours(
            volume, start=scope.start, end=scope.end, x=visit.say(texts.HOUR), y=visit.say(texts.REQUESTS),
            highest=format_count(max(number for _, number in volume), visit.language),
        )  # fmt: skip
        st.image(picture, width="stretch", alt=_describe_volume(visit, activity))
        _note_volume(visit, activity, scope)


def _describe_volume(visit: Visit, activity: Answer[Activity]) -> str:
    return visit.say(texts.VOLUME_ALT, count=format_count(activity.count, visit.language))


def _note_volume(visit: Visit, activity: Answer[Activity], scope: Scope) -> None:
    rows = [(hour.isoformat(), number) for hour, number in activity.value.volume()]
    show_note(visit, Note(activity.query, activity.count, scope), Table("volume", ("hour", "requests"), rows))
