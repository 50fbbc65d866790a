"""Which earlier applications a client made: contract kinds, decisions, and the day of each.

A client begins with a loan for goods, is granted it, and then applies for more: cash loans and cards, of which many are
cancelled within days or refused several times on one day. Shares and quantiles in this module were measured on 5,542
earlier applications of 1,098 real clients; `history_rows.json` holds the margins that they add up to.
"""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers
from solvent.world.drawing.normal import normal_cdf, normal_quantile
from solvent.world.drawing.rows import Rows, rank_within, round_randomly, rows_of
from solvent.world.drawing.time_spans import MONTH_DAYS
from solvent.world.loans.previous_habits import Habits, habits_of
from solvent.world.published import Facts

CASH, CONSUMER, REVOLVING = 0, 1, 2
APPROVED, CANCELED, REFUSED, UNUSED = 0, 1, 2, 3
_KINDS, _STATUSES = ("cash", "consumer", "revolving"), ("approved", "canceled", "refused", "unused")
OLDEST_DAY, LATEST_DAY = -2922.0, -2.0

_COUNT_GROUPS = 12
_FIRST_IS_CASH = 0.085
_REFUSAL_WEIGHT = np.array([1.5, 0.16, 5.0])
"""Odds of a cash, consumer and card application to be the one that is not approved."""

_REFUSED_WEIGHT = np.array([0.57, 3.6, 1.35])
"""Odds of such a one to be refused rather than cancelled, or, for goods, left unused."""

_CANCELED_SINCE = -470.0
_SAME_DAY = np.array([[0.26, 0.62, 0.66, 0.5], [0.06, 0.5, 0.38, 0.25], [0.42, 0.66, 0.62, 0.5]])
"""Share of the applications made with the client's next one, by kind and decision."""

_UNLISTED_CARD_MONTHS = 95
"""Cards with so many statements were granted before the window and are not listed (an assumption: a tenth of them)."""

_DAY_BETWEEN_CLIENTS = (0.12, 0.6)
"""Share of the variance of the day between clients: of approved applications, and of others, which come in bouts."""


@dataclass(frozen=True)
class Applications:
    """The earlier applications in client order, newest first: owner, kind, decision, day, which is the card, habits."""

    rows: Rows
    kind: Integers
    status: Integers
    day: Floats
    card: Flags
    habits: Habits

    @property
    def visits(self) -> tuple[Integers, Floats, Floats]:
        """The visit of each row, and of each visit its day and the days since the client's one before (NaN: none)."""
        size = self.day.shape[0]
        begins = (self.rows.position == 0) | np.concatenate([[True], np.diff(self.day) != 0])[:size]
        at = np.flatnonzero(begins)
        day, owner = self.day[at], self.rows.owner[at]
        pause = np.full(at.shape[0], np.nan)
        same = owner[1:] == owner[:-1]
        pause[:-1][same] = (day[:-1] - day[1:])[same]
        return np.cumsum(begins) - 1, day, pause


def plan_applications(facts: Facts, figures: ClientFigures, draws: Draws) -> Applications:
    """Return what each client applied for, when, and what was decided."""
    rows = rows_of(figures.count("previous_count").astype(np.int64))
    kind, card, first = _kinds(figures, rows, draws)
    status = _decisions(figures, rows, kind, card | first, draws)
    day = _days(facts, figures, rows, (kind, status, first, card), draws)
    order = np.lexsort((-day, rows.owner))
    kind, day = kind[order], day[order]
    return Applications(rows, kind, status[order], day, card[order], habits_of(rows, kind, day))


def _standing(figures: ClientFigures, name: str, draws: Draws) -> Floats:
    """Return the client's standard normal score in a figure among the clients with as many applications.

    Shares of one application are 0 or 1 and those of many are fractions, so the figure counts among its like only.
    """
    group = np.minimum(figures.count("previous_count"), _COUNT_GROUPS).astype(np.int64)
    order = np.lexsort((draws.uniform(group.shape[0]), figures.count(name), group))
    size = np.bincount(group, minlength=_COUNT_GROUPS + 1)
    place = np.empty(group.shape[0])
    place[order] = np.concatenate([(np.arange(count) + 0.5) / count for count in size if count])
    return normal_quantile(place)


def _part(rows: Rows, logit: Floats, spread: float, standing: Floats, draws: Draws) -> Integers:
    """Return how many of a client's applications but the first are of a sort, a share that deviates between clients."""
    share = normal_cdf(logit * np.sqrt(1 + spread**2) + spread * standing)
    return round_randomly(np.maximum(rows.count - 1, 0) * share, draws)


def _kinds(figures: ClientFigures, rows: Rows, draws: Draws) -> tuple[Integers, Flags, Flags]:
    """Return contract kinds, which row is the client's card with statements, and which is its first application."""
    count, size = rows.count.astype(np.float64), rows.owner.shape[0]
    listed = figures.count("card_months") < _UNLISTED_CARD_MONTHS
    has_card = figures.has("card_months") & (count > 0) & listed
    extra = _part(
        rows, np.full(count.shape[0], -1.55), 0.8, _standing(figures, "previous_revolving_share", draws), draws
    )
    revolving = np.minimum(has_card + extra, count).astype(np.int64)
    leaning = np.interp(count, (2, 5, 9, 14), (-0.4, -0.1, 0.33, 0.45))
    cash = _part(rows, leaning, 1.0, _standing(figures, "previous_cash_share", draws), draws)
    order = rank_within(rows, np.where(rows.position == 0, 2.0, draws.uniform(size)))
    first = rows.position == 0
    kind = np.where(order < revolving[rows.owner], REVOLVING, CONSUMER)
    kind = np.where((kind == CONSUMER) & (order < (revolving + cash)[rows.owner]), CASH, kind)
    kind = np.where(first & (kind == CONSUMER) & draws.chance(_FIRST_IS_CASH, size), CASH, kind)
    card = has_card[rows.owner] & (order == 0)
    return kind, card, first


