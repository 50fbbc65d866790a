"""Region of an application: each region has one population value and one rating."""

from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.grouped import Grouped, fit_grouped
from solvent.world.drawing.marginals import Floats, Integers, Table
from solvent.world.published import Facts

RATINGS = (1, 2, 3)
_CITY = "REGION_RATING_CLIENT_W_CITY"


@dataclass(frozen=True)
class RegionRules:
    """Population values by rating, and the share of each rating by the rating that counts the city (3, 3)."""

    population: Grouped
    rating: Floats


def fit_regions(facts: Facts, reference: Latents) -> RegionRules:
    """Fit the rules on a reference draw."""
    city = facts.application[_CITY].codes(reference[_CITY])
    rating = _rating_given_city(facts)
    drawn = _draw_rating(city, rating, Draws.stream(0, 1).uniform(city.size))
    marginal = facts.application["REGION_POPULATION_RELATIVE"]
    of_value = _ratings_of_regions(facts, np.asarray(marginal.values), marginal.visible_mass)
    shares = np.stack([np.where(of_value == at, marginal.visible_mass, 0.0) for at in range(len(RATINGS))])
    latent = reference["REGION_POPULATION_RELATIVE"]
    return RegionRules(fit_grouped(marginal.values, shares, latent, drawn), rating)


def _rating_given_city(facts: Facts) -> Floats:
    given = facts.relations["region_city_given_region"]
    shares = facts.application["REGION_RATING_CLIENT"].visible_mass
    joint = np.array([[given[str(row)].get(str(city), 0.0) for row in RATINGS] for city in RATINGS]) * shares
    return np.asarray(joint / joint.sum(axis=1, keepdims=True), dtype=np.float64)


def _ratings_of_regions(facts: Facts, population: Floats, mass: Floats) -> Integers:
    """Give each region a rating so that the shares of the ratings by interval of population hold.

    The intervals and shares are those of 1,200 real applications, where no region has two ratings; a rating that fewer
    than 25 of them show in an interval is left out there.
    """
    entry = facts.sample["region_rating"]
    interval = np.searchsorted(np.asarray(entry["population"][1:-1]), population, side="right")
    ratings = np.ones(population.size, dtype=np.int64)
    for at, shares in enumerate(entry["shares"]):
        members = np.flatnonzero(interval == at)
        wanted = np.asarray(shares) * mass[members].sum()
        for member in members[np.argsort(-mass[members], kind="stable")]:
            ratings[member] = int(np.argmax(wanted))
            wanted[ratings[member]] -= mass[member]
    return ratings


def _draw_rating(city: Integers, rating: Floats, uniform: Floats) -> Integers:
    return np.asarray(np.sum(uniform[:, None] > np.cumsum(rating, axis=1)[city][:, :-1], axis=1), dtype=np.int64)


def draw_regions(table: Table, facts: Facts, rules: RegionRules, drawn: tuple[Latents, Draws]) -> None:
    """Set rating and population of the region of the applications in `table`."""
    latents, draws = drawn
    city = facts.application[_CITY].codes(latents[_CITY])
    rating = _draw_rating(city, rules.rating, draws.uniform(city.size))
    table["REGION_RATING_CLIENT"] = rating + 1
    table["REGION_POPULATION_RELATIVE"] = rules.population.numbers(latents["REGION_POPULATION_RELATIVE"], rating)
