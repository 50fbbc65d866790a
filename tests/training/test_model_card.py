"""The model card says what the report says."""

import pytest
from example_report import REPORT
from small_portfolio import PROGRAM

from solvent.training.model_card import render_model_card

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
        "## Data",
        "## Features",
        "## Test split",
        "## Decisions on the test split",
        "## Calibration",
        "## Most important features",
        "## Limits",
    ]