def _decisions(figures: ClientFigures, rows: Rows, kind: Integers, sure: Flags, draws: Draws) -> Integers:
    """Return decisions: cash loans are cancelled most, consumer loans approved most.

    `sure` rows are approved, and no other cards: a granted card has statements.
    """
    leaning = np.interp(rows.count, (2, 3, 5, 9, 14), (0.58, 0.33, 0.18, 0.02, -0.1))
    approved = 1 + _part(rows, leaning, 0.8, _standing(figures, "previous_approved_share", draws), draws)
    size = kind.shape[0]
    ease = draws.exponential(1.0, size) / _REFUSAL_WEIGHT[kind]
    approved_row = rank_within(rows, np.where(sure, -1e9, -ease)) < approved[rows.owner]
    denied = ~sure & (~approved_row | (kind == REVOLVING))
    often = np.interp(rows.count, (3, 5, 9, 14), (-1.0, -1.1, -0.75, -0.2))
    standing = normal_cdf(often + 1.1 * _standing(figures, "previous_refused_share", draws))
    odds = (standing / (1 - standing + 1e-9))[rows.owner] * _REFUSED_WEIGHT[kind]
    refused = draws.uniform(size) < odds / (1 + odds)
    kept = (figures.count("previous_days_decision_max") > _CANCELED_SINCE)[rows.owner]
    rest = np.where((kind == CONSUMER) & draws.chance(0.96, size), UNUSED, CANCELED)
    rest = np.where((kind == CASH) & draws.chance(0.0024, size), UNUSED, rest)
    refused |= (rest == CANCELED) & ~kept
    return np.where(denied, np.where(refused, REFUSED, rest), APPROVED)


def _days(
    facts: Facts, figures: ClientFigures, rows: Rows, known: tuple[Integers, Integers, Flags, Flags], draws: Draws
) -> Floats:
    """Return DAYS_DECISION: the newest at the client's maximum, the first application the oldest.

    A card lies as far back as its months with statements, up to the unknown day of the month.
    """
    kind, status, first, card = known
    size = kind.shape[0]
    newest = np.where(rows.count > 0, figures.count("previous_days_decision_max"), LATEST_DAY)[rows.owner]
    between = np.where(status == APPROVED, *_DAY_BETWEEN_CLIENTS)
    own = np.sqrt(between) * draws.normal(rows.count.shape[0])[rows.owner]
    place = normal_cdf(own + np.sqrt(1 - between) * draws.normal(size))
    day = newest.copy()
    shares = facts.history_assumptions["previous_application"]
    for of_kind, of_status in np.ndindex(len(_KINDS), len(_STATUSES)):
        chosen = np.flatnonzero((kind == of_kind) & (status == of_status))
        days, places = shares["day"][_KINDS[of_kind]][_STATUSES[of_status]], shares["day_places"]
        reach = np.interp(newest[chosen], days, places)
        drawn = np.interp(place[chosen] * reach, places, days)
        day[chosen] = np.where(reach > 0, drawn, newest[chosen])
    day = _first_is_oldest(rows, day, first & draws.chance(0.93, size))
    of_card = -MONTH_DAYS * (figures.count("card_months")[rows.owner] - 1.0 + draws.uniform(size))
    day = np.where(card, np.minimum(of_card, newest), day)
    day = np.where(rank_within(rows, np.where(card, np.inf, -day)) == 0, newest, day)
    return np.clip(
        np.rint(_gathered(rows, day, np.where(card, 0.0, _SAME_DAY[kind, status]), draws)), OLDEST_DAY, LATEST_DAY
    )


def _first_is_oldest(rows: Rows, day: Floats, first: Flags) -> Floats:
    """Return the days with that of the first application exchanged for the client's oldest one."""
    oldest = rank_within(rows, day) == 0
    swapped = day.copy()
    clients = rows.count.shape[0]
    of_first, of_oldest = np.zeros(clients), np.zeros(clients)
    of_first[rows.owner[rows.position == 0]] = day[rows.position == 0]
    of_oldest[rows.owner[oldest]] = day[oldest]
    chosen = np.zeros(clients, dtype=np.bool_)
    chosen[rows.owner[first]] = True
    exchanged = chosen[rows.owner]
    swapped = np.where(exchanged & oldest, of_first[rows.owner], swapped)
    return np.where(exchanged & (rows.position == 0), of_oldest[rows.owner], swapped)


def _gathered(rows: Rows, day: Floats, share: Floats, draws: Draws) -> Floats:
    """Return the days with some applications moved to the day of the client's next one, or some days before it."""
    size = day.shape[0]
    order = np.lexsort((-day, rows.owner))
    joins = draws.uniform(size) < share
    leads = np.where((rows.position == 0) | ~joins[order], np.arange(size), -1)
    leader = np.maximum.accumulate(leads) if size else leads
    before = np.where(draws.chance(0.2, size), np.floor(draws.exponential(12.0, size)), 0.0)
    gathered = np.empty(size)
    gathered[order] = day[order][leader] - np.where(leads < 0, before, 0.0)
    return gathered
