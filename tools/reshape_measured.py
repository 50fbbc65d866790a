"""The published statistics as the fidelity report of a world reads them: `measured.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

Facts = Mapping[str, Any]

CLIENTS, INSTALMENT_CLIENTS = 5000, 679
"""Clients behind the aggregates, and behind those of instalments."""

DERIVED = {
    "bureau_balance": ("months_per_loan",),
    "POS_CASH_balance": ("months_per_loan",),
    "credit_card_balance": ("months_per_card",),
    "installments_payments": ("payments_per_loan", "delay_days", "payment_ratio"),
}


def measured(read: Mapping[str, Facts]) -> dict[str, Any]:
    """Return measured.json from the published files by name."""
    application, correlation, rows = read["application"], read["correlation"], read["history_rows"]
    history, relations = read["history_correlation"], read["relations"]
    numeric = next(column for column in application["columns"].values() if "quantiles" in column)
    tables = sorted({"bureau_balance", *history["tables"]})
    return {
        "levels": [float(level) for level in numeric["quantiles"]],
        "application": {
            "rows": application["rows"],
            "default_rate": application["default_rate"],
            "columns": _columns(application["columns"]),
        },
        "client": {
            "rows": CLIENTS,
            "instalment_rows": INSTALMENT_CLIENTS,
            "columns": _columns(read["history_per_client"]["columns"]),
        },
        "tables": {table: _table(table, rows[table], history["tables"].get(table)) for table in tables},
        "correlation": {
            "names": correlation["names"],
            "lower_thousandths": _lower(correlation["matrix"]),
            "instalments": {
                name: {other: _thousandths(value) for other, value in found.items()}
                for name, found in correlation["instalment_rows"].items()
            },
        },
        "relations": [[entry["relation"], entry["share"]] for entry in relations["relations"]],
        "conditional": {"application": relations["conditional_shares"]},
        "frequent": relations["frequent_values"],
        "history_conditional": history["conditional"],
        "bureau_transition": rows["bureau_balance"]["monthly_transition"],
        "bureau_type_and_active": rows["bureau"]["by_type_and_active"],
        "previous_contract_and_status": rows["previous_application"]["by_contract_type_and_status"],
        "full_rows": rows["sizes_of_the_full_kaggle_tables"],
    }


def _columns(columns: Mapping[str, Facts]) -> dict[str, Any]:
    return {name: _column(column) for name, column in columns.items()}


def _column(column: Facts) -> dict[str, Any]:
    entry: dict[str, Any] = {"missing": column.get("missing_rate", 0.0)}
    if "quantiles" in column:
        entry["quantiles"] = list(column["quantiles"].values())
        return {**entry, "spikes": column["spikes"]} if column.get("spikes") else entry
    entry |= {"shares": column["shares"], "text": column["kind"] == "categorical"}
    if entry["text"] and column.get("default_rate"):
        entry["default_rate"] = column["default_rate"]
    return entry


def _table(table: str, rows: Facts, history: Facts | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "rows": rows["rows_used"],
        "columns": _columns(rows["columns"]),
        "derived": _columns({name: rows[name] for name in DERIVED.get(table, ())}),
    }
    if history is not None:
        lower = _lower(history["matrix"])
        entry["correlation"] = {"rows": history["rows"], "names": history["names"], "lower_thousandths": lower}
        entry["between_clients"] = history["within_client"]
    return entry


def _lower(matrix: Sequence[Sequence[float | None]]) -> list[list[int | None]]:
    return [[_thousandths(value) for value in row[:at]] for at, row in enumerate(matrix)]


def _thousandths(value: float | None) -> int | None:
    return None if value is None else round(value * 1000)
