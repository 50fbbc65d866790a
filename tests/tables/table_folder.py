"""Small raw tables for tests."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from solvent.tables.files import TableFile
from solvent.tables.schemas import ColumnKind

PLAIN_ROWS: Mapping[str, Mapping[str, str]] = {
    "application_train": {
        "SK_ID_CURR": "1",
        "TARGET": "0",
        "NAME_CONTRACT_TYPE": "Cash loans",
        "AMT_INCOME_TOTAL": "150000",
        "AMT_CREDIT": "500000",
        "DAYS_BIRTH": "-12000",
    },
    "application_test": {
        "SK_ID_CURR": "2",
        "NAME_CONTRACT_TYPE": "Cash loans",
        "AMT_INCOME_TOTAL": "90000",
        "AMT_CREDIT": "200000",
        "DAYS_BIRTH": "-15000",
    },
    "bureau": {"SK_ID_CURR": "1", "SK_ID_BUREAU": "10", "CREDIT_ACTIVE": "Active", "DAYS_CREDIT": "-300"},
    "bureau_balance": {"SK_ID_BUREAU": "10", "MONTHS_BALANCE": "-1", "STATUS": "0"},
    "previous_application": {"SK_ID_PREV": "100", "SK_ID_CURR": "1", "AMT_CREDIT": "30000"},
    "POS_CASH_balance": {"SK_ID_PREV": "100", "SK_ID_CURR": "1", "MONTHS_BALANCE": "-2"},
    "installments_payments": {"SK_ID_PREV": "100", "SK_ID_CURR": "1", "AMT_PAYMENT": "2500"},
    "credit_card_balance": {"SK_ID_PREV": "100", "SK_ID_CURR": "1", "MONTHS_BALANCE": "-3"},
}


@dataclass(frozen=True)
class TableFolder:
    """A folder of small raw tables for tests: every column is there, empty unless a row gives it."""

    path: Path

    def header(self, name: str) -> list[str]:
        file = TableFile(name, self.path / f"{name}.csv")
        return [column.name for column in file.expected_columns]

    def write(self, name: str, *rows: Mapping[str, str], header: Sequence[str] | None = None) -> Path:
        """Write a CSV file with one plain row per mapping, changed by it."""
        path = self.path / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            names = list(header or self.header(name))
            writer = csv.DictWriter(stream, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows({**PLAIN_ROWS[name], **row} for row in rows)
        return path

    def write_plain(self, *names: str) -> None:
        """Write one plain row to each of these tables, which then have nothing wrong; without names, to all."""
        for name in names or PLAIN_ROWS:
            self.write(name, {})

    def to_parquet(self, name: str, **types: str) -> Path:
        """Turn a CSV file into Parquet: categories VARCHAR, the rest DOUBLE, some columns of a given type."""
        source, target = self.path / f"{name}.csv", self.path / f"{name}.parquet"
        kinds = {column.name: column.kind for column in TableFile(name, source).expected_columns}
        usual = {column: "VARCHAR" if kind == ColumnKind.CATEGORY else "DOUBLE" for column, kind in kinds.items()}
        casts = [f"CAST({column} AS {type_name}) AS {column}" for column, type_name in (usual | types).items()]
        with duckdb.connect() as connection:
            connection.read_csv(str(source), all_varchar=True).project(", ".join(casts)).write_parquet(str(target))
        source.unlink()
        return target
