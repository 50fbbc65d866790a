"""The model card says what the report says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from example_report import REPORT
from small_portfolio import PROGRAM

from solvent.domain.promotion import Gate, Worsening
from solvent.training.challenge import Challenge
from solvent.training.comparison import ComparedModel, Comparisons
from solvent.training.fairness import Disparity, FairnessReport
from solvent.training.groups import Group, GroupFigures
from solvent.training.intervals import UNDEFINED, Estimate
from solvent.training.model_card import render_model_card
from solvent.training.population import ChampionComparison, Population

CARD = render_model_card(REPORT, PROGRAM)


@pytest.mark.parametrize(
    "line",
    [
        "Applications with a probability of default of 0.0912 or more are refused.",
        "A bad payer accepted costs 10, a good payer refused 1. Risk is MEDIUM from 0.0456 and HIGH from 0.0912.",
        "| fit | 51,000 | 5,100 |",
        (
            "6 features from application, of which 1 are categories. "
            "None of them reads CNT_FAM_MEMBERS, CODE_GENDER, NAME_FAMILY_STATUS, NAME_TYPE_SUITE."
        ),
        "10,000 applications, 1,000 defaults.",
        "| AUC | 0.7850 (0.7750 to 0.7950) |",
        "| Expected calibration error | 0.0040 (0.0020 to 0.0060) |",
        "| The same as it shows | 0.0055 |",
        "| What true probabilities show on average | 0.0041 |",
        "|  | At 0.0912 | At 0.5000 |",
        "| True negatives | 6,600 | 6,600 |",
        "| Precision | 0.2100 (0.2000 to 0.2200) | undefined |",
        "| Cost | 6,000 (5,800 to 6,200) | 6,000 (5,800 to 6,200) |",
        "Method: platt.",
        "| 5,000 | 0.1500 | 0.1520 |",
        "| ext_source_2 | raw EXT_SOURCE_2 | 60.0% |",
    ],
)
def test_says_what_the_report_says(line: str) -> None:
    assert line in CARD


def test_has_a_section_for_each_question() -> None:
    assert [line for line in CARD.splitlines() if line.startswith("#")] == [
        "# Model card",
        "## Use",
        "## Features",
        "## Data",
        "## Test split",
        "## Decisions on the test split",
        "## Calibration",
        "## Risk bands",
        "## Most important features",
        "## Limits",
    ]


FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)


def figure(value: float) -> Estimate:
    return Estimate(value, value - 0.01, value + 0.01)


DETAILED = replace(
    REPORT,
    segments=(Group("history", "thin file", 90, 5, None),),
    fairness=FairnessReport(
        groups=(Group("sex", "F", 6_000, 500, GroupFigures(*(figure(0.1 * number) for number in range(1, 8)))),),
        disparities=(Disparity("sex", 2, figure(0.93), figure(0.04)),),
        sex_from_features=figure(0.81),
        sex_from_probability=figure(0.55),
    ),
    population=Population(
        "decision log", 12_000, 0, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC), 15_000, 3_000
    ),
    challenge=ChampionComparison(
        "2026.1.1+abcdef", Challenge(1_800, 140, (Worsening(Gate.AUC, 0.78, 0.79, -0.01, -0.02, 0.0),))
    ),
    comparisons=Comparisons(
        ladder=(ComparedModel("full", "the champion", 400, 0.09, figure(0.79), UNDEFINED, *[figure(0.2)] * 4),)
    ),
)


@pytest.mark.parametrize(
    "line",
    [
        "| History: thin file | 90 | 5 | too few | too few | too few | too few | too few | too few |",
        "| Sex: F | 6,000 | 500 | 0.100 (0.090 to 0.110) | 0.200 (0.190 to 0.210) |",
        "- Sex: lowest over highest approval rate 0.930 (0.920 to 0.940); gap in the share",
        "- Sex told from the features: AUC 0.810 (0.800 to 0.820); from the probability",
        "12,000 matured decisions of the log, 2026-01-01 to 2026-09-01. None of them was refused: the model",
        "Champion 2026.1.1+abcdef on the same 1,800 held-out decisions.",
        "| AUC | 0.7800 | 0.7900 | -0.0100 (-0.0200 to 0.0000) |",
        "| full | the champion | 400 | 0.7900 (0.7800 to 0.8000) | undefined |",
    ],
)
def test_says_what_else_is_known(line: str) -> None:
    assert line in render_model_card(DETAILED, PROGRAM)
