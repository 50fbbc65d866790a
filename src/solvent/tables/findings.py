"""What can be wrong with the raw tables, each finding as one plain sentence."""

from dataclasses import dataclass
from enum import StrEnum

from solvent.tables.schemas import TARGET, TableSchema, table_schema


class Rule(StrEnum):
    """The rule that rows of a table break."""

    MISSING_FILE = "missing_file"
    UNKNOWN_COLUMN = "unknown_column"
    DUPLICATE_KEY = "duplicate_key"
    ORPHAN_ROWS = "orphan_rows"
    MISSING_REQUIRED = "missing_required"
    NOT_INTEGER = "not_integer"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_CATEGORY = "unknown_category"


_ERRORS = frozenset({Rule.MISSING_FILE, Rule.DUPLICATE_KEY, Rule.MISSING_REQUIRED, Rule.NOT_INTEGER})

# What is wrong with the counted rows, and the remedy.
_SENTENCES = {
    Rule.DUPLICATE_KEY: ("with the key of another row", "keep one row of each"),
    Rule.ORPHAN_ROWS: ("without an owner in {parent}", "add the missing rows there; until then {fate}"),
    Rule.MISSING_REQUIRED: ("without the value, which every row needs", "fill it in, or leave such rows out"),
    Rule.NOT_INTEGER: ("with a fraction where a whole number belongs", "correct the export"),
    Rule.NOT_FINITE: ("with NaN or infinity", "leave the field empty; features take it as missing"),
    Rule.OUT_OF_RANGE: (
        "outside {minimum:.10g} to {maximum:.10g} {unit}",
        "check unit and sign; features take it as missing",
    ),
    Rule.UNKNOWN_CATEGORY: (
        "with a category that the schema does not know",
        "correct it, or add it to the schema; features take it as missing",
    ),
}

# What the features do with rows whose loan or client is unknown, by the parent table that lacks it.
_FATES = {"previous_application": "they count for their client, without their contract"}
_LEFT_OUT = "they are left out"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that `count` rows of a table break; `keys` are up to three ids of such rows, never other values.

    The ids are those of `key_column(table)`. `column` is None for a missing file, and for several columns (a key of
    two) holds their names with a comma between; `parent` is the table in which orphan rows have no owner.
    """

    table: str
    column: str | None
    rule: Rule
    count: int
    keys: tuple[int, ...] = ()
    parent: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether the tables must not be used like this; the other findings are warnings."""
        return self.rule in _ERRORS or self.column == TARGET

    def describe(self) -> str:
        """Say in one sentence what is wrong, where, how often, in which rows and what to do."""
        if self.rule == Rule.MISSING_FILE:
            return f"{self.table}: the file is missing; add {self.table}.csv or {self.table}.parquet."
        if self.rule == Rule.UNKNOWN_COLUMN:
            return f"{self.table}: the column {self.column!r} does not belong there; it is not read, so remove it."
        fact, remedy = _SENTENCES[self.rule]
        rows = "1 row" if self.count == 1 else f"{self.count:,} rows"
        remedy = remedy.format(fate=_FATES.get(self.parent or "", _LEFT_OUT))
        return f"{self.table}, {self.column}: {rows} {self._fill(fact)}{self._examples()}; {remedy}."

    def _fill(self, fact: str) -> str:
        if self.rule != Rule.OUT_OF_RANGE or self.column is None:
            return fact.format(parent=self.parent)
        column = table_schema(self.table).column(self.column)
        return fact.format(minimum=column.minimum, maximum=column.maximum, unit=column.unit)

    def _examples(self) -> str:
        if not self.keys:
            return ""
        return f" (such as {key_column(table_schema(self.table))} {', '.join(map(str, self.keys))})"


def key_column(schema: TableSchema) -> str:
    """The column whose ids name rows in findings: the first of the unique key, or else the link to the client."""
    return schema.key[0] if schema.key else schema.link
