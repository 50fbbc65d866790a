"""Marks that stand for something missing, in the raw tables and in the names of the published statistics."""

from typing import Final

NO_DATE: Final = 365243.0
"""The raw tables' days for a date that does not exist, some thousand years ahead; DAYS_EMPLOYED: not employed."""

MISSING: Final = "__missing"
"""Ending of the name of a column's missing flag."""

MISSING_LABEL: Final = "__missing__"
"""Text that stands for a missing one in published shares."""
