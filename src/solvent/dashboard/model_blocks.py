"""Blocks of the page of a model: other models beside it, its risk bands, and what it does to groups of clients."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from solvent.dashboard.blocks import (
    Note,
    Table,
    card,
    plain,
    plain_label,
    show_chart,
    show_note,
    show_remedy,
    show_table,
)
from solvent.dashboard.charts.risk import draw_intervals
from solvent.dashboard.numbers import format_number
from solvent.dashboard.texts import model as texts
from solvent.dashboard.visit import Visit

Document = Mapping[str, Any]

_COMPARED = ("auc", "auc_difference", "log_loss", "calibration_error", "cost_per_application")
_OF_A_GROUP = (
    "default_rate",
    "auc",
    "calibration_gap",
    "approval_rate",
    "good_payers_approved",
    "cost_per_application",
)
_ENDS = ("value", "low", "high")


def show_comparisons(visit: Visit, evaluation: Document, note: Note) -> None:
    """Rivals, ladder and ablation: a chart of the AUC and every figure, for each table that training made."""
    made = [name for name in texts.COMPARISONS if evaluation.get(name)]
    if not made:
        with card(visit, texts.COMPARISONS["rivals"][0]):
            show_remedy(visit.say(texts.NOT_COMPARED), texts.COMPARE_COMMAND)
    for name in made:
        _show_compared(visit, name, evaluation[name], note)


def _show_compared(visit: Visit, name: str, models: Sequence[Document], note: Note) -> None:
    title, lead = texts.COMPARISONS[name]
    with card(visit, title):
        st.markdown(visit.say(lead))
        intervals = [(plain_label(str(one["name"])), *_ends(one["auc"])) for one in models]
        figure = draw_intervals(intervals, x=visit.say(texts.AUC_AXIS), form=".3f")
        show_chart(visit, figure, alt=visit.say(texts.COMPARED_ALT, title=visit.say(title)), key=name)
        columns = ("model", "description", "features", *_with_ends(_COMPARED))
        rows = [
            (one["name"], one["description"], one["features"], *(end for key in _COMPARED for end in _ends(one[key])))
            for one in models
        ]
        show_table(visit, _without_ends(Table(name, columns, rows)), texts.HEADINGS)
        show_note(visit, note, Table(name, columns, rows))


def show_bands(visit: Visit, evaluation: Document, note: Note) -> None:
    """How many clients of each risk band defaulted on the test split."""
    bands = (evaluation.get("risk_bands") or {}).get("bands", ())
    if not bands:
        return
    with card(visit, texts.BANDS):
        rows = [
            (one["level"], _rounded(one["begins"]), one["rows"], one["defaults"], *_ends(one["default_rate"]))
            for one in bands
        ]
        table = Table("bands", ("band", "begins", "rows", "defaults", *_with_ends(("default_rate",))), rows)
        show_table(visit, table, texts.HEADINGS)
        show_note(visit, note, table)


def show_segments(visit: Visit, evaluation: Document, note: Note) -> None:
    """The figures of parts of the clients that lenders look at, such as kinds of contract."""
    if evaluation.get("segments"):
        with card(visit, texts.SEGMENTS):
            _show_groups(visit, "segments", evaluation["segments"], note)


def show_fairness(visit: Visit, evaluation: Document, note: Note) -> None:
    """What the model does to the sexes and ages, and how well it could tell the sexes apart."""
    fairness = evaluation.get("fairness")
    with card(visit, texts.FAIRNESS):
        if not fairness:
            show_remedy(visit.say(texts.NO_FAIRNESS), texts.TRAIN_COMMAND)
            return
        st.markdown(visit.say(texts.FAIRNESS_LEAD))
        st.markdown("\n".join(f"- {line}" for line in _disparities(visit, fairness)))
        _show_groups(visit, "fairness", fairness["groups"], note)


def _disparities(visit: Visit, fairness: Document) -> Iterator[str]:
    for one in fairness["disparities"]:
        ratio, gap = (_with_interval(visit, one[name]) for name in ("approval_ratio", "opportunity_gap"))
        yield visit.say(texts.DISPARITY, trait=plain(_trait(visit, one["attribute"])), ratio=ratio, gap=gap)
    told = {name: _with_interval(visit, fairness[f"sex_from_{name}"]) for name in ("features", "probability")}
    yield visit.say(texts.SEX_TOLD, **told)


def _show_groups(visit: Visit, name: str, groups: Sequence[Document], note: Note) -> None:
    known = [(f"{_trait(visit, one['trait'])}: {one['label']}", one) for one in groups]
    intervals = [
        (plain_label(label), *_ends(one["figures"]["approval_rate"])) for label, one in known if one["figures"]
    ]
    if intervals:
        figure = draw_intervals(intervals, x=visit.say(texts.APPROVAL_AXIS), form=".0%")
        show_chart(visit, figure, alt=visit.say(texts.GROUPS_ALT), key=name)
    rows = [(label, one["rows"], one["defaults"], *_group_figures(one)) for label, one in known]
    table = Table(name, ("group", "rows", "defaults", *_with_ends(_OF_A_GROUP)), rows)
    show_table(visit, _without_ends(table), texts.HEADINGS)
    show_note(visit, note, table)


def _group_figures(group: Document) -> Iterator[float | None]:
    for name in _OF_A_GROUP:
        yield from _ends(group["figures"][name] if group["figures"] else None)


def _trait(visit: Visit, name: str) -> str:
    return visit.say(texts.TRAITS[name]) if name in texts.TRAITS else name


def _ends(figure: Document | None) -> tuple[float | None, float | None, float | None]:
    value, low, high = (None if figure is None else _rounded(figure[end]) for end in _ENDS)
    return value, low, high


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _with_ends(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from (name, f"{name}_low", f"{name}_high")


def _without_ends(table: Table) -> Table:
    """The table for the eye: its download has the intervals too."""
    kept = [place for place, name in enumerate(table.columns) if not name.endswith(("_low", "_high"))]
    rows = [tuple(row[place] for place in kept) for row in table.rows]
    return Table(table.name, tuple(table.columns[place] for place in kept), rows)


def _with_interval(visit: Visit, figure: Document | None) -> str:
    value, low, high = (format_number(end, visit.language, digits=3) for end in _ends(figure))
    return visit.say(texts.VALUE_RANGE, value=value, low=low, high=high)
