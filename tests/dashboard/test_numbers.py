import pytest

from solvent.dashboard.numbers import format_amount
from solvent.dashboard.texts.language import Language


@pytest.mark.parametrize(
    ("amount", "english", "french"),
    [
        (585_613.4, "585,613", "585\u202f613"),
        (29_562_310_000.0, "29.56\u00a0bn", "29,56\u00a0Md"),
        (231_450_000.0, "231.4\u00a0m", "231,4\u00a0M"),
    ],
)
def test_large_amounts_are_shortened_so_that_they_fit(amount: float, english: str, french: str) -> None:
    assert format_amount(amount, Language.ENGLISH) == english
    assert format_amount(amount, Language.FRENCH) == french
