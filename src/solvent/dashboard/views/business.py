"""The business: decisions and loan amounts."""

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import Note, Table, card, reading_the_log, show_chart, show_empty_window, show_note
from solvent.dashboard.charts.activity import draw_amounts, draw_ring
from solvent.dashboard.filters import choose_scope
from solvent.dashboard.numbers import format_amount, format_count, format_share
from solvent.dashboard.texts import business as texts
from solvent.dashboard.texts import common, overview
from solvent.dashboard.texts import home as figures
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.amounts import AmountBin
from solvent.decision_log.figures.overview import Activity
from solvent.decision_log.figures.questions import Answer, Scope


def show_page(visit: Visit) -> None:
    """Draw the page for the chosen window and model."""
    st.title(visit.say(common.BUSINESS), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        with st.spinner(visit.say(common.COUNTING)):
            reading.count_new(url)
        scope = choose_scope(visit, url)
        activity, amounts = reading.read_activity(url, scope), reading.read_amounts(url, scope)
        if activity.value.decisions == 0:
            show_empty_window(visit)
            return
        _show_figures(visit, activity.value, amounts.value)
        left, right = st.columns([2, 3], gap="medium")
        with left:
            _show_decisions(visit, activity, scope)
        with right:
            _show_amounts(visit, amounts, scope)


def _show_figures(visit: Visit, activity: Activity, bins: tuple[AmountBin, ...]) -> None:
    language = visit.language
    approved = sum(one.total for one in bins if one.decision == "approve")
    rate, total, mean_approved, mean_refused = st.columns(4)
    rate.metric(visit.say(figures.APPROVAL_RATE), format_share(activity.approval_rate, language), border=True)
    total.metric(visit.say(texts.APPROVED_AMOUNT), format_amount(approved, language), border=True)
    for column, title, decision in (
        (mean_approved, texts.MEAN_APPROVED, "approve"),
        (mean_refused, texts.MEAN_REFUSED, "refuse"),
    ):
        count = sum(one.count for one in bins if one.decision == decision)
        mean = sum(one.total for one in bins if one.decision == decision) / count if count else None
        shown = visit.say(common.NO_FIGURE) if mean is None else format_count(round(mean), language)
        column.metric(visit.say(title), shown, border=True)


def _show_decisions(visit: Visit, activity: Answer[Activity], scope: Scope) -> None:
    counts = activity.value.count_by("decision")
    names = {key: visit.say(text) for key, text in common.DECISIONS.items()}
    share = format_share(activity.value.approval_rate, visit.language)
    with card(visit, texts.DECISIONS):
        figure = draw_ring(counts, names, hole=0)
        show_chart(visit, figure, alt=visit.say(overview.RING_ALT, approved=share), key="business_decisions")
        table = Table("business-decisions", ("decision", "count"), sorted(counts.items()))
        show_note(visit, Note(activity.query, activity.value.decisions, scope), table)


def _show_amounts(visit: Visit, answer: Answer[tuple[AmountBin, ...]], scope: Scope) -> None:
    names = {key: visit.say(text) for key, text in common.DECISIONS.items()}
    with card(visit, texts.AMOUNTS):
        if answer.value:
            figure = draw_amounts(answer.value, names, x=visit.say(texts.AMOUNT), y=visit.say(texts.APPLICATIONS))
            show_chart(visit, figure, alt=visit.say(texts.AMOUNTS_ALT), key="amounts")
        else:
            st.markdown(visit.say(texts.NO_AMOUNTS))
        rows = [(one.decision, one.low, one.count, one.total) for one in answer.value]
        table = Table("amounts", ("decision", "from", "count", "sum_of_amounts"), rows)
        show_note(visit, Note(answer.query, answer.count, scope, visit.say(texts.AMOUNTS_INTERVAL)), table)


if __name__ == "__main__":
    show_page(start_visit())
