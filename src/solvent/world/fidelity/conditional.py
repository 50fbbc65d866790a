"""Published shares of categories given another category, and how often exact values come."""

from collections.abc import Callable, Mapping

import numpy as np

from solvent.world.drawing.marginals import Coded, Column, Flags, Floats, Table, numbers, texts
from solvent.world.drawing.sentinels import MISSING_LABEL
from solvent.world.fidelity.figures import FEWEST_REAL_ROWS, Comparison, Sample, compare_share, too_few_rows

SHARE_SHOWN = 0.01
"""Rarer exact values are not compared one by one."""


def compare_conditional(
    column: Column, given: Column, published: Mapping[str, Mapping[str, float]], *, name: str, sample: Sample
) -> list[Comparison]:
    """Compare the shares of `column` within each published group of `given`; both have the same rows.

    A group with fewer than `FEWEST_REAL_ROWS` real rows, or with none here, is one comparison that is not judged.
    """
    compared = []
    for group, shares in published.items():
        rows = equals(given, group)
        known = sample.known(float(rows.sum()), float(np.mean(rows)))
        if not rows.any() or sample.rows * float(np.mean(rows)) < FEWEST_REAL_ROWS:
            compared.append(too_few_rows(f"{name} given {group}"))
            continue
        for label, share in shares.items():
            made = float(np.mean(equals(column, label)[rows]))
            compared.append(compare_share(f"{name}: {label} given {group}", made, share, known))
    return compared


def equals(column: Column, label: str) -> Flags:
    """Return a flag per row: the column shows this label, or the number that it writes."""
    if isinstance(column, Coded):
        return column.codes < 0 if label == MISSING_LABEL else column.equals(label)
    values = np.asarray(column, dtype=np.float64)
    return np.isnan(values) if label == MISSING_LABEL else values == float(label)


def compare_frequent(table: Table, published: Mapping[str, Mapping[str, float]], sample: Sample) -> list[Comparison]:
    """Compare how often each frequent exact value comes among the applications, for the shares above 1 %."""
    compared = []
    for name, shares in published.items():
        values = _frequent_values(name, table)
        shown = values[~np.isnan(values)]
        known = sample.known(float(shown.size), shown.size / values.size)
        for value, share in shares.items():
            if share >= SHARE_SHOWN and shown.size:
                made = float(np.mean(np.abs(shown - float(value)) <= 1e-6 * max(1.0, abs(float(value)))))
                compared.append(compare_share(f"{name} = {value}", made, share, known))
    return compared


def _frequent_values(name: str, table: Table) -> Floats:
    if name in _RATIOS:
        return _RATIOS[name](table)
    column, _, contract = name.partition("|")
    return _of_contract(numbers(table, column), table, contract) if contract else numbers(table, column)


def _of_contract(values: Floats, table: Table, contract: str) -> Floats:
    return np.where(texts(table, "NAME_CONTRACT_TYPE").equals(contract), values, np.nan)


_RATIOS: Mapping[str, Callable[[Table], Floats]] = {
    "AMT_CREDIT/AMT_GOODS_PRICE|Cash loans (rounded to 4 digits)": lambda table: np.round(
        _of_contract(numbers(table, "AMT_CREDIT") / numbers(table, "AMT_GOODS_PRICE"), table, "Cash loans"), 4
    ),
    "AMT_ANNUITY/AMT_CREDIT|Cash loans (rounded to 3 digits)": lambda table: np.round(
        _of_contract(numbers(table, "AMT_ANNUITY") / numbers(table, "AMT_CREDIT"), table, "Cash loans"), 3
    ),
}
