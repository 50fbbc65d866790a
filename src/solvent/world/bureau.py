"""The loans at other lenders: bureau rows that add up to the client's figures, and their monthly statuses."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.draws import Draws
from solvent.world.marginals import Coded, Flags, Floats, Table
from solvent.world.money import CENT_STEP, to_step
from solvent.world.published import Facts
from solvent.world.rows import Rows, choose, rank_within, rows_of, sum_within

OLDEST_DAY = -2922.0
"""The bureau reports eight years."""

_TYPICAL_SIZE = {
    "Mortgage": 12.0,
    "Car loan": 4.0,
    "Loan for business development": 6.0,
    "Microloan": 0.1,
    "Credit card": 0.8,
}
_NO_LIMIT_END = (27000.0, 31200.0)
"""Cards without a term carry an end date some 80 years ahead (2 % of the rows)."""


@dataclass(frozen=True)
class BureauLoans:
    """The bureau table, the rows' owners, and the day each loan ended (NaN while it is active)."""

    table: Table
    rows: Rows
    opened: Floats
    ended: Floats


def make_bureau(facts: Facts, figures: ClientFigures, draws: Draws) -> BureauLoans:
    """Return the bureau rows of these clients without keys (SK_ID_BUREAU, SK_ID_CURR), in client order."""
    rows = rows_of(figures.count("bureau_count").astype(np.int64))
    opened = _opening_days(figures, rows, draws)
    kind = _types(facts, figures, rows, draws)
    active = _active(figures, rows, (opened, kind.equals("Credit card")), draws)
    ends, ended = _end_days(opened, active, kind, draws)
    credit, debt = _amounts(figures, rows, (kind, active), draws)
    size = opened.shape[0]
    sold = ~active & draws.chance(0.0063, size)
    table: Table = {
        "CREDIT_ACTIVE": Coded(np.where(active, 0, np.where(sold, 2, 1)), ("Active", "Closed", "Sold")),
        "CREDIT_CURRENCY": choose(facts.histories["bureau"]["currency"], size, draws),
        "DAYS_CREDIT": opened,
        "DAYS_CREDIT_ENDDATE": ends,
        "DAYS_ENDDATE_FACT": ended,
        "CNT_CREDIT_PROLONG": _counts(facts.histories["bureau"]["prolong"], size, draws),
        "AMT_CREDIT_SUM": credit,
        "AMT_CREDIT_SUM_DEBT": _with_gaps(debt, np.where(active, 0.124, 0.167), draws),
        "AMT_CREDIT_SUM_LIMIT": _limits(kind, active, credit - debt, draws),
        "CREDIT_TYPE": kind,
        "DAYS_CREDIT_UPDATE": _update_days(active, ended, draws),
        "AMT_ANNUITY": _annuities(rows, credit, draws),
    }
    _add_overdue(table, figures, rows, active, draws)
    return BureauLoans(table, rows, opened, ended)


def _opening_days(figures: ClientFigures, rows: Rows, draws: Draws) -> Floats:
    """Return DAYS_CREDIT: the latest loan at the client's maximum, the others so that the mean is the client's."""
    mean, count = figures["bureau_days_credit_mean"], figures.count("bureau_count")
    latest = np.where(count == 1, mean, np.maximum(figures["bureau_days_credit_max"], mean))
    others = (mean * count - latest) / np.maximum(count - 1, 1)
    share = np.clip((others - OLDEST_DAY) / np.maximum(latest - OLDEST_DAY, 1), 0.02, 0.98)
    spread = draws.uniform(rows.owner.shape[0]) ** ((1 - share) / share)[rows.owner]
    day = OLDEST_DAY + (latest[rows.owner] - OLDEST_DAY) * spread
    return np.clip(np.rint(np.where(rows.position == 0, latest[rows.owner], day)), OLDEST_DAY, -1.0)


def _types(facts: Facts, figures: ClientFigures, rows: Rows, draws: Draws) -> Coded:
    shares = dict(facts.histories["bureau"]["type"])
    other = choose({name: share for name, share in shares.items() if name != "Credit card"}, rows.owner.shape[0], draws)
    cards = figures.count("bureau_credit_card_count")[rows.owner]
    is_card = rank_within(rows, draws.uniform(rows.owner.shape[0])) < cards
    return Coded(np.where(is_card, len(other.labels), other.codes), (*other.labels, "Credit card"))


def _active(figures: ClientFigures, rows: Rows, known: tuple[Floats, Flags], draws: Draws) -> Flags:
    """Return which loans are open: as many as the client has, the recent ones and the cards first."""
    opened, is_card = known
    score = opened / 700 + 1.2 * is_card + 0.8 * draws.normal(opened.shape[0])
    return rank_within(rows, -score) < figures.count("bureau_active_count")[rows.owner]


