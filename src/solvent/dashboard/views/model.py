"""The model: what decides, its evaluation, and which version was in force when."""

from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import (
    Note,
    Table,
    card,
    plain_label,
    plain_links,
    reading_the_log,
    show_chart,
    show_note,
    show_remedy,
    show_table,
)
from solvent.dashboard.charts.risk import draw_bars, draw_reliability
from solvent.dashboard.model_blocks import show_bands, show_comparisons, show_fairness, show_segments
from solvent.dashboard.numbers import format_count, format_share, format_time
from solvent.dashboard.reading import KnownModel, KnownModels, ModelDocuments
from solvent.dashboard.texts import common
from solvent.dashboard.texts import model as texts
from solvent.dashboard.visit import Visit, kept, start_visit
from solvent.decision_log.figures.questions import Answer
from solvent.domain.switches import ModelSwitch

FEATURES_SHOWN = 15


def show_page(visit: Visit) -> None:
    """Draw the chosen version."""
    st.title(visit.say(common.MODEL), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        known = reading.read_models(url)
        if not known.models:
            with st.container(border=True):
                show_remedy(visit.say(texts.NONE), texts.COMMAND)
            return
        chosen = _choose(visit, known)
        documents = reading.read_documents(url, chosen.version)
        _show_facts(visit, documents, is_in_force=chosen == known.in_force())
        if documents.evaluation:
            _show_evaluation(visit, documents)
        else:
            st.info(visit.say(texts.NOT_KEPT), icon=":material/info:")
        _show_timeline(visit, known.switches)
        _show_texts(visit, documents)


def _choose(visit: Visit, known: KnownModels) -> KnownModel:
    current = known.find(kept("model"))
    return st.selectbox(
        visit.say(common.MODEL_VERSION),
        known.models,
        index=0 if current is None else known.models.index(current),
        format_func=lambda model: model.version,
        width=320,
    )


def _show_facts(visit: Visit, documents: ModelDocuments, *, is_in_force: bool) -> None:
    if is_in_force:
        st.badge(visit.say(texts.IN_FORCE), icon=":material/check:", color="primary")
    manifest = documents.manifest
    threshold, features, trained, rows = st.columns(4)
    threshold.metric(visit.say(texts.THRESHOLD), format_share(documents.policy.threshold, visit.language), border=True)
    features.metric(visit.say(texts.FEATURES), format_count(manifest.n_features, visit.language), border=True)
    trained.metric(visit.say(texts.TRAINED), f"{manifest.created_at:%Y-%m-%d}", border=True)
    rows.metric(visit.say(texts.ROWS), format_count(manifest.training_rows, visit.language), border=True)


def _show_evaluation(visit: Visit, documents: ModelDocuments) -> None:
    test = documents.evaluation.get("test", {})
    note = Note(documents.query, int(test.get("rows", 0)), None, visit.say(texts.TEST_INTERVAL))
    with card(visit, texts.FIGURES):
        rows = list(_find_figures(test))
        table = Table("evaluation", ("figure", "value", "low", "high"), rows)
        show_table(visit, table, texts.HEADINGS)
        show_note(visit, note, table)
    left, right = st.columns(2, gap="medium")
    with left:
        _show_reliability(visit, test, note)
    with right:
        _show_importance(visit, documents.evaluation, note)
    show_bands(visit, documents.evaluation, note)
    show_comparisons(visit, documents.evaluation, note)
    show_fairness(visit, documents.evaluation, note)
    show_segments(visit, documents.evaluation, note)


def _find_figures(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float, float, float]]:
    """Every figure with an interval, wherever it stands: those of the model first, those at a threshold of .5 last."""
    for name, value in sorted(document.items(), key=lambda item: (item[0].startswith("at_"), item[0] == "at_half")):
        if isinstance(value, Mapping):
            if {"value", "low", "high"} <= value.keys():
                yield f"{prefix}{name}", *(_rounded(value[part]) for part in ("value", "low", "high"))  # type: ignore[misc]
            else:
                yield from _find_figures(value, f"{prefix}{name} · ")


def _rounded(value: object) -> float | None:
    return round(float(value), 4) if isinstance(value, int | float) else None


def _show_reliability(visit: Visit, test: Mapping[str, Any], note: Note) -> None:
    points = [(one["mean_probability"], one["default_rate"], one["rows"]) for one in test.get("reliability", ())]
    with card(visit, texts.RELIABILITY):
        if points:
            figure = draw_reliability(points, x=visit.say(texts.EXPECTED), y=visit.say(texts.HAPPENED))
            show_chart(visit, figure, alt=visit.say(texts.RELIABILITY_ALT), key="reliability")
        show_note(visit, note, Table("reliability", ("mean_probability", "default_rate", "rows"), points))


def _show_importance(visit: Visit, evaluation: Mapping[str, Any], note: Note) -> None:
    shares = [(plain_label(one["feature"]), float(one["share"])) for one in evaluation.get("importance", ())]
    with card(visit, texts.IMPORTANCE):
        if shares:
            figure = draw_bars(shares[:FEATURES_SHOWN], x=visit.say(texts.GAIN))
            show_chart(visit, figure, alt=visit.say(texts.IMPORTANCE_ALT), key="importance")
        show_note(visit, note, Table("importance", ("feature", "share_of_gain"), shares))


def _show_timeline(visit: Visit, switches: Answer[tuple[ModelSwitch, ...]]) -> None:
    with card(visit, texts.TIMELINE):
        columns = ("switched_at", "kind", "model_version", "previous_version", "requested_by", "refusal")
        rows = [
            (
                "" if one.switched_at is None else format_time(one.switched_at, visit.language), one.kind.value,
                one.model_version, one.previous_version, one.requested_by, one.refusal,
            )
            for one in switches.value
        ]  # fmt: skip
        table = Table("switches", columns, rows)
        if rows:
            show_table(visit, table, texts.HEADINGS)
        else:
            st.markdown(visit.say(texts.NO_SWITCH))
        show_note(visit, Note(switches.query, switches.count), table)


def _show_texts(visit: Visit, documents: ModelDocuments) -> None:
    if documents.card:
        with st.expander(visit.say(texts.CARD), icon=":material/description:"):
            st.markdown(plain_links(documents.card))
    if documents.evaluation:
        with st.expander(visit.say(texts.MORE), icon=":material/data_object:"):
            st.json(dict(documents.evaluation), expanded=1)


if __name__ == "__main__":
    show_page(start_visit())
