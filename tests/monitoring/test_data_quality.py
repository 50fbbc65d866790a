"""Data quality: each rule rings on a planted fault and is silent without one; the score adds up."""

from typing import Any

import pytest
from watched import WINDOW, binned, draw, profile_of

from solvent.domain.observations import QualityCounts
from solvent.monitoring.data_quality import QualityReport, assess_quality
from solvent.scoring.model import Model

CLEAN = QualityCounts(1_000, 1.0, {}, {"request": 1_000}, 0)


def assess(model: Model, counts: QualityCounts = CLEAN, **changes: Any) -> QualityReport:
    current = binned(model, draw(model, counts.decisions, **changes))
    return assess_quality(counts, current, profile_of(model), model.bundle.program, window=WINDOW)


def test_is_silent_where_nothing_is_wrong(model: Model) -> None:
    report = assess(model)
    assert (report.missing_more, report.out_of_range, report.unseen) == ((), (), ())
    assert (report.is_stale, report.has_other_thin_files) == (False, False)


@pytest.mark.parametrize(("hidden", "found"), [(0.02, ()), (0.1, ("EXT_SOURCE_2",))])
def test_a_column_that_goes_missing_is_named(model: Model, hidden: float, found: tuple[str, ...]) -> None:
    assert assess(model, hide_external=hidden).missing_more == found


@pytest.mark.parametrize(("decisions", "rings"), [(9, False), (10, True)])
def test_implausible_values_and_unseen_categories_ring_from_one_in_a_hundred(
    model: Model, decisions: int, rings: bool
) -> None:
    warnings = {
        "out_of_range:AMT_ANNUITY": decisions,
        "unknown_category:NAME_CONTRACT_TYPE": decisions,
        "no_history": 500,
    }
    report = assess(model, QualityCounts(1_000, 0.9, warnings, {"request": 500, "none": 500}, 0))
    assert report.out_of_range == (("AMT_ANNUITY",) if rings else ())
    assert report.unseen == (("NAME_CONTRACT_TYPE",) if rings else ())
    assert report.without_history == 0.5


@pytest.mark.parametrize(("stale", "rings"), [(49, False), (50, True)])
def test_stale_histories_ring_from_one_in_twenty(model: Model, stale: int, rings: bool) -> None:
    assert assess(model, QualityCounts(1_000, 1.0, {}, {"stored": 1_000}, stale)).is_stale is rings


def test_clients_without_history_are_held_against_the_reference(model: Model) -> None:
    rows = draw(model, 1_000)
    rows.values[:, 4:] = float("nan")
    report = assess_quality(CLEAN, binned(model, rows), profile_of(model), model.bundle.program, window=WINDOW)
    assert report.thin_files == 1.0
    assert report.reference_thin_files == pytest.approx(0.3, abs=0.03)
    assert report.has_other_thin_files


def test_too_few_decisions_get_no_verdict(model: Model) -> None:
    report = assess(model, QualityCounts(499, 0.5, {"out_of_range:AMT_CREDIT": 499}, {}, 499), hide_external=1.0)
    assert (report.missing_more, report.out_of_range, report.is_stale) == ((), (), False)
    assert {one.value for one in report.to_measurements()} == {None}


def test_the_score_is_explained_by_what_was_lost(model: Model) -> None:
    # The tiny model reads four columns: 100 of 1,000 lost one to a range, 200 one to a category, and 0.025 is missing.
    warnings = {
        "out_of_range:AMT_CREDIT": 100,
        "unknown_category:NAME_CONTRACT_TYPE": 200,
        "out_of_range:AMT_ANNUITY": 7,
    }
    score = assess(model, QualityCounts(1_000, 0.9, warnings, {}, 0)).score
    assert score is not None
    assert (score.mean, score.out_of_range, score.unseen) == (0.9, 0.025, 0.05)
    assert score.missing == pytest.approx(0.025)
    assert assess_nothing(model).score is None


def assess_nothing(model: Model) -> QualityReport:
    counts = QualityCounts(0, None, {}, {}, 0)
    return assess_quality(counts, binned(model), profile_of(model), model.bundle.program, window=WINDOW)


def test_figures_name_their_column(model: Model) -> None:
    warnings = {"out_of_range:AMT_ANNUITY": 30}
    report = assess(model, QualityCounts(1_000, 0.9, warnings, {}, 0), hide_external=0.2)
    figures = {(one.metric, one.subject): one.value for one in report.to_measurements()}
    assert figures["out_of_range_rate", "AMT_ANNUITY"] == 0.03
    assert figures["missing_rise", "EXT_SOURCE_2"] == pytest.approx(0.2, abs=0.04)
    assert figures["missing_rise", "AMT_INCOME_TOTAL"] == 0.0
    assert figures["data_quality_score", ""] == 0.9
