"""Alerts: what is open, acknowledged or resolved; the one page that writes."""

from collections.abc import Callable

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.access import visitor
from solvent.dashboard.blocks import Note, Table, plain, plain_with_code, reading_the_log, show_note, show_remedy
from solvent.dashboard.numbers import format_count, format_number, format_time
from solvent.dashboard.texts import alerts as texts
from solvent.dashboard.texts import common
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.database.roles import AS_OFFICER
from solvent.decision_log.figures.questions import Answer
from solvent.decision_log.registers.alerts import AlertStore
from solvent.domain.alerts import Alert, Severity
from solvent.domain.clock import utc_now
from solvent.errors import DecisionLogError

COLOURS = {Severity.LOW: "gray", Severity.MEDIUM: "primary", Severity.HIGH: "orange", Severity.CRITICAL: "red"}
SHOWN = 100
NOT_DONE = "alert_not_done"


def show_page(visit: Visit) -> None:
    """Draw the alerts, the gravest first."""
    st.title(visit.say(common.ALERTS), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        store = AlertStore(url, session=AS_OFFICER)
        with_resolved = st.toggle(visit.say(texts.WITH_RESOLVED), key="with_resolved")
        alerts = reading.read_alerts(url, with_resolved=with_resolved, limit=SHOWN)
        if why := st.session_state.pop(NOT_DONE, None):
            st.error(visit.say(texts.NOT_DONE, why=plain(why)), icon=":material/error:")
        if not alerts.value:
            with st.container(border=True):
                show_remedy(visit.say(texts.NONE), texts.COMMAND)
            return
        for alert in alerts.value:
            _show_alert(visit, store, alert)
        _show_download(visit, alerts)


def _show_alert(visit: Visit, store: AlertStore, alert: Alert) -> None:
    language = visit.language
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(f"{alert.rule} {alert.subject}".strip()), anchor=False, width="content")
            st.badge(visit.say(texts.SEVERITIES[alert.severity.value]), color=COLOURS[alert.severity])  # type: ignore[arg-type]
        st.markdown(plain(alert.description))
        value, limit = format_number(alert.value, language), format_number(alert.limit, language)
        count = format_count(alert.count or 0, language)
        start, last = format_time(alert.detected_at, language), format_time(alert.last_seen_at, language)
        st.caption(visit.say(texts.FIGURE, value=value, limit=limit, count=count))
        st.caption(visit.say(texts.SINCE, start=start, last=last))
        if alert.what_to_do:
            st.markdown(f"**{visit.say(texts.TO_DO)}.** {plain_with_code(alert.what_to_do)}")
        if alert.affected:
            st.markdown(f"**{visit.say(texts.AFFECTED)}.** {plain(', '.join(alert.affected[:12]))}")
        _show_handling(visit, store, alert)


def _show_handling(visit: Visit, store: AlertStore, alert: Alert) -> None:
    if alert.resolved_at is not None:
        time, who = format_time(alert.resolved_at, visit.language), plain(alert.resolved_by or "")
        st.caption(visit.say(texts.RESOLVED, who=who, time=time, note=plain(alert.resolution_notes or "")))
        return
    if alert.acknowledged_at is not None:
        time = format_time(alert.acknowledged_at, visit.language)
        st.caption(visit.say(texts.ACKNOWLEDGED, who=plain(alert.acknowledged_by or ""), time=time))
    with st.container(horizontal=True):
        if alert.acknowledged_at is None and st.button(
            visit.say(texts.ACKNOWLEDGE), key=f"acknowledge_{alert.alert_id}", icon=":material/visibility:"
        ):
            _change(lambda: store.acknowledge(alert.alert_id, who=visitor(visit), now=utc_now()))
        with (
            st.popover(visit.say(texts.RESOLVE), icon=":material/check:"),
            st.form(f"resolve_{alert.alert_id}", border=False),
        ):
            note = st.text_area(visit.say(texts.NOTE), max_chars=1000)
            if st.form_submit_button(visit.say(texts.RESOLVE), type="primary"):
                _change(lambda: store.resolve(alert.alert_id, note=note, who=visitor(visit), now=utc_now()))


def _change(change: Callable[[], Alert]) -> None:
    try:
        change()
    except DecisionLogError as error:
        st.session_state[NOT_DONE] = str(error)
    st.rerun()


def _show_download(visit: Visit, alerts: Answer[tuple[Alert, ...]]) -> None:
    columns = ("detected_at", "severity", "rule", "subject", "description", "value", "limit", "resolution_notes")
    rows = [
        (
            one.detected_at.isoformat(), one.severity.value, one.rule, one.subject, one.description, one.value,
            one.limit, one.resolution_notes,
        )
        for one in alerts.value
    ]  # fmt: skip
    show_note(visit, Note(alerts.query, alerts.count), Table("alerts", columns, rows))


if __name__ == "__main__":
    show_page(start_visit())
