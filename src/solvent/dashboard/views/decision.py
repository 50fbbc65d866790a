"""One decision: found by its request or its client, and everything that explains it."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import TRAFFIC_COMMAND, plain, reading_the_log, show_remedy
from solvent.dashboard.decision_blocks import (
    show_beside_others,
    show_input,
    show_verdict,
    show_waterfall,
    show_what_if,
)
from solvent.dashboard.numbers import format_hour, format_share
from solvent.dashboard.opened import Opened, find_latest, find_of_client, open_decision
from solvent.dashboard.texts import common
from solvent.dashboard.texts import decision as texts
from solvent.dashboard.visit import Visit, keep, kept, start_visit
from solvent.decision_log.figures.latest import DecisionLine

LARGEST_CLIENT = 2**53


def show_page(visit: Visit) -> None:
    """Draw the way to a decision, then the decision."""
    st.title(visit.say(common.DECISION), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        request_id = _find_request(visit, url)
        if request_id is None:
            return
        opened = open_decision(url, request_id)
        if opened is None:
            st.info(visit.say(texts.NOT_FOUND), icon=":material/search_off:")
            return
        _show_decision(visit, url, opened)


def _find_request(visit: Visit, url: str) -> UUID | None:
    latest = find_latest(url)
    if not latest and not kept("request"):
        show_remedy(visit.say(texts.EMPTY), TRAFFIC_COMMAND)
        return None
    by_request, by_client, by_time = st.columns([3, 2, 3])
    typed = by_request.text_input(visit.say(texts.REQUEST), value=kept("request"), max_chars=80).strip()
    client = by_client.text_input(
        visit.say(texts.CLIENT), max_chars=16, help=visit.say(texts.CLIENT_HELP), key="client_number"
    ).strip()
    with by_time:
        chosen = _choose(visit, visit.say(texts.LATEST), latest, key="latest")
    if client:
        with by_client:
            chosen = _choose_of_client(visit, url, client)
        if chosen is None:
            return None
    if chosen is not None:
        keep("request", str(chosen))
        return chosen
    if not typed:
        return latest[0].request_id
    try:
        request_id = UUID(typed)
    except ValueError:
        st.warning(visit.say(texts.NOT_AN_ID), icon=":material/help:")
        return None
    keep("request", str(request_id))
    return request_id


def _choose_of_client(visit: Visit, url: str, client: str) -> UUID | None:
    number = int(client) if client.isascii() and client.isdigit() else LARGEST_CLIENT
    lines = find_of_client(url, number) if number < LARGEST_CLIENT else ()
    if not lines:
        st.info(visit.say(texts.NOT_FOUND), icon=":material/search_off:")
        return None
    return _choose(visit, visit.say(texts.OF_CLIENT), lines, key="of_client") or lines[0].request_id


def _choose(visit: Visit, label: str, lines: Sequence[DecisionLine], *, key: str) -> UUID | None:
    by_request = {one.request_id: one for one in lines}

    def describe(request_id: UUID) -> str:
        one = by_request[request_id]
        decision = visit.say(texts.REFUSED if one.decision == "refuse" else texts.APPROVED)
        probability = format_share(one.probability_default, visit.language)
        return f"{format_hour(one.timestamp, visit.language)} · {decision} · {probability}"

    return st.selectbox(
        label, list(by_request), index=None, format_func=describe, placeholder=visit.say(texts.CHOOSE),
        key=f"{key}_{visit.language}",
    )  # fmt: skip


def _show_decision(visit: Visit, url: str, opened: Opened) -> None:
    show_verdict(visit, opened)
    if opened.recorded.is_erased:
        st.info(visit.say(texts.ERASED), icon=":material/delete:")
        return
    if opened.model is None or opened.explanation is None:
        show_remedy(visit.say(texts.NO_MODEL), texts.EXPLAIN_COMMAND)
        return
    _show_actions(visit, opened)
    show_waterfall(visit, opened)
    show_beside_others(visit, opened, reading.read_peers(url, opened.recorded.model_version))
    show_what_if(visit, opened)
    show_input(visit, opened)


def _show_actions(visit: Visit, opened: Opened) -> None:
    with st.container(horizontal=True):
        is_replayed = st.button(
            visit.say(texts.REPLAY), help=visit.say(texts.REPLAY_HELP), icon=":material/replay:", key="replay"
        )
        st.download_button(
            visit.say(texts.EXPORT), opened.export(), file_name=f"decision-{opened.recorded.request_id}.json",
            mime="application/json", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    if is_replayed:
        differences = opened.differences()
        if differences:
            st.error(visit.say(texts.DIFFERENT, fields=plain(", ".join(differences))), icon=":material/gpp_bad:")
        else:
            st.success(visit.say(texts.SAME), icon=":material/verified:")


if __name__ == "__main__":
    show_page(start_visit())
