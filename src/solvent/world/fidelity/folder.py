"""Columns of a folder of raw tables as arrays, and which client each history row belongs to."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from solvent.errors import WorldError
from solvent.world.drawing.marginals import Coded, Column, Flags, Floats, Integers
from solvent.world.published import TEXT, Facts

APPLICATION = "application"
_PARTS = {APPLICATION: ("application_train", "application_test")}
_KEY_OF_BALANCE = {"bureau_balance": ("bureau", "SK_ID_BUREAU")}


class RawFolder:
    """The seven tables below `path`, read column by column; applications of train and test are one table.

    `clients` keeps only the clients of these SK_ID_CURR and their history rows.
    """

    def __init__(self, path: Path, facts: Facts, *, clients: Integers | None = None) -> None:
        self.path = path
        self._kinds = {table: dict(columns) for table, columns in facts.columns.items()}
        self._whole: dict[str, pa.Table] = {}
        self._kept: dict[str, Flags] = {}
        self._wanted = clients

    def has(self, table: str) -> bool:
        """Return whether the folder holds a file of this table."""
        return any(self._find(part) is not None for part in _PARTS.get(table, (table,)))

    @cached_property
    def client_keys(self) -> Integers:
        """SK_ID_CURR of each client, int64 (n,), ascending."""
        return np.unique(self._key(APPLICATION, "SK_ID_CURR")[self._rows(APPLICATION)])

    @property
    def clients(self) -> int:
        """How many clients there are."""
        return int(self.client_keys.size)

    def rows_of_applications(self) -> Integers:
        """Return the position in `client_keys` of each application, int64 (n,)."""
        return self.owner(APPLICATION)

    def owner(self, table: str) -> Integers:
        """Return the position in `client_keys` of each row of a table, int64 (rows,)."""
        return np.searchsorted(self.client_keys, self._client(table)[self._rows(table)]).astype(np.int64)

    def key(self, table: str, name: str) -> Integers:
        """Return a key column, int64 (rows,)."""
        return self._key(table, name)[self._rows(table)]

    def numbers(self, table: str, name: str) -> Floats:
        """Return a number column, float64 (rows,), NaN where it is empty."""
        return self._raw_numbers(table, name)[self._rows(table)]

    def texts(self, table: str, name: str) -> Coded:
        """Return a text column of the table; an empty text is missing."""
        coded = pyarrow.compute.dictionary_encode(self._read(table, name)).combine_chunks()
        codes = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
        return Coded(codes[self._rows(table)], tuple(str(label) for label in coded.dictionary.to_pylist()))

    def column(self, table: str, name: str) -> Column:
        """Return a column by the kind that the raw schema gives it."""
        return self.texts(table, name) if self._kinds[table][name] == TEXT else self.numbers(table, name)

    def _rows(self, table: str) -> Flags:
        if table not in self._kept:
            client = self._client(table)
            if table == APPLICATION:
                kept = np.ones(client.shape[0], bool) if self._wanted is None else np.isin(client, self._wanted)
            else:
                kept = np.isin(client, self.client_keys)
            self._kept[table] = kept
        return self._kept[table]

    def _client(self, table: str) -> Integers:
        if table not in _KEY_OF_BALANCE:
            return self._key(table, "SK_ID_CURR")
        parent, name = _KEY_OF_BALANCE[table]
        loans, clients = self._key(parent, name), self._key(parent, "SK_ID_CURR")
        order = np.argsort(loans)
        wanted = self._key(table, name)
        at = np.clip(np.searchsorted(loans[order], wanted), 0, max(loans.shape[0] - 1, 0))
        found = order[at] if loans.size else np.zeros(wanted.shape[0], np.int64)
        return np.where(loans[found] == wanted, clients[found], -1) if loans.size else found - 1

    def _key(self, table: str, name: str) -> Integers:
        return self._raw_numbers(table, name).astype(np.int64)

    def _raw_numbers(self, table: str, name: str) -> Floats:
        values = self._read(table, name).cast(pa.float64())
        return np.asarray(values.to_numpy(), dtype=np.float64)

    def _read(self, table: str, name: str) -> pa.ChunkedArray:
        parts = [self._read_file(part, table, name) for part in _PARTS.get(table, (table,))]
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], type=parts[0].type)

    def _read_file(self, part: str, table: str, name: str) -> pa.ChunkedArray:
        path = self._find(part)
        if path is None:
            raise WorldError(f"{self.path} holds no {part}.csv or {part}.parquet: name a folder with all seven tables")
        if part == "application_test" and name == "TARGET":
            return pa.chunked_array([pa.nulls(len(self._read_file(part, table, "SK_ID_CURR")), pa.float64())])
        wanted = pa.string() if self._kinds[table][name] == TEXT else pa.float64()
        try:
            return self._read_column(path, table, name).cast(wanted)
        except (pa.ArrowException, KeyError) as error:
            raise WorldError(f"{path.name}: cannot read the column {name}: write the table again") from error

    def _read_column(self, path: Path, table: str, name: str) -> pa.ChunkedArray:
        if path.suffix == ".parquet":
            return pyarrow.parquet.read_table(path, columns=[name], partitioning=None)[name]
        if path.stem not in self._whole:
            types = {
                column: pa.string() if kind == TEXT else pa.float64() for column, kind in self._kinds[table].items()
            }
            options = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
            self._whole[path.stem] = pyarrow.csv.read_csv(path, convert_options=options)
        return self._whole[path.stem][name]

    def _find(self, part: str) -> Path | None:
        return next((path for kind in ("parquet", "csv") if (path := self.path / f"{part}.{kind}").is_file()), None)


def labelled(path: Path, facts: Facts) -> RawFolder:
    """Open a folder with the clients of application_train and their histories only."""
    everybody = RawFolder(path, facts)
    known = ~np.isnan(everybody.numbers(APPLICATION, "TARGET"))
    return RawFolder(path, facts, clients=everybody.key(APPLICATION, "SK_ID_CURR")[known])
