"""The blocks of the page of one decision."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from solvent.dashboard.blocks import Note, Table, card, plain, plain_label, show_chart, show_note
from solvent.dashboard.charts.risk import draw_beside_others, draw_gauge, draw_waterfall
from solvent.dashboard.numbers import format_count, format_share, format_time
from solvent.dashboard.opened import Opened
from solvent.dashboard.texts import common
from solvent.dashboard.texts import decision as texts
from solvent.dashboard.visit import Visit
from solvent.decision_log.figures.comparison import Quartiles
from solvent.decision_log.figures.questions import Answer
from solvent.domain.policy import Decision
from solvent.domain.reasons import REASON_CODES
from solvent.errors import ApplicationError, FeatureError
from solvent.scoring.what_if import ACTIONABLE_COLUMNS
from solvent.tables.schemas import APPLICATION, Column, table_schema

FEATURES_BESIDE = 6


def show_verdict(visit: Visit, opened: Opened) -> None:
    """What was decided, on a gauge, with the reasons that were given."""
    recorded = opened.recorded
    is_refused = recorded.decision == "refuse"
    probability, threshold = (
        format_share(share, visit.language) for share in (recorded.prediction_proba, recorded.decision_threshold)
    )
    left, right = st.columns([2, 3], gap="medium")
    with left, card(visit, texts.GAUGE):
        medium_from = opened.model.bundle.policy.medium_from if opened.model else recorded.decision_threshold / 2
        figure = draw_gauge(
            recorded.prediction_proba,
            threshold=recorded.decision_threshold,
            medium_from=medium_from,
            is_refused=is_refused,
        )
        show_chart(
            visit, figure, alt=visit.say(texts.GAUGE_ALT, probability=probability, threshold=threshold), key="gauge"
        )
    with right, st.container(border=True, height="stretch"):
        sentence = visit.say(texts.ABOVE if is_refused else texts.BELOW, probability=probability, threshold=threshold)
        st.subheader(visit.say(texts.REFUSED if is_refused else texts.APPROVED), anchor=False)
        st.markdown(sentence)
        st.caption(
            visit.say(
                texts.FACTS,
                model=plain(recorded.model_version),
                time=format_time(recorded.timestamp, visit.language),
                level=visit.say(common.LEVELS[recorded.confidence_level]),
                history=_describe_history(visit, recorded.history_source),
                caller=plain(recorded.caller),
            )
        )
        if recorded.warning_flags:
            st.caption(visit.say(texts.WARNINGS, warnings=plain(", ".join(recorded.warning_flags))))
        st.markdown(f"**{visit.say(texts.REASONS)}**")
        _show_reasons(visit, opened)


def _describe_history(visit: Visit, source: str) -> str:
    return visit.say(texts.HISTORY[source]) if source in texts.HISTORY else plain(source)


def _show_reasons(visit: Visit, opened: Opened) -> None:
    known = {one.code: (one.english, one.french) for one in REASON_CODES}
    if opened.explanation is not None:
        known |= {one.code: (one.english, one.french) for one in opened.explanation.reasons}
    lines = [known[code][visit.language == "fr"] if code in known else plain(code) for code in opened.recorded.reasons]
    st.markdown("\n".join(f"1. {line}" for line in lines) if lines else visit.say(texts.NO_REASONS))


def show_waterfall(visit: Visit, opened: Opened) -> None:
    """From what is known of nobody to the score of this client, by what the features speak of."""
    explanation = opened.explanation
    if explanation is None or explanation.base is None:
        return
    steps = [(_name(visit, reason.code), reason.contribution) for reason in explanation.reasons]
    with card(visit, texts.WATERFALL):
        base = (visit.say(texts.BASE), explanation.base)
        figure = draw_waterfall(steps, base=base, end=visit.say(texts.SCORE), x=visit.say(texts.LOG_ODDS))
        show_chart(visit, figure, alt=visit.say(texts.WATERFALL_ALT), key="waterfall")
        rows = [
            (reason.code, one.feature, one.value, one.unit, one.contribution)
            for reason in explanation.reasons
            for one in reason.features
        ]
        table = Table("contributions", ("reason", "feature", "value", "unit", "contribution"), rows)
        show_note(visit, Note(opened.query, 1, None, visit.say(texts.WATERFALL_INTERVAL)), table)


def _name(visit: Visit, code: str) -> str:
    return visit.say(texts.REASON_NAMES[code]) if code in texts.REASON_NAMES else plain_label(code)


def show_beside_others(visit: Visit, opened: Opened, peers: Answer[tuple[Quartiles, ...]]) -> None:
    """The client's most important numbers beside those of approved and refused clients."""
    if opened.model is None:
        return
    features, values = opened.model.bundle.manifest.top_features, opened.recorded.top_numbers or ()
    by_rank: dict[int, list[Quartiles]] = {}
    for one in peers.value:
        by_rank.setdefault(one.rank, []).append(one)
    ranks = sorted(rank for rank in by_rank if rank <= min(len(features), len(values)))[:FEATURES_BESIDE]
    if not ranks:
        return
    shown = [(plain_label(features[rank - 1]), values[rank - 1], by_rank[rank]) for rank in ranks]
    names = {key: visit.say(text) for key, text in common.DECISIONS.items()}
    with card(visit, texts.BESIDE):
        figure = draw_beside_others(shown, names, client=visit.say(texts.THIS_CLIENT))
        show_chart(visit, figure, alt=visit.say(texts.BESIDE_ALT), key="beside")
        count = format_count(sum(one.count for one in by_rank[ranks[0]]), visit.language)
        st.caption(visit.say(texts.BESIDE_NOTE, count=count))
        rows = [
            (features[one.rank - 1], one.decision, one.first, one.median, one.third, one.count)
            for one in peers.value
            if one.rank <= len(features)
        ]
        table = Table("peers", ("feature", "decision", "first_quartile", "median", "third_quartile", "count"), rows)
        show_note(visit, Note(peers.query, peers.count), table)


