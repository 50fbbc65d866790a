"""The application table and the client aggregates of a world, held against the published figures."""

from collections.abc import Mapping

from solvent.world.aggregates import published_aggregates
from solvent.world.drawing.marginals import Floats, Table
from solvent.world.drawing.sentinels import MISSING
from solvent.world.fidelity.conditional import compare_conditional, compare_frequent
from solvent.world.fidelity.correlations import (
    TARGET,
    among,
    compare_correlations,
    scores_of,
    strongest,
    with_target,
)
from solvent.world.fidelity.figures import (
    CORRELATION_GOAL,
    RELATION_GOAL,
    TARGET_GOAL,
    Comparison,
    Figure,
    Sample,
    compare_column,
    largest,
    mean,
    no_comparisons,
)
from solvent.world.fidelity.folder import APPLICATION, RawFolder
from solvent.world.fidelity.measured import Measured
from solvent.world.fidelity.relations import compare_relations


def judge_columns(table: Table, measured: Measured) -> list[Figure]:
    """Return the figures of single columns, relations, conditional shares and exact values of the applications."""
    part = measured.content["application"]
    sample = Sample(measured.levels, float(part["rows"]))
    compared = no_comparisons()
    for name, published in part["columns"].items():
        if name != TARGET:
            compare_column(compared, name, table[name], published=published, sample=sample)
    conditional = [
        comparison
        for text, shares in measured.content["conditional"]["application"].items()
        for comparison in _conditional(table, text, shares, sample)
    ]
    figures = (
        largest("application: relations", compare_relations(table, measured), RELATION_GOAL),
        largest("application: conditional shares", conditional, RELATION_GOAL),
        largest(
            "application: frequent exact values",
            compare_frequent(table, measured.content["frequent"], sample),
            RELATION_GOAL,
        ),
    )
    return [*compared.figures("application"), *(figure for figure in figures if figure is not None)]


def _conditional(
    table: Table, text: str, shares: Mapping[str, Mapping[str, float]], sample: Sample
) -> list[Comparison]:
    column, _, given = text.partition(" given ")
    return compare_conditional(table[column], table[given], shares, name=column, sample=sample)


def judge_aggregates(aggregates: Mapping[str, Floats], measured: Measured) -> list[Figure]:
    """Return the figures of the aggregates per client, each float64 (clients,)."""
    compared = no_comparisons()
    for name, published in measured.content["client"]["columns"].items():
        if name in aggregates:
            sample = Sample(measured.levels, float(measured.rows_behind(name)))
            compare_column(compared, name, aggregates[name], published=published, sample=sample)
    return compared.figures("client aggregates")


def judge_correlations(table: Table, aggregates: Mapping[str, Floats], measured: Measured) -> list[Figure]:
    """Return the figures of the correlations with TARGET and among the strongest columns.

    The rows of `table` and of `aggregates` are the same applications in the same order.
    """
    published = measured.correlations()
    columns = {**table, **aggregates}
    names = [name for name in published.names if name.removesuffix(MISSING) in columns]
    application = [name for name in names if name not in aggregates and name.removesuffix(MISSING) not in aggregates]
    scores = scores_of(columns, names, _rates(measured))
    compared = compare_correlations(scores, names, published)
    plain = [name for name in application if not name.endswith(MISSING)]
    history = [name for name in names if name in aggregates]
    top = strongest(published, plain)
    client = [one for one in among(compared, [*history, TARGET]) if one.name.split(" x ")[0] != TARGET]
    crossed = [one for one in among(compared, [*history, *top]) if len(set(one.name.split(" x ")) & set(top)) == 1]
    figures = (
        mean("application: correlation with TARGET", with_target(among(compared, application)), TARGET_GOAL),
        mean("application: correlation among the 40 strongest", among(compared, top), CORRELATION_GOAL),
        mean("client aggregates: correlation with TARGET", with_target(client), TARGET_GOAL),
        mean("client aggregates: correlation among themselves", among(compared, history), CORRELATION_GOAL),
        mean("client aggregates: correlation with the 40 strongest columns", crossed, CORRELATION_GOAL),
    )
    return [figure for figure in figures if figure is not None]


def _rates(measured: Measured) -> dict[str, Mapping[str, float]]:
    part = measured.content["application"]
    rates = {name: column.get("default_rate", {}) for name, column in part["columns"].items()}
    return {**rates, "": {"all": part["default_rate"]}}


def read_applications(folder: RawFolder, measured: Measured) -> Table:
    """Return every judged application column and TARGET."""
    names = [*measured.content["application"]["columns"], TARGET]
    return {name: folder.column(APPLICATION, name) for name in names}


def aggregates_of_applications(folder: RawFolder) -> dict[str, Floats]:
    """Return the client aggregates in the order of the applications."""
    rows = folder.rows_of_applications()
    return {name: values[rows] for name, values in published_aggregates(folder).items()}
