"""The nodes of a feature program over one client's rows, compiled to Python functions that run in turn."""

from collections.abc import Callable, Mapping, Sequence

from solvent.features.program import Program
from solvent.features.raw_values import Row
from solvent.features.row_code import Step, compile_column, compile_loop, compile_reading
from solvent.features.schedule import Kind, Stage, Stored, Values, find_stored, schedule
from solvent.features.statistic_code import compile_statistics

HistorySteps = Callable[[Values, Mapping[str, Sequence[Row]]], None]
"""Fills in the values from the rows of the tables that have some."""


def compile_history_steps(program: Program, positions: Sequence[int], kept: Sequence[int]) -> HistorySteps:
    """Compile these nodes, in an order of their needs; `kept` are the row leaves whose columns must remain."""
    stages = list(schedule(program, positions, reads_rows=True))
    stored = find_stored(program, stages, kept)
    readings = [stage for stage in stages if _reads_rows(program, stage)]
    reads = [(stage.level.table, compile_reading(program, stage, stored)) for stage in readings]
    steps = [(one.level.table, compile_stage(program, one, stored)) for one in stages if one not in readings]

    def run(values: Values, rows: Mapping[str, Sequence[Row]]) -> None:
        for table, read in reads:
            if table in rows:
                read(values, rows[table])
        for table, step in steps:
            if table in rows:
                step(values)

    return run


def _reads_rows(program: Program, stage: Stage) -> bool:
    return stage.kind is Kind.ROWS and program.is_row_leaf(stage.positions[0])


def compile_stage(program: Program, stage: Stage, stored: Stored) -> Step:
    """Compile a stage over rows or loans that are there."""
    if stage.kind is Kind.STATISTICS:
        return compile_statistics(program, stage, stored)
    if stage.kind is Kind.COLUMN:
        return compile_column(program, stage.positions[0])
    return compile_loop(program, stage, stored)
