"""What becomes of the clients in the twelve months after their application, and when the lender learns it."""

import numpy as np

from solvent.domain.outcomes import OutcomeKind
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.events.arrivals import DAY

MONTH = round(365.25 / 12 * DAY)
MONTHS_TO_MATURE = 12
MONTHS_FROM_MISSED_TO_DEFAULT = 3
"""A default is an instalment 90 days late."""

FIRST_MISSED = (0.16, 0.17, 0.15, 0.13, 0.11, 0.09, 0.08, 0.06, 0.05)
"""Of the clients that default, the shares whose first instalment never made up for is that of month 1, 2, ... 9."""

CURED_FIRST, CURED_LATE = 0.3, 0.5
"""A client that does not default shows the early sign with its true probability of default times this.

Nothing published tells these figures or those of `FIRST_MISSED`: they are assumptions (docs/decisions/0010).
"""

KINDS = tuple(OutcomeKind)


def mature(truth: Table, draws: Draws, *, delay: Integers) -> Table:
    """Return the outcomes of clients in client order, each client's by time.

    Args:
        truth: SK_ID_CURR, true_probability_default, defaulted and applied_at of n clients.
        draws: the stream to draw from, always the same number of values for n clients.
        delay: microseconds after which each client's outcomes are reported, int64 (n,).

    Returns:
        SK_ID_CURR, kind, observed_at, reported_at and defaulted (1, 0, or NaN for an early sign). A sign has a row
        where it shows; every client has a row `matured`.
    """
    defaulted = np.asarray(truth["defaulted"]) == 1
    missed = _first_missed(defaulted, draws)
    first, late = _early_signs(np.asarray(truth["true_probability_default"], dtype=np.float64), missed, draws)
    everybody = np.ones(defaulted.shape[0], dtype=np.bool_)
    final = np.where(defaulted, 1.0, 0.0)
    parts = (
        _rows(0, first, np.ones_like(missed), np.full(final.shape, np.nan)),
        _rows(1, late, np.full_like(missed, 3), np.full(final.shape, np.nan)),
        _rows(2, defaulted, missed + MONTHS_FROM_MISSED_TO_DEFAULT, final),
        _rows(3, everybody, np.full_like(missed, MONTHS_TO_MATURE), final),
    )
    client, kind, months, answer = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.lexsort((kind, months, client))
    client, kind, months = client[order], kind[order], months[order]
    observed_at = np.asarray(truth["applied_at"], dtype=np.int64)[client] + months * MONTH
    return {
        "SK_ID_CURR": np.asarray(truth["SK_ID_CURR"], dtype=np.int64)[client],
        "kind": Coded(kind, KINDS),
        "observed_at": observed_at,
        "reported_at": observed_at + delay[client],
        "defaulted": answer[order],
    }


def _first_missed(defaulted: Flags, draws: Draws) -> Integers:
    """Return the month of the first instalment never made up for, 1 to 9; 99 for who does not default."""
    month = np.searchsorted(np.cumsum(FIRST_MISSED)[:-1], draws.uniform(defaulted.shape[0]), side="right") + 1
    return np.where(defaulted, month, 99).astype(np.int64)


def _early_signs(probability: Floats, missed: Integers, draws: Draws) -> tuple[Flags, Flags]:
    """Return who missed the first payment, and who was 30 days late at month 3."""
    repays = missed == 99
    cured_first = draws.chance(CURED_FIRST * probability, missed.shape[0])
    cured_late = draws.chance(CURED_LATE * probability, missed.shape[0])
    first: Flags = (missed == 1) | (repays & cured_first)
    late: Flags = (missed <= 2) | (repays & cured_late)
    return first, late


def _rows(kind: int, where: Flags, months: Integers, answer: Floats) -> tuple[Integers, Integers, Integers, Floats]:
    client = np.flatnonzero(where).astype(np.int64)
    return client, np.full_like(client, kind), months[client], answer[client]
