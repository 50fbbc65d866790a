"""What the page of a model says of rivals and fairness, from an evaluation whose figures are literal."""

from streamlit.testing.v1 import AppTest


def show_full_evaluation() -> None:
    from solvent.dashboard.blocks import Note  # noqa: PLC0415 - the test runs this function by its text alone
    from solvent.dashboard.model_blocks import show_comparisons, show_fairness  # noqa: PLC0415
    from solvent.dashboard.visit import start_visit  # noqa: PLC0415

    def figure(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.01, "high": value + 0.01}

    names = ("auc", "auc_difference", "log_loss", "calibration_error", "cost_per_application")
    rivals = [
        {"name": name, "description": what, "features": 9, **{key: figure(auc) for key in names}}
        for name, what, auc in (("champion", "tuned", 0.78), ("scorecard", "binned", 0.74))
    ]
    groups = ("default_rate", "auc", "calibration_gap", "approval_rate", "good_payers_approved", "cost_per_application")
    fairness = {
        "disparities": [{"attribute": "sex", "approval_ratio": figure(0.9), "opportunity_gap": figure(0.05)}],
        "sex_from_features": figure(0.6),
        "sex_from_probability": figure(0.55),
        "groups": [
            {
                "trait": "sex",
                "label": "F",
                "rows": 900,
                "defaults": 70,
                "figures": {key: figure(0.5) for key in groups},
            },
            {"trait": "sex", "label": "M", "rows": 9, "defaults": 1, "figures": None},
        ],
    }
    evaluation = {"rivals": rivals, "ladder": [], "fairness": fairness}
    show_comparisons(start_visit(), evaluation, Note("SELECT 1", 10))
    show_fairness(start_visit(), evaluation, Note("SELECT 1", 10))


def show_bare_evaluation() -> None:
    from solvent.dashboard.blocks import Note  # noqa: PLC0415
    from solvent.dashboard.model_blocks import show_comparisons, show_fairness  # noqa: PLC0415
    from solvent.dashboard.visit import start_visit  # noqa: PLC0415

    show_comparisons(start_visit(), {}, Note("SELECT 1", 10))
    show_fairness(start_visit(), {}, Note("SELECT 1", 10))


def test_rivals_stand_in_a_table_and_groups_too_small_have_no_figures() -> None:
    page = AppTest.from_function(show_full_evaluation, default_timeout=60).run()
    assert not page.exception
    rivals, groups = (table.value for table in page.dataframe)
    assert list(rivals["Model"]) == ["champion", "scorecard"]
    assert list(rivals["AUC"]) == [0.78, 0.74]
    assert list(groups["Group"]) == ["Sex: F", "Sex: M"]
    assert groups["Approved"].isna().tolist() == [False, True]
    assert [heading.value for heading in page.subheader] == ["Rivals", "Fairness"]


def test_disparities_are_told_with_their_intervals() -> None:
    page = AppTest.from_function(show_full_evaluation, default_timeout=60).run()
    told = "\n".join(text.value for text in page.markdown)
    assert (
        "- Sex: lowest over highest approval rate 0.9 (0.89 to 0.91); gap in the share of good payers approved "
        "0.05 (0.04 to 0.06)."
    ) in told


def test_an_evaluation_without_them_names_the_commands_that_make_them() -> None:
    page = AppTest.from_function(show_bare_evaluation, default_timeout=60).run()
    assert not page.exception
    assert [one.value for one in page.markdown if one.value.startswith("`")] == [
        "`solvent train --data DIR --out BUNDLE --rivals`",
        "`solvent train --data DIR --out BUNDLE`",
    ]
