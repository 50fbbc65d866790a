import pytest
from small_programs import application, bureau, compile_all, instalments

from document_features import FIGURES, PAGE, read_figures, render_page
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.aggregates import count, grouped, longest_run, mean, median, run_count, share, total
from solvent.features.catalogue import build_program
from solvent.features.documentation import LONGEST_FORMULA, Seen, render_catalogue
from solvent.features.language import Expression, ratio, sum_present

PER_LOAN = grouped(instalments, by="SK_ID_PREV").value(total(instalments.AMT_PAYMENT))

WHOLE_COUNT = grouped(instalments, by="SK_ID_PREV", each="NUM_INSTALMENT_NUMBER").value(count(instalments))


def test_the_page_is_what_the_declarations_say_now() -> None:
    """Stale? Run `python tools/document_features.py`."""
    assert PAGE.read_text(encoding="utf-8") == render_page(*read_figures())


def test_every_feature_has_been_seen_in_a_world() -> None:
    _, seen = read_figures(FIGURES)
    assert list(seen) == list(build_program(FORBIDDEN_COLUMNS).names)


@pytest.mark.parametrize(
    ("expression", "row"),
    [
        (application.AMT_CREDIT, "AMT_CREDIT | count | raw"),
        (ratio(application.AMT_CREDIT, application.AMT_ANNUITY), "(AMT_CREDIT / AMT_ANNUITY) | count | derived"),
        (count(bureau, where=bureau.DAYS_CREDIT >= -9), "count of rows where (-9 <= DAYS_CREDIT) | count | count"),
        (
            share(bureau.CREDIT_ACTIVE == "Active", last=3, by=bureau.DAYS_CREDIT),
            "share of CREDIT_ACTIVE is Active, last 3 by DAYS_CREDIT | count | history",
        ),
        (mean(PER_LOAN), "mean of sum of AMT_PAYMENT per SK_ID_PREV | count | history"),
        (median(bureau.DAYS_CREDIT), "0.5 quantile of DAYS_CREDIT | count | history"),
        (run_count(bureau.DAYS_CREDIT), "run count of DAYS_CREDIT | count | count"),
        (
            longest_run(WHOLE_COUNT),
            "longest run of count of rows per SK_ID_PREV and NUM_INSTALMENT_NUMBER | count | count",
        ),
    ],
)
def test_a_formula_reads_aloud(expression: Expression, row: str) -> None:
    page = render_catalogue(compile_all(expression), {}, source="nobody")
    assert f"| `value_0` | a value | {row} | PROFILE |" in page


def test_shows_the_share_missing_and_the_range_seen() -> None:
    page = render_catalogue(compile_all(application.AMT_CREDIT), {"value_0": Seen(0.125, 1.0, 2e6)}, source="a world")
    assert "| application.AMT_CREDIT | 12.5% | 1 to 2e+06 |" in page
    assert "Shares missing and ranges: a world." in page


def test_cuts_a_formula_that_nobody_would_read() -> None:
    columns = [application.column(f"FLAG_DOCUMENT_{number}") for number in range(2, 22)]
    page = render_catalogue(compile_all(sum_present(*columns)), {}, source="nobody")
    (formula,) = (line.split(" | ")[2] for line in page.splitlines() if line.startswith("| `value_0`"))
    assert len(formula) == LONGEST_FORMULA + len("...")
