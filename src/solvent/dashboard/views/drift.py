"""Drift: the verdict of a report, the features that moved, the history, the interactive report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import (
    Note,
    Table,
    card,
    plain,
    plain_label,
    reading_the_log,
    sandboxed,
    show_chart,
    show_note,
    show_remedy,
)
from solvent.dashboard.charts.risk import draw_bars, draw_history
from solvent.dashboard.numbers import format_count, format_hour, format_share
from solvent.dashboard.texts import common
from solvent.dashboard.texts import drift as texts
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.questions import Answer
from solvent.domain.observations import DriftRecord

USUAL_LIMIT = 0.3
"""Of reports that do not say which limit they were judged by; the default of `solvent drift report`."""
LARGEST_HTML_BYTES = 16 * 2**20


def show_page(visit: Visit) -> None:
    """Draw the newest report, or the chosen one, and the history."""
    st.title(visit.say(common.DRIFT), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        reports = reading.read_drift_reports(url)
        if not reports.value:
            with st.container(border=True):
                show_remedy(visit.say(texts.NONE), texts.COMMAND)
            return
        report = _choose(visit, reports.value)
        limit = _number(report.metadata, "threshold", USUAL_LIMIT)
        _show_verdict(visit, report, limit)
        left, right = st.columns(2, gap="medium")
        with left:
            _show_history(visit, reports, limit)
        with right:
            _show_strongest(visit, report, query=reports.query)
        _show_interactive(visit, report)
        show_remedy(visit.say(texts.MAKE), texts.COMMAND)


def _choose(visit: Visit, reports: tuple[DriftRecord, ...]) -> DriftRecord:
    chosen = st.selectbox(
        visit.say(texts.REPORT),
        range(len(reports)),
        format_func=lambda place: f"{format_hour(reports[place].generated_at, visit.language)} UTC",
        width=260,
    )
    return reports[chosen or 0]


def _show_verdict(visit: Visit, report: DriftRecord, limit: float) -> None:
    start, end = (format_hour(moment, visit.language) for moment in (report.period_start, report.period_end))
    st.caption(visit.say(texts.PERIOD, start=start, end=end, reference=plain(report.reference_dataset)))
    if report.drift_score is None:
        st.info(visit.say(texts.TOO_FEW), icon=":material/hourglass:")
    elif report.drift_detected:
        st.warning(visit.say(texts.DETECTED), icon=":material/warning:")
    else:
        st.success(visit.say(texts.NOT_DETECTED), icon=":material/check_circle:")
    score, features, current = st.columns(3)
    score.metric(visit.say(texts.SCORE), format_share(report.drift_score, visit.language), border=True)
    features.metric(visit.say(texts.FEATURES), format_count(len(report.drifted_features), visit.language), border=True)
    current.metric(visit.say(texts.CURRENT), format_count(report.current_size, visit.language), border=True)
    if report.drift_score is not None and report.drift_score >= limit:
        st.warning(
            visit.say(texts.RETRAIN, limit=format_share(limit, visit.language)), icon=":material/model_training:"
        )


def _show_history(visit: Visit, reports: Answer[tuple[DriftRecord, ...]], limit: float) -> None:
    points = sorted((one.period_end, one.drift_score) for one in reports.value if one.drift_score is not None)
    with card(visit, texts.HISTORY):
        if points:
            label = visit.say(texts.LIMIT, limit=format_share(limit, visit.language))
            figure = draw_history(points, limit=limit, label=label, y=visit.say(texts.SHARE))
            show_chart(visit, figure, alt=visit.say(texts.HISTORY_ALT), key="history")
        rows = [(at.isoformat(), score) for at, score in points]
        note = Note(reports.query, reports.count, None, visit.say(texts.INTERVAL))
        show_note(visit, note, Table("drift-history", ("period_end", "drift_score"), rows))


def _show_strongest(visit: Visit, report: DriftRecord, *, query: str) -> None:
    listed = report.metadata.get("strongest")
    strongest = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    shares = [(plain_label(str(one.get("feature", ""))), _number(one, "psi", 0.0)) for one in strongest[:12]]
    with card(visit, texts.STRONGEST):
        if shares:
            figure = draw_bars(shares, x=visit.say(texts.PSI), form=".2f")
            show_chart(visit, figure, alt=visit.say(texts.STRONGEST_ALT), key="strongest")
        rows = [(feature,) for feature in report.drifted_features]
        note = Note(query, report.current_size, None, visit.say(texts.INTERVAL))
        show_note(visit, note, Table("drifted-features", ("drifted_feature",), rows))


def _show_interactive(visit: Visit, report: DriftRecord) -> None:
    with card(visit, texts.INTERACTIVE):
        html = _find_html(visit, report)
        if html is None:
            show_remedy(visit.say(texts.NO_HTML), texts.COMMAND)
        elif st.toggle(visit.say(texts.SHOW), key="show_report"):
            st.iframe(sandboxed(html.read_text(encoding="utf-8", errors="replace")), height=900)


def _find_html(visit: Visit, report: DriftRecord) -> Path | None:
    """The file of that name among our reports, wherever they lay for their writer: a stored path opens nothing else."""
    if report.report_html_path is None:
        return None
    folder = (visit.settings.home / "reports").resolve()
    path = (folder / Path(report.report_html_path).name).resolve()
    is_ours = path.is_relative_to(folder) and path.suffix == ".html" and path.is_file()
    return path if is_ours and path.stat().st_size <= LARGEST_HTML_BYTES else None


def _number(document: Mapping[str, Any], name: str, otherwise: float) -> float:
    value = document.get(name)
    return float(value) if isinstance(value, int | float) else otherwise


if __name__ == "__main__":
    show_page(start_visit())
