"""Where an earlier application was made: channel, seller, its size, and the goods (shares of `histories.json`)."""

from typing import Any

import numpy as np

from solvent.world.draws import Draws
from solvent.world.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.normal import normal_cdf
from solvent.world.previous_plan import CASH, CONSUMER, Applications
from solvent.world.published import Facts
from solvent.world.rows import choose_by

_AREA_OF_CLIENT = 0.6


def add_shop(
    table: Table, facts: Facts, made: Applications, known: tuple[Flags, Flags, Integers], draws: Draws
) -> None:
    """Add channel, seller, its size and the goods; `known` is whether a price was set, walk-in, and what is bought."""
    priced, walk_in, family = known
    kind, shares = made.kind, facts.histories["sample"]["previous_application"]
    of_cash = np.where(~priced, 4, np.where(walk_in, 5, 6))
    place = np.where(kind == CONSUMER, family, np.where(kind == CASH, of_cash, np.where(priced, 8, 7)))
    channel = choose_by(Coded(place, tuple(shares["channel"])), shares["channel"], draws)
    in_shop = channel.equals("Country-wide", "Regional / Local", "Stone")
    place = np.where(kind == CONSUMER, family, np.where(in_shop & priced, 4, 5))
    seller = choose_by(Coded(place, tuple(shares["seller"])), shares["seller"], draws)
    bought = choose_by(Coded(np.where(kind == CONSUMER, seller.codes, -1), seller.labels), shares["goods"], draws)
    labels = (*bought.labels, "XNA") if "XNA" not in bought.labels else bought.labels
    table["CHANNEL_TYPE"] = channel
    table["NAME_SELLER_INDUSTRY"] = seller
    table["NAME_GOODS_CATEGORY"] = Coded(np.where(kind == CONSUMER, bought.codes, labels.index("XNA")), labels)
    table["SELLERPLACE_AREA"] = _areas(shares, made, (channel, seller), draws)


def _areas(shares: dict[str, Any], made: Applications, known: tuple[Coded, Coded], draws: Draws) -> Floats:
    """Return SELLERPLACE_AREA: -1, seldom 0, outside of shops, few units for partners, a quantile of the seller."""
    channel, seller = known
    size = made.kind.shape[0]
    owner, clients = made.rows.owner, made.rows.count.shape[0]
    own = np.sqrt(_AREA_OF_CLIENT) * draws.normal(clients)[owner]
    place = normal_cdf(own + np.sqrt(1 - _AREA_OF_CLIENT) * draws.normal(size))
    places, areas = shares["area_places"], shares["area"]
    area = np.interp(place, places, areas["other"])
    for name in seller.labels:
        if name in areas:
            area = np.where(seller.equals(name), np.interp(place, places, areas[name]), area)
    rounded = np.where(area > 300, np.rint(area / 10) * 10, np.rint(area / 5) * 5)
    area = np.where(draws.chance(0.55, size) & (area > 7), rounded, np.rint(area))
    partner = np.where(draws.chance(0.13, size), -1.0, np.floor(draws.exponential(5.0, size)) + 1)
    outside = np.where(draws.chance(0.066, size), 0.0, -1.0)
    in_shop = channel.equals("Country-wide", "Regional / Local", "Stone", "Car dealer") & ~seller.equals("XNA")
    return np.where(in_shop, area, np.where(channel.equals("AP+ (Cash loan)"), partner, outside))