def show_what_if(visit: Visit, opened: Opened) -> None:
    """Score again with other values of what an applicant can change."""
    application = opened.recorded.application or {}
    with card(visit, texts.WHAT_IF):
        st.markdown(visit.say(texts.WHAT_IF_LEAD))
        with st.form(f"what_if_{opened.recorded.request_id}", border=False):
            changes = _ask_for_changes(visit, application)
            is_sent = st.form_submit_button(visit.say(texts.AGAIN), type="primary")
        if is_sent:
            _show_again(
                visit, opened, {name: value for name, value in changes.items() if value != application.get(name)}
            )


def _ask_for_changes(visit: Visit, application: Mapping[str, Any]) -> dict[str, Any]:
    schema = {column.name: column for column in table_schema(APPLICATION).columns}
    places = [column for _ in range(2) for column in st.columns(4)]
    changes = {}
    for place, name in zip(places, ACTIONABLE_COLUMNS, strict=False):
        with place:
            changes[name] = _ask_for(visit, schema[name], application.get(name))
    return changes


def _ask_for(visit: Visit, column: Column, current: object) -> str | float | None:
    label = visit.say(texts.COLUMNS[column.name])
    if column.categories:
        options = list(column.categories)
        return st.selectbox(label, options, index=options.index(current) if current in options else None)
    value = float(current) if isinstance(current, int | float) else None
    return st.number_input(label, value=value, min_value=0.0, step=1000.0, format="%.0f")


def _show_again(visit: Visit, opened: Opened, changes: Mapping[str, Any]) -> None:
    try:
        found = opened.again(changes)
    except (ApplicationError, FeatureError) as error:
        st.warning(visit.say(texts.NOT_VALID, problems=plain(str(error))), icon=":material/help:")
        return
    if found is None:
        return
    is_refused = found.decision is Decision.REFUSE
    line = visit.say(
        texts.RESULT,
        decision=visit.say(texts.REFUSED if is_refused else texts.APPROVED),
        probability=format_share(found.probability_default, visit.language),
        before=format_share(opened.recorded.prediction_proba, visit.language),
    )
    (st.warning if is_refused else st.success)(line, icon=":material/calculate:")


def show_input(visit: Visit, opened: Opened) -> None:
    """The application as it was accepted."""
    with st.expander(visit.say(texts.INPUT), icon=":material/data_object:"):
        st.json(dict(opened.recorded.application or {}), expanded=1)
