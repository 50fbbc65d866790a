"""The overview: how many decisions, how they fell, when they came, how risky they were."""

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.activity_blocks import show_tiles, show_volume
from solvent.dashboard.blocks import Note, Table, card, reading_the_log, show_chart, show_empty_window, show_note
from solvent.dashboard.charts.activity import draw_levels, draw_probabilities, draw_ring
from solvent.dashboard.filters import choose_scope
from solvent.dashboard.numbers import format_share
from solvent.dashboard.texts import common
from solvent.dashboard.texts import overview as texts
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.overview import Activity
from solvent.decision_log.figures.questions import Answer, Scope


def show_page(visit: Visit) -> None:
    """Draw the page for the chosen window and model."""
    st.title(visit.say(common.OVERVIEW), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        with st.spinner(visit.say(common.COUNTING)):
            reading.count_new(url)
        scope = choose_scope(visit, url)
        activity = reading.read_activity(url, scope)
        show_tiles(visit, activity.value, title=texts.TOTAL)
        if activity.value.decisions == 0:
            show_empty_window(visit)
            return
        left, right = st.columns([2, 3], gap="medium")
        with left:
            _show_decisions(visit, activity, scope)
        with right:
            show_volume(visit, activity, scope)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _show_probabilities(visit, url, scope)
        with right:
            _show_levels(visit, activity, scope)


def _show_decisions(visit: Visit, activity: Answer[Activity], scope: Scope) -> None:
    counts = activity.value.count_by("decision")
    names = {key: visit.say(text) for key, text in common.DECISIONS.items()}
    share = format_share(activity.value.approval_rate, visit.language)
    with card(visit, texts.DECISIONS):
        figure = draw_ring(counts, names, hole=0.62, centre=share)
        show_chart(visit, figure, alt=visit.say(texts.RING_ALT, approved=share), key="decisions")
        table = Table("decisions", ("decision", "count"), sorted(counts.items()))
        show_note(visit, Note(activity.query, activity.value.decisions, scope), table)


def _show_probabilities(visit: Visit, url: str, scope: Scope) -> None:
    answer = reading.read_probabilities(url, scope)
    model = reading.read_models(url).find(scope.model_version)
    threshold = None
    if model is not None:
        share = format_share(model.threshold, visit.language)
        threshold = (model.threshold, visit.say(common.THRESHOLD, threshold=share))
    names = {key: visit.say(text) for key, text in common.DECISIONS.items()}
    with card(visit, texts.PROBABILITIES):
        figure = draw_probabilities(
            answer.value, names, threshold=threshold, x=visit.say(texts.PROBABILITY), y=visit.say(texts.COUNT)
        )
        show_chart(visit, figure, alt=visit.say(texts.PROBABILITIES_ALT), key="probabilities")
        rows = [(one.decision, round(one.low, 3), one.count, one.total) for one in answer.value]
        table = Table("probabilities", ("decision", "from", "count", "sum_of_probabilities"), rows)
        show_note(visit, Note(answer.query, answer.count, scope), table)


def _show_levels(visit: Visit, activity: Answer[Activity], scope: Scope) -> None:
    counts = activity.value.count_by("risk_level")
    names = {key: visit.say(text) for key, text in common.LEVELS.items()}
    with card(visit, texts.LEVELS):
        show_chart(
            visit, draw_levels(counts, names, y=visit.say(texts.COUNT)), alt=visit.say(texts.LEVELS_ALT), key="levels"
        )
        table = Table("levels", ("risk_level", "count"), sorted(counts.items()))
        show_note(visit, Note(activity.query, activity.value.decisions, scope), table)


if __name__ == "__main__":
    show_page(start_visit())
