"""The features of many clients at once, from their applications' columns and the statistics over their histories.

What a feature makes of one value per client (ratios, differences, conditions) is arithmetic on arrays: the operations
are those of the request engine, and no query has to be planned for it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from solvent.features.operations import FLOAT32_MAX, MISSING, Array
from solvent.features.program import CONSTANT, Program
from solvent.features.steps import compile_step


class ManyClients:
    """A program's last part, compiled for arrays with one value per client.

    `columns` are the application's leaves that it needs, `statistics` those over histories.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        needed = program.needed_by((feature.node for feature in program.features), given=program.history_aggregates)
        wanted = {feature.node for feature in program.features}.union(*(program.nodes[one].arguments for one in needed))
        self.statistics = [position for position in program.history_aggregates if position in wanted]
        self.columns = [one for one in needed if program.nodes[one].op in ("column", "is_sentinel")]
        self._numbers = [one for one in needed if program.nodes[one].op == "number"]
        self._steps = [
            compile_step(program, one, many=program.nodes[one].level != CONSTANT)
            for one in needed
            if program.nodes[one].op not in ("column", "is_sentinel", "number")
        ]

    def evaluate(self, given: Mapping[int, Array], clients: int) -> Array:
        """Compute the features.

        Args:
            given: the values of `columns` and `statistics` by node, each of shape (clients,), NaN where missing.
            clients: how many there are.

        Returns:
            float64 of shape (clients, features), column by column in memory, NaN where missing, never infinite.
        """
        values: list[Any] = [MISSING] * len(self._program.nodes)
        for position in self._numbers:
            values[position] = self._program.nodes[position].number
        for position, value in given.items():
            values[position] = value
        for step in self._steps:
            step(values)
        features = np.empty((clients, len(self._program.features)), order="F")
        for place, feature in enumerate(self._program.features):
            value = values[feature.node]
            features[:, place] = np.where(np.abs(value) <= FLOAT32_MAX, value, MISSING)
        return features
