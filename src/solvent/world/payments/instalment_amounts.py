"""What each instalment costs: the annuity, the rest of a loan repaid early, and changed schedules in new versions."""

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Floats
from solvent.world.drawing.money import to_thousandth
from solvent.world.payments.arrears import DueInstalments
from solvent.world.payments.instalment_loans import InstalmentLoans

AMOUNT_STEP = 0.045
_CHANGED_LOANS = 0.12
"""Share of loans whose schedule changes on the way, by a part repayment or an extension (an assumption)."""


def amounts_due(loans: InstalmentLoans, due: DueInstalments, draws: Draws) -> tuple[Floats, Floats]:
    """Return AMT_INSTALMENT and NUM_INSTALMENT_VERSION of each due instalment.

    The last instalment of a full term is a little below the annuity. A loan repaid early ends with the annuity and
    the debt that is left under the rule of 78, in a version of its own.
    """
    annuity, term, run = loans.annuity[due.loan], loans.term[due.loan], loans.run[due.loan]
    final = due.position == run - 1
    size = due.loan.shape[0]
    left = term - due.position
    interest = np.maximum(annuity * term - loans.credit[due.loan], 0.0)
    rest = annuity * left - interest * left * (left - 1) / (term * (term + 1.0))
    early = final & (run < term)
    below = annuity * (1 - np.minimum(draws.exponential(0.005, size), 0.5))
    factor, version = _changes(loans, due, draws)
    amount = np.where(early, np.maximum(rest, 0.3 * annuity), np.where(final, below, annuity))
    same = draws.chance(0.12, size)
    return to_thousandth(amount * factor), version + (early & ~same)


def _changes(loans: InstalmentLoans, due: DueInstalments, draws: Draws) -> tuple[Floats, Floats]:
    """Return the factor on the annuity and the version of each instalment under the changes on the way."""
    size = loans.term.shape[0]
    changed = draws.chance(_CHANGED_LOANS, size) & (loans.term >= 4)
    at = np.ceil(loans.run * (0.05 + 0.6 * draws.uniform(size)))
    ratio = np.where(changed, np.exp(np.minimum(-0.12 + 0.4 * draws.normal(size), 0.8)), 1.0)
    restless = changed & draws.chance(0.3, size)
    since = due.position - at[due.loan]
    after = changed[due.loan] & (since >= 0)
    second = draws.chance(0.4, size)[due.loan].astype(np.float64)
    more = np.where(restless[due.loan], since, second)
    return np.where(after, ratio[due.loan], 1.0), np.where(after, 2.0 + np.minimum(more, 40.0), 1.0)
