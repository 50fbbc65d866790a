"""The order of one client's rows, their groups, and what stands next to what in them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf, isnan
from operator import add
from typing import Any

from solvent.features.operations import MISSING

Column = Sequence[float]
"""One value per row, NaN where missing."""
Places = Sequence[int]
Groups = Mapping[Any, list[int]]
"""The places of the rows of each loan (or other group) by its key: a float, or a pair of them."""


def latest_first(places: Iterable[int], keys: Sequence[Column]) -> list[int]:
    """Sort places of rows, the largest first key first; ties go by the next keys, missing ones last.

    Rows without the first key are in no order and left out. A further key is looked at only while there are ties.
    """
    first = keys[0]
    order = sorted((place for place in places if not isnan(first[place])), key=first.__getitem__, reverse=True)
    for count in range(2, len(keys) + 1):
        if len(set(map(first.__getitem__, order))) == len(order):
            break
        first = [*zip(*map(_missing_last, keys[:count]), strict=True)]  # type: ignore[list-item]
        order.sort(key=first.__getitem__, reverse=True)
    return order


def _missing_last(key: Column) -> Column:
    total = sum(key)
    return [-inf if isnan(value) else value for value in key] if isnan(total) else key


def group_rows(key: Column, each: Column = ()) -> Groups:
    """The places of the rows of each group, by its key or by both of its keys; rows without one belong to none."""
    groups: dict[Any, list[int]] = {}
    keys = zip(key, each, strict=True) if each else key
    whole = map(add, key, each) if each else key
    for place, (value, known) in enumerate(zip(keys, whole, strict=True)):
        if not isnan(known):
            groups.setdefault(value, []).append(place)
    return groups


def value_before(value: Column, keys: Sequence[Column], groups: Groups | None = None) -> Column:
    """For each row the value in the row that comes just before it in the order of the keys; missing for the first.

    Rows without the first key are in no order. With `groups` only rows of the same group count.
    """
    outcome = [MISSING] * len(value)
    for places in (range(len(value)),) if groups is None else groups.values():
        order = latest_first(places, keys)
        for newer, older in pairwise(order):
            outcome[newer] = value[older]
    return outcome


def find_in(groups: Groups | float, values: Column) -> Callable[[float, float], float]:
    """How to ask for a group's value by its key and an answer for keys that are not there; no group is, if NaN."""
    return dict(zip(groups, values, strict=True)).get if isinstance(groups, dict) else {}.get
