"""Every feature that a model is given, in order."""

from solvent.features import (
    across,
    application,
    bureau,
    credit_card,
    installments,
    pos_cash,
    previous_applications,
)
from solvent.features.compilation import compile_features
from solvent.features.program import Program


def build_program(forbidden: frozenset[str]) -> Program:
    """Compile the catalogue.

    Args:
        forbidden: application columns that no feature may read; their raw columns are left out.

    Raises:
        ForbiddenFeatureError: a declared feature reads one of them.
    """
    declarations = (
        *application.declare_raw_columns(forbidden),
        *application.DECLARATIONS,
        *bureau.DECLARATIONS,
        *previous_applications.DECLARATIONS,
        *pos_cash.DECLARATIONS,
        *installments.DECLARATIONS,
        *credit_card.DECLARATIONS,
        *across.DECLARATIONS,
    )
    return compile_features(declarations, forbidden=forbidden)
