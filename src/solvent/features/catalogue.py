"""Every feature that a model is given, in order."""

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features import (
    across,
    across_totals,
    application,
    application_terms,
    bureau,
    bureau_loans,
    bureau_months,
    card_windows,
    credit_card,
    installments,
    installments_whole,
    installments_windows,
    pos_cash,
    pos_windows,
    previous_applications,
    previous_loans,
)
from solvent.features.compilation import compile_features, read_columns
from solvent.features.language import Declaration
from solvent.features.program import APPLICATION, Program

DERIVED: tuple[Declaration, ...] = (
    *application.DECLARATIONS,
    *application_terms.DECLARATIONS,
    *bureau.DECLARATIONS,
    *bureau_loans.DECLARATIONS,
    *bureau_months.DECLARATIONS,
    *previous_applications.DECLARATIONS,
    *previous_loans.DECLARATIONS,
    *pos_cash.DECLARATIONS,
    *pos_windows.DECLARATIONS,
    *installments.DECLARATIONS,
    *installments_windows.DECLARATIONS,
    *installments_whole.DECLARATIONS,
    *credit_card.DECLARATIONS,
    *card_windows.DECLARATIONS,
    *across.DECLARATIONS,
    *across_totals.DECLARATIONS,
)
"""Everything that is computed, as against the raw columns of the application."""


def build_program(forbidden: frozenset[str], *, derived: tuple[Declaration, ...] = DERIVED) -> Program:
    """Compile the catalogue.

    Args:
        forbidden: application columns that no feature may read. Their raw columns are left out, and every computed
            feature that reads one which `FORBIDDEN_COLUMNS` does not name, also beside others.
        derived: the computed features.

    Raises:
        ForbiddenFeatureError: a computed feature reads one of `FORBIDDEN_COLUMNS`: the catalogue itself is at fault.
    """
    added = {f"{APPLICATION}.{column}" for column in forbidden - FORBIDDEN_COLUMNS}
    allowed = (one for one in derived if added.isdisjoint(read_columns(one.expression)))
    return compile_features((*application.declare_raw_columns(forbidden), *allowed), forbidden=forbidden)
