"""Figures as people of each language write them."""

from datetime import datetime

from solvent.dashboard.texts.common import NO_FIGURE
from solvent.dashboard.texts.language import Language, Text

_NARROW_SPACE = "\u202f"
MOST_IN_FULL = 1e8
"""More digits do not fit into a tile."""
_LARGE = ((1e9, Text("bn", "Md")), (1e6, Text("m", "M")))


def format_count(count: int, language: Language) -> str:
    """A whole number with its thousands set apart."""
    return f"{count:,}".replace(",", _NARROW_SPACE) if language is Language.FRENCH else f"{count:,}"


def format_amount(amount: float, language: Language) -> str:
    """An amount of money in full, from a hundred million on in billions or millions with four digits."""
    if amount < MOST_IN_FULL:
        return format_count(round(amount), language)
    size, words = next(one for one in _LARGE if amount >= one[0])
    return f"{format_number(amount / size, language)}\u00a0{words.read(language)}"


def format_share(share: float | None, language: Language) -> str:
    """A share between 0 and 1 as a percentage with one decimal."""
    if share is None:
        return NO_FIGURE.read(language)
    return f"{_decimal(100 * share, language)}{_NARROW_SPACE}%" if language is Language.FRENCH else f"{share:.1%}"


def format_milliseconds(milliseconds: float | None, language: Language) -> str:
    """A duration with one decimal."""
    return NO_FIGURE.read(language) if milliseconds is None else f"{_decimal(milliseconds, language)} ms"


def format_number(number: float | None, language: Language, *, digits: int = 4) -> str:
    """A figure with so many significant digits."""
    if number is None:
        return NO_FIGURE.read(language)
    text = f"{number:,.{digits}g}" if abs(number) < 10_000 else f"{number:,.0f}"
    return text.replace(",", _NARROW_SPACE).replace(".", ",") if language is Language.FRENCH else text


def format_hour(time: datetime, language: Language) -> str:
    """A time to the minute, as the ends of windows are shown."""
    return f"{time:%d/%m/%Y %H:%M}" if language is Language.FRENCH else f"{time:%Y-%m-%d %H:%M}"


def format_time(time: datetime, language: Language) -> str:
    """A time to the second; it is shown in the zone that it carries."""
    return f"{time:%d/%m/%Y %H:%M:%S}" if language is Language.FRENCH else f"{time:%Y-%m-%d %H:%M:%S}"


def _decimal(number: float, language: Language) -> str:
    return f"{number:.1f}".replace(".", ",") if language is Language.FRENCH else f"{number:.1f}"
