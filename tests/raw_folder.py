"""Writes small folders of raw tables in CSV: every column is there, empty unless a row gives it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from solvent.tables.files import FILE_NAMES, TableFile

Rows = Sequence[Mapping[str, Any]]


def write_raw_folder(folder: Path, tables: Mapping[str, Rows], *, without: Sequence[str] = ()) -> Path:
    """Write every table but those in `without`; one that is not given has no rows."""
    folder.mkdir()
    for name in FILE_NAMES:
        if name in without:
            continue
        file = TableFile(name, folder / f"{name}.csv")
        with file.path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, [column.name for column in file.expected_columns], lineterminator="\n")
            writer.writeheader()
            writer.writerows(tables.get(name, ()))
    return folder
