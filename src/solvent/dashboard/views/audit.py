"""The audit: how far chains and checkpoints have come, and a verification at a button."""

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import (
    VERIFY_COMMAND,
    Note,
    Table,
    card,
    plain,
    reading_the_log,
    show_note,
    show_remedy,
    show_table,
)
from solvent.dashboard.numbers import format_count, format_time
from solvent.dashboard.texts import audit as texts
from solvent.dashboard.texts import common
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.audit.findings import Verification
from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.signing import public_key_path, read_public_key
from solvent.decision_log.audit.verification import open_snapshot, verify
from solvent.decision_log.database.roles import AS_AUDITOR
from solvent.decision_log.figures.chains import ChainState
from solvent.decision_log.figures.questions import Answer
from solvent.errors import DecisionLogError


def show_page(visit: Visit) -> None:
    """Draw the state of the chains; verify when asked to."""
    st.title(visit.say(common.AUDIT), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        chains = reading.read_chains(url)
        _show_state(visit, chains.value)
        _show_ledger(visit, chains)
        _show_verification(visit, url)


def _show_state(visit: Visit, state: ChainState) -> None:
    checkpoints = state.checkpoints
    figures = (
        (texts.RECORDS, state.records),
        (texts.WRITERS, state.writers),
        (texts.CHECKPOINTS, checkpoints.count if checkpoints else 0),
        (texts.UNCOVERED, state.uncovered),
    )
    for column, (title, count) in zip(st.columns(4), figures, strict=True):
        column.metric(visit.say(title), format_count(count, visit.language), border=True)
    if checkpoints is None:
        show_remedy(visit.say(texts.NO_CHECKPOINT), texts.COMMAND)
    else:
        time = format_time(checkpoints.last_at, visit.language)
        st.caption(visit.say(texts.LAST, number=checkpoints.last_number, time=time))


def _show_ledger(visit: Visit, chains: Answer[ChainState]) -> None:
    rows = [
        (one.kind, one.count, one.last_number, format_time(one.last_at, visit.language)) for one in chains.value.ledger
    ]
    with card(visit, texts.LEDGER):
        table = Table("ledger", ("kind", "count", "last_number", "last_at"), rows)
        if rows:
            show_table(visit, table, texts.HEADINGS)
        show_note(visit, Note(chains.query, chains.count), table)


def _show_verification(visit: Visit, url: str) -> None:
    with card(visit, texts.VERIFY):
        st.markdown(visit.say(texts.VERIFY_LEAD))
        if not st.button(visit.say(texts.VERIFY), type="primary", icon=":material/verified_user:"):
            return
        try:
            key = read_public_key(public_key_path(visit.settings.signing_key_file))
            outside = read_outside(visit.settings.ledger_folder)
        except DecisionLogError as error:
            st.caption(plain(str(error)))
            show_remedy(visit.say(texts.NO_KEY), texts.VERIFY_COMMAND)
            return
        with st.spinner(visit.say(texts.WORKING), show_time=True), open_snapshot(url, session=AS_AUDITOR) as connection:
            verification = verify(connection, key, outside=outside, with_payloads=False)
        _show_result(visit, verification)
        show_remedy(visit.say(texts.PAYLOADS), VERIFY_COMMAND)


def _show_result(visit: Visit, verification: Verification) -> None:
    counts = verification.counts
    names = {"decisions": "decisions", "failures": "request_failures", "entries": "entries", "uncovered": "uncovered"}
    shown = {name: format_count(counts[counted], visit.language) for name, counted in names.items()}
    what = visit.say(texts.COUNTS, **shown)
    if verification.finding_count == 0:
        st.success(visit.say(texts.UNCHANGED, what=what), icon=":material/verified:")
        return
    count = format_count(verification.finding_count, visit.language)
    st.error(visit.say(texts.FOUND, count=count, what=what), icon=":material/gpp_bad:")
    for finding in verification.findings:
        st.markdown(f"- {plain(str(finding))}")


if __name__ == "__main__":
    show_page(start_visit())
