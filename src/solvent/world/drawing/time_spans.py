"""Days of the mean (Julian) year and of its twelfth."""

from typing import Final

YEAR_DAYS: Final = 365.25
MONTH_DAYS: Final = YEAR_DAYS / 12
