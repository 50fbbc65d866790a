"""The rows of the history tables of a world, held against the published figures."""

from collections.abc import Callable, Mapping

import numpy as np

from solvent.world.drawing.marginals import Coded, Column, Flags, Floats, Integers, numbers, ratio
from solvent.world.drawing.sentinels import MISSING_LABEL, NO_DATE
from solvent.world.fidelity.conditional import compare_conditional, equals
from solvent.world.fidelity.correlations import compare_between_clients, compare_correlations, scores_of
from solvent.world.fidelity.figures import (
    CORRELATION_GOAL,
    FEWEST_REAL_ROWS,
    RELATION_GOAL,
    Comparison,
    Figure,
    Sample,
    compare_column,
    compare_share,
    largest,
    mean,
    no_comparisons,
    too_few_rows,
)
from solvent.world.fidelity.folder import RawFolder
from solvent.world.fidelity.measured import Measured

_LOAN_KEY = {"bureau_balance": "SK_ID_BUREAU"}
_STATUSES = ("0", "1", "2", "3", "4", "5", "C", "X")
_SHARE_MISSING = " missing share by "
_SPLITS = {"status": "NAME_CONTRACT_STATUS", "activity": "CREDIT_ACTIVE"}
_TABLE_OF_CONDITIONAL = {"CREDIT_ACTIVE": "bureau"}
_PREVIOUS = "previous_application"


def judge_rows(folder: RawFolder, table: str, measured: Measured) -> list[Figure]:
    """Return the figures of one history table: columns, derived values, correlations of rows, conditional shares."""
    part = measured.content["tables"][table]
    owner = folder.owner(table)
    if not owner.size:
        return []
    columns: dict[str, Column] = {name: folder.column(table, name) for name in part["columns"]}
    derived = _derived(folder, table, columns)
    compared = no_comparisons()
    sample = Sample(measured.levels, float(part["rows"]), _independent(part, owner))
    for name, published in {**part["columns"], **part["derived"]}.items():
        column = columns[name] if name in columns else derived[name]
        compare_column(compared, name, column, published=published, sample=sample)
    conditional = _judge_conditional(columns, table, measured, sample)
    shares = largest(f"{table}: conditional shares", conditional, RELATION_GOAL)
    figures = [*compared.figures(table), *([shares] if shares else [])]
    return figures + _judge_row_correlations({**columns, **derived}, table, measured, owner=owner, sample=sample)


def _independent(part: Mapping[str, object], owner: Integers) -> float:
    """Return effective over counted rows: 1 / (1 + (rows per client - 1) x share of variance between clients)."""
    between = part.get("between_clients")
    known = [share for share in between.values() if share] if isinstance(between, Mapping) else [0.3]
    per_client = owner.size / np.unique(owner).size
    return float(1 / (1 + (per_client - 1) * np.mean(known)))


def _derived(folder: RawFolder, table: str, columns: Mapping[str, Column]) -> dict[str, Floats]:
    table_columns = dict(columns)
    derived = {name: make(table_columns) for name, make in _DERIVED.get(table, {}).items()}
    if table in _ROWS_PER_LOAN:
        loan = folder.key(table, _LOAN_KEY.get(table, "SK_ID_PREV"))
        counted = np.unique(loan, return_counts=True)[1].astype(np.float64)
        derived[_ROWS_PER_LOAN[table]] = counted
    return derived


def _delay(columns: dict[str, Column]) -> Floats:
    return numbers(columns, "DAYS_ENTRY_PAYMENT") - numbers(columns, "DAYS_INSTALMENT")


def _paid(columns: dict[str, Column]) -> Floats:
    return ratio(columns, "AMT_PAYMENT", "AMT_INSTALMENT")


_DERIVED: Mapping[str, Mapping[str, Callable[[dict[str, Column]], Floats]]] = {
    "bureau": {"DEBT_TO_CREDIT": lambda columns: ratio(columns, "AMT_CREDIT_SUM_DEBT", "AMT_CREDIT_SUM")},
    "previous_application": {
        "CREDIT_TO_APPLICATION": lambda columns: ratio(columns, "AMT_CREDIT", "AMT_APPLICATION"),
        "CREDIT_TO_ANNUITY": lambda columns: ratio(columns, "AMT_CREDIT", "AMT_ANNUITY"),
    },
    "credit_card_balance": {"USE": lambda columns: ratio(columns, "AMT_BALANCE", "AMT_CREDIT_LIMIT_ACTUAL")},
    "installments_payments": {
        "DELAY_DAYS": _delay,
        "PAY_RATIO": _paid,
        "delay_days": _delay,
        "payment_ratio": _paid,
    },
}
_ROWS_PER_LOAN = {
    "bureau_balance": "months_per_loan",
    "POS_CASH_balance": "months_per_loan",
    "credit_card_balance": "months_per_card",
    "installments_payments": "payments_per_loan",
}