def _end_days(opened: Floats, active: Flags, kind: Coded, draws: Draws) -> tuple[Floats, Floats]:
    size = opened.shape[0]
    term = np.exp(6.35 + 0.75 * draws.normal(size))
    term = np.where(kind.equals("Mortgage"), 9 * term, np.where(kind.equals("Car loan"), 2 * term, term))
    span = -opened * np.where(draws.chance(0.2, size), draws.uniform(size), 1.0)
    ended = np.minimum(opened + np.minimum(term * (0.35 + 0.75 * draws.uniform(size)), span), -1.0)
    late_end = np.where(draws.chance(0.15, size), opened + term, term * draws.uniform(size))
    planned = np.where(active, late_end, opened + term)
    endless = active & kind.equals("Credit card") & draws.chance(0.12, size)
    planned = np.where(endless, _NO_LIMIT_END[0] + draws.uniform(size) * (_NO_LIMIT_END[1] - _NO_LIMIT_END[0]), planned)
    ends = _with_gaps(np.rint(planned), np.where(active, 0.113, 0.025), draws)
    return ends, np.where(active, np.nan, np.rint(ended))


def _amounts(figures: ClientFigures, rows: Rows, known: tuple[Coded, Flags], draws: Draws) -> tuple[Floats, Floats]:
    """Return credit and debt of each loan: per client they add up to its credit and debt sums, as far as they can."""
    kind, active = known
    typical = np.array([_TYPICAL_SIZE.get(label, 1.0) for label in kind.labels])[kind.codes]
    weight = typical * np.exp(0.9 * draws.normal(rows.owner.shape[0]))
    weight = np.where(kind.equals("Credit card") & draws.chance(0.12, weight.shape[0]), 0.0, weight) + 1e-9
    credit = figures.count("bureau_credit_sum")[rows.owner] * weight / sum_within(rows, weight)[rows.owner]
    credit = _round_amounts(credit, draws)
    wanted = figures.count("bureau_debt_sum")
    room = credit * active * (0.05 + draws.uniform(credit.shape[0]))
    total = sum_within(rows, room)
    share = np.where(total > 0, wanted / np.maximum(total, 1.0), 0.0)[rows.owner]
    debt = np.where(active, np.round(room * share, 1), 0.0)
    return np.where(debt > credit, np.maximum(credit, to_step(debt * 1.1, CENT_STEP)), credit), debt


def _round_amounts(amounts: Floats, draws: Draws) -> Floats:
    """Return amounts of which a third are multiples of 22,500, a quarter of 4,500, and the rest of 4.5."""
    which = draws.uniform(amounts.shape[0])
    step = np.where(amounts < 22500, 4.5, np.where(which < 0.33, 22500.0, np.where(which < 0.58, 4500.0, 4.5)))
    return to_step(amounts, step)


def _counts(shares: dict[str, float], size: int, draws: Draws) -> Floats:
    drawn = choose(shares, size, draws)
    return np.array([float(label) for label in drawn.labels])[drawn.codes]


def _with_gaps(values: Floats, share: Floats, draws: Draws) -> Floats:
    return np.where(draws.uniform(values.shape[0]) < share, np.nan, values)


def _limits(kind: Coded, active: Flags, unused: Floats, draws: Draws) -> Floats:
    has_limit = kind.equals("Credit card") & active & draws.chance(0.33, unused.shape[0])
    limit = np.where(has_limit, np.maximum(np.round(unused, 1), 0.0), 0.0)
    return _with_gaps(limit, np.where(active, 0.272, 0.36), draws)


def _update_days(active: Flags, ended: Floats, draws: Draws) -> Floats:
    fresh = -np.floor(draws.exponential(22.0, active.shape[0]))
    after = np.minimum(np.nan_to_num(ended) + np.floor(draws.exponential(90.0, active.shape[0])), 0.0)
    return np.clip(np.where(active, fresh, np.where(draws.chance(0.15, active.shape[0]), fresh, after)), OLDEST_DAY, 0)


def _annuities(rows: Rows, credit: Floats, draws: Draws) -> Floats:
    """Return AMT_ANNUITY: reported for a quarter of the clients, half of the time as 0."""
    reported = draws.chance(0.27, rows.count.shape[0])[rows.owner] & draws.chance(0.85, credit.shape[0])
    annuity = np.where(
        draws.chance(0.5, credit.shape[0]), 0.0, np.rint(credit * (0.03 + 0.09 * draws.uniform(credit.shape[0])))
    )
    return np.where(reported, annuity, np.nan)


def _add_overdue(table: Table, figures: ClientFigures, rows: Rows, active: Flags, draws: Draws) -> None:
    """Put the client's largest overdue amount on one loan, and what is overdue now on its first open loan."""
    size = rows.owner.shape[0]
    worst = figures["bureau_max_overdue"][rows.owner]
    chosen = rank_within(rows, draws.uniform(size)) == 0
    other = np.where(draws.chance(0.1, size), worst * draws.uniform(size), 0.0)
    listed = ~np.isnan(worst) & (chosen | draws.chance(0.5, size))
    table["AMT_CREDIT_MAX_OVERDUE"] = np.where(listed, np.round(np.where(chosen, worst, other), 1), np.nan)
    now = figures.count("bureau_overdue_sum")[rows.owner]
    first_open = active & (rank_within(rows, np.where(active, draws.uniform(size), 2.0)) == 0)
    overdue = np.where(first_open, np.round(now, 1), 0.0)
    table["AMT_CREDIT_SUM_OVERDUE"] = overdue
    days = np.ceil(draws.exponential(60.0, size))
    table["CREDIT_DAY_OVERDUE"] = np.where(overdue > 0, days, 0.0)
