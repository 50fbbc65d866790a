"""Where an earlier application was made: channel, seller, its size, and the goods (`history_assumptions.json`)."""

from typing import Any

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.drawing.rows import choose_by
from solvent.world.loans.previous_plan import CASH, CONSUMER, Applications
from solvent.world.published import Facts

_USUAL_CHANNEL, _USUAL_SHOP, _USUAL_GOODS = np.array([0.6, 0.45, 0.6]), 0.4, 0.3
"""Share of the applications at the client's usual channel (cash, consumer, revolving), shop and for its usual goods:
the roots of what pairs years apart have in common beyond unrelated ones, among 5,542 earlier applications."""


_AREAS, _AREA_STEPS = (60.0, 300.0, 1000.0), np.array([[10.0, 50.0, 100.0, 500.0], [5.0, 10.0, 10.0, 100.0]])
"""Areas are stated in steps, the coarse or the fine one by their size (of 2,080 goods loans, 29 % in fifties)."""


def add_shop(
    table: Table, facts: Facts, made: Applications, known: tuple[Flags, Flags, Integers, Integers], draws: Draws
) -> None:
    """Add channel, seller, its size and the goods.

    `known` is whether a price was set, walk-in, what is bought, and which application's shop each one repeats.
    """
    priced, walk_in, family, sources = known
    habits = made.habits
    kind, shares = made.kind, facts.history_assumptions["previous_application"]
    of_cash = np.where(~priced, 4, np.where(walk_in, 5, 6))
    place = np.where(kind == CONSUMER, family, np.where(kind == CASH, of_cash, np.where(priced, 8, 7)))
    of_place = Coded(place, tuple(shares["channel"]))
    channel = choose_by(of_place, shares["channel"], habits.uniform(sources, _USUAL_CHANNEL[kind], draws))
    in_shop = channel.equals("Country-wide", "Regional / Local", "Stone")
    place = np.where(kind == CONSUMER, family, np.where(in_shop & priced, 4, 5))
    of_place = Coded(place, tuple(shares["seller"]))
    seller = choose_by(of_place, shares["seller"], habits.uniform(sources, _USUAL_SHOP, draws))
    of_seller = Coded(np.where(kind == CONSUMER, seller.codes, -1), seller.labels)
    bought = choose_by(of_seller, shares["goods"], habits.uniform(sources, _USUAL_GOODS, draws))
    labels = (*bought.labels, "XNA") if "XNA" not in bought.labels else bought.labels
    table["CHANNEL_TYPE"] = channel
    table["NAME_SELLER_INDUSTRY"] = seller
    table["NAME_GOODS_CATEGORY"] = Coded(np.where(kind == CONSUMER, bought.codes, labels.index("XNA")), labels)
    table["SELLERPLACE_AREA"] = _areas(shares, made, (channel, seller, sources), draws)


def _areas(shares: dict[str, Any], made: Applications, known: tuple[Coded, Coded, Integers], draws: Draws) -> Floats:
    """Return SELLERPLACE_AREA: -1, seldom 0, outside of shops, few units for partners, a quantile of the seller."""
    channel, seller, sources = known
    habits, usual = made.habits, _USUAL_CHANNEL[made.kind]
    place = habits.uniform(sources, usual, draws)
    places, areas = shares["area_places"], shares["area"]
    area = np.interp(place, places, areas["other"])
    for name in seller.labels:
        if name in areas:
            area = np.where(seller.equals(name), np.interp(place, places, areas[name]), area)
    which = habits.uniform(sources, usual, draws)
    coarse, fine = _AREA_STEPS[:, np.searchsorted(_AREAS, area)]
    step = np.where(area <= 7, 1.0, np.where(which < 0.28, coarse, np.where(which < 0.6, fine, 1.0)))
    area = np.rint(area / step) * step
    unstated = habits.uniform(sources, usual, draws)
    partner = np.where(unstated < 0.13, -1.0, np.floor(-5.0 * np.log1p(-place)) + 1)
    outside = np.where(unstated < 0.066, 0.0, -1.0)
    in_shop = channel.equals("Country-wide", "Regional / Local", "Stone", "Car dealer") & ~seller.equals("XNA")
    return np.where(in_shop, area, np.where(channel.equals("AP+ (Cash loan)"), partner, outside))
