"""Drift: rings on a planted shift whatever the number of decisions, and is silent without one."""

import numpy as np
import pytest
from watched import CONTRACT, INCOME, WINDOW, binned, draw, drift_of, profile_of, scored

from solvent.bundle.reference import ScoredRows
from solvent.monitoring.binning import Sample, count_decisions, expected_counts
from solvent.monitoring.drift import Cause, FeatureDrift
from solvent.scoring.model import Model
from tiny_model import draw_rows


def named(features: tuple[FeatureDrift, ...]) -> list[str]:
    return [one.feature for one in features]


@pytest.mark.parametrize("seed", range(20))
def test_is_silent_where_nothing_changed(model: Model, seed: int) -> None:
    report = drift_of(model, draw(model, 1_000, seed=seed))
    assert report.verdict == "no drift"
    assert report.drifted == ()
    assert report.causes == ()


@pytest.mark.parametrize("decisions", [2_000, pytest.param(200_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("shift", "verdict", "drifted"),
    [(1.0, "no drift", []), (0.95, "no drift", []), (0.6, "drift", ["external"])],
)
def test_the_verdict_does_not_depend_on_the_number_of_decisions(
    model: Model, decisions: int, shift: float, verdict: str, drifted: list[str]
) -> None:
    report = drift_of(model, draw(model, decisions, shift_external=shift))
    assert (report.verdict, named(report.drifted)) == (verdict, drifted)


@pytest.mark.parametrize("decisions", [2_000, 20_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_few_values_newly_missing_are_no_drift_at_any_size(model: Model, decisions: int) -> None:
    rows = draw(model, decisions)
    assert not np.isnan(rows.values[:, INCOME]).any()
    rows.values[: decisions // 40, INCOME] = np.nan
    assert drift_of(model, rows).verdict == "no drift"


@pytest.mark.parametrize("decisions", [2_000, 20_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_an_emptied_decile_moved_far_at_every_size(model: Model, decisions: int) -> None:
    rows = draw(model, decisions)
    income = rows.values[:, INCOME]
    income[income < np.quantile(income, 0.12)] = np.median(income)
    assert named(drift_of(model, rows).moved) == ["income"]


def test_an_important_feature_that_drifted_is_drift_by_itself(model: Model) -> None:
    report = drift_of(model, draw(model, 2_000, bend_external=1.6))
    assert report.moved == ()
    assert named(report.important_drifted) == ["external"]
    assert Cause.IMPORTANT_FEATURE in report.causes
    assert report.has_input_drift


def test_a_feature_on_which_little_rests_must_move_far(model: Model) -> None:
    assert drift_of(model, draw(model, 2_000, shift_income=0.95)).causes == ()
    report = drift_of(model, draw(model, 2_000, shift_income=0.3))
    assert named(report.moved) == ["income"]
    assert report.causes == (Cause.FEATURE_MOVED,)
    assert not report.is_retraining_recommended


def test_the_threshold_is_a_share_of_the_features(model: Model) -> None:
    report = drift_of(model, draw(model, 2_000, shift_income=0.3), threshold=1 / 6)
    assert report.drifted_share == pytest.approx(1 / 6)
    assert report.weighted_share == pytest.approx(profile_of(model).importances[0])
    assert report.causes == (Cause.FEATURE_MOVED, Cause.FEATURE_SHARE)
    assert report.is_retraining_recommended


def test_shares_are_weighted_by_what_the_model_rests_on(model: Model) -> None:
    report = drift_of(model, draw(model, 2_000, shift_external=0.5))
    assert report.weighted_share == pytest.approx(profile_of(model).importances[2])
    assert report.weighted_share > 0.3 > report.drifted_share
    assert Cause.WEIGHTED_SHARE in report.causes
    assert report.is_retraining_recommended


def test_a_score_that_moved_is_told_apart_from_its_inputs(model: Model) -> None:
    quiet = draw(model, 2_000)
    report = drift_of(model, ScoredRows(quiet.values, quiet.scores + 0.8, quiet.probabilities))
    assert report.causes == (Cause.SCORE,)
    assert report.has_score_drift
    assert not report.has_input_drift


def test_a_category_is_compared_by_its_shares(model: Model) -> None:
    values, _ = draw_rows(2_000, seed=3)
    values[:, CONTRACT] = np.random.default_rng(3).random(2_000) < 0.05
    report = drift_of(model, scored(model, values))
    assert "contract" in named(report.drifted)


def test_too_few_decisions_get_no_verdict(model: Model) -> None:
    report = drift_of(model, draw(model, 499, hide_external=1.0))
    assert report.verdict == "not enough data"
    assert not report.is_detected
    assert {one.value for one in report.to_measurements()} == {None}
    assert drift_of(model, draw(model, 500, hide_external=1.0)).verdict == "drift"


def test_every_figure_is_a_measurement_of_its_window(model: Model) -> None:
    report = drift_of(model, draw(model, 2_000, hide_external=0.3))
    figures = {(one.metric, one.subject): one for one in report.to_measurements()}
    assert figures["drifted_share", ""].value == pytest.approx(1 / 6)
    assert figures["features_moved", ""].value == 1
    assert figures["important_features_drifted", ""].value == 1
    assert figures["features_moved", ""].counted == ("external",)
    assert figures["important_features_drifted", ""].counted == ("external",)
    assert figures["feature_psi", "income"].value == 0.0
    assert (figures["feature_psi", "external"].value or 0.0) > 0.25
    assert {one.window for one in figures.values()} == {WINDOW}
    assert {one.count for one in figures.values()} == {2_000}


def test_the_parts_of_a_stream_add_up(model: Model) -> None:
    whole = draw(model, 1_000)
    halves = (whole.rows(np.arange(400)), whole.rows(np.arange(400, 1_000)))
    first, second = binned(model, whole), binned(model, *halves)
    assert [found.tolist() for found in first.features] == [found.tolist() for found in second.features]
    assert first.score.tolist() == second.score.tolist()
    assert (first.decisions, first.thin_files) == (second.decisions, second.thin_files)


def test_the_reference_counts_as_many_rows_as_it_had(model: Model) -> None:
    reference = expected_counts(profile_of(model))
    assert reference.decisions == 2_000
    assert [int(counts.sum()) for counts in reference.features] == [2_000] * 6
    drawn = count_decisions([draw(model, 2_000, seed=20261123)], profile_of(model), model.bundle.program)
    assert [one.tolist() for one in drawn.features] == [one.tolist() for one in reference.features]
    assert drawn.thin_files == reference.thin_files


def test_a_sample_of_a_stream_is_uniform_and_seeded(model: Model) -> None:
    whole = draw(model, 1_000)
    numbered = ScoredRows(whole.values, np.arange(1_000.0), whole.probabilities)
    parts = [numbered.rows(np.arange(start, min(start + 300, 1_000))) for start in range(0, 1_000, 300)]

    def kept(seed: int) -> list[float]:
        sample = Sample(100, seed=seed)
        assert sum(len(part) for part in sample.watch(parts)) == 1_000
        assert sample.rows is not None
        return [float(place) for place in sample.rows.scores]

    found = kept(7)
    assert len(set(found)) == 100
    assert found == kept(7) != kept(8)
    assert np.mean(found) == pytest.approx(499.5, abs=3 * 1_000 / np.sqrt(12 * 100))