def _judge_row_correlations(
    columns: Mapping[str, Column], table: str, measured: Measured, *, owner: Integers, sample: Sample
) -> list[Figure]:
    if "correlation" not in measured.content["tables"][table]:
        return []
    published = measured.row_correlations(table)
    dated = {name: _without_sentinel(columns[name]) for name in published.names}
    scores = scores_of(dated, published.names, {"": {"all": 0.0}})
    between = measured.content["tables"][table]["between_clients"]
    figures = (
        mean(
            f"{table}: correlation of rows",
            compare_correlations(scores, published.names, published, independent=sample.independent),
            CORRELATION_GOAL,
        ),
        mean(
            f"{table}: share of variance between clients",
            compare_between_clients(scores, published.names, between, owner.astype(np.float64)),
            CORRELATION_GOAL,
        ),
    )
    return [figure for figure in figures if figure is not None]


def _without_sentinel(column: Column) -> Floats:
    values = numbers({"": column}, "")
    return np.where(values == NO_DATE, np.nan, values)


def _judge_conditional(columns: dict[str, Column], table: str, measured: Measured, sample: Sample) -> list[Comparison]:
    compared = []
    for text, shares in measured.content["history_conditional"].items():
        name, _, given = text.partition(" given ")
        if isinstance(shares, Mapping) and text.startswith(f"{table}{_SHARE_MISSING}"):
            split = columns[_SPLITS[text.partition(_SHARE_MISSING)[2]]]
            for column, by_group in shares.items():
                missing = {group: {MISSING_LABEL: share} for group, share in by_group.items()}
                compared += compare_conditional(columns[column], split, missing, name=column, sample=sample)
        elif isinstance(shares, Mapping) and given and table == _TABLE_OF_CONDITIONAL.get(name, _PREVIOUS):
            compared += compare_conditional(columns[name], columns[given], shares, name=name, sample=sample)
    return compared + _known_shares(columns, table, measured, sample)


def _known_shares(columns: dict[str, Column], table: str, measured: Measured, sample: Sample) -> list[Comparison]:
    """Compare the published shares that are no column given a column."""
    wanted: list[tuple[str, Flags, float]] = []
    content = measured.content
    if table == _PREVIOUS:
        approved = equals(columns["NAME_CONTRACT_STATUS"], "Approved")
        for text, share in content["history_conditional"].items():
            if isinstance(share, float):
                name = text.split(".")[1].split(" ")[0]
                wanted.append((text, numbers(columns, name)[approved] == NO_DATE, share))
        wanted += _joint(
            columns, ("NAME_CONTRACT_TYPE", "NAME_CONTRACT_STATUS"), content["previous_contract_and_status"]
        )
    if table == "bureau":
        wanted += _joint(columns, ("CREDIT_TYPE", "CREDIT_ACTIVE"), content["bureau_type_and_active"])
    rows = next(iter(columns.values()))
    size = (rows.codes if isinstance(rows, Coded) else rows).size
    return [
        compare_share(name, float(np.mean(flags)), share, sample.known(float(flags.size), flags.size / size))
        for name, flags, share in wanted
    ]


def _joint(
    columns: dict[str, Column], names: tuple[str, str], shares: Mapping[str, float]
) -> list[tuple[str, Flags, float]]:
    made = []
    for text, share in shares.items():
        left, right = text.split("|")
        made.append((text, equals(columns[names[0]], left) & equals(columns[names[1]], right), share))
    return made


def judge_transitions(folder: RawFolder, measured: Measured) -> list[Figure]:
    """Return the figure of the monthly transitions of the bureau status, from statuses with 200 real months or more."""
    counts = _transitions(folder)
    real = float(measured.content["tables"]["bureau_balance"]["rows"])
    compared = []
    for row, start in enumerate(_STATUSES):
        size = counts[row].sum()
        months = real * measured.content["tables"]["bureau_balance"]["columns"]["STATUS"]["shares"][start]
        if not size or months < FEWEST_REAL_ROWS:
            compared.append(too_few_rows(f"from {start}"))
            continue
        for column, end in enumerate(_STATUSES):
            share = measured.content["bureau_transition"][start][end]
            compared.append(compare_share(f"{start} to {end}", counts[row, column] / size, share, (size, months)))
    figure = largest("bureau_balance: monthly transitions", compared, RELATION_GOAL)
    return [figure] if figure else []


def _transitions(folder: RawFolder) -> Floats:
    loan, month = folder.key("bureau_balance", "SK_ID_BUREAU"), folder.numbers("bureau_balance", "MONTHS_BALANCE")
    status = folder.texts("bureau_balance", "STATUS")
    order = np.lexsort((month, loan))
    loan, month = loan[order], month[order]
    follows = (loan[1:] == loan[:-1]) & (month[1:] == month[:-1] + 1)
    place = np.array([_STATUSES.index(label) for label in status.labels], dtype=np.int64)
    code = place[status.codes[order]]
    counts = np.zeros((len(_STATUSES), len(_STATUSES)))
    np.add.at(counts, (code[:-1][follows], code[1:][follows]), 1)
    return counts
