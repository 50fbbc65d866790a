"""The catalogue as a page for people: each feature with its formula, unit, sources, role, and what was seen of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from solvent.features.program import APPLICATION, Feature, Node, Program

LONGEST_FORMULA = 220
"""Characters of a formula; a longer one is cut, its meaning says the rest."""

_INFIX = {
    "add": "+", "subtract": "-", "multiply": "*", "ratio": "/", "less": "<", "less_or_equal": "<=", "equal": "=",
    "same_category": "=", "and": "and", "or": "or",
}  # fmt: skip
_TEMPLATES = {
    "number": "{node.number:g}", "column": "{node.name}", "is_sentinel": "{node.name} holds its sentinel",
    "row": "rows", "lookup": "{0} of the same loan", "is_in": "{0} is {texts}",
    "before": "{0} of the row before by {by}", "not": "not {0}", "as_number": "{0}",
}  # fmt: skip
_TITLES = {
    APPLICATION: "Application", "bureau": "Loans with other lenders", "previous": "Earlier applications with us",
    "pos": "Point-of-sale and cash loans", "installments": "Instalments", "card": "Credit cards",
    "across": "Across the tables",
}  # fmt: skip
_RULES = {
    "raw": "a sentinel, a value out of range or an unknown category",
    "count": "no rows in the table",
    "history": "no value among the rows that it takes",
    "derived": "a part of it is missing, or its denominator is 0",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a set of clients had of a feature: the share without a value, and the range of the others."""

    missing: float
    smallest: float | None
    largest: float | None


def render_catalogue(program: Program, seen: Mapping[str, Seen], *, source: str) -> str:
    """Render the page.

    Args:
        program: the compiled catalogue.
        seen: by name; a feature that is not there has no figures yet.
        source: which clients `seen` comes from, and the command that measured it.
    """
    lines = [_head(program, source)]
    for prefix, features in groupby(program.features, key=lambda feature: feature.name.partition("_")[0]):
        lines += ["", f"## {_TITLES.get(prefix, prefix)}", "", *_table(program, list(features), seen)]
    return "\n".join(lines) + "\n"


def _head(program: Program, source: str) -> str:
    rules = "\n".join(f"- **{name}**: missing for {rule}." for name, rule in _RULES.items())
    return f"""# Features

{len(program.features)} features, made by `python tools/document_features.py` from the declarations in
`src/solvent/features/`; do not edit it. Shares missing and ranges: {source}.

Every feature is served: sex, marital status and what states them are not in the catalogue (decision 7). The role says
where a value comes from and when it is missing:

{rules}

Rows dated after the application do not count; a client without rows in a table has no statistic over it."""


def _table(program: Program, features: Sequence[Feature], seen: Mapping[str, Seen]) -> Iterable[str]:
    yield "| Feature | Meaning | Formula | Unit | Role | Reason | Sources | Missing | Range |"
    yield "|---|---|---|---|---|---|---|---|---|"
    writer = _Formulas(program)
    for feature in features:
        cells = (
            f"`{feature.name}`",
            feature.meaning,
            writer.write(feature.node),
            feature.unit,
            role_of(program, feature),
            feature.reason_code,
            ", ".join(feature.sources),
            *_figures(feature, seen.get(feature.name)),
        )
        yield "| " + " | ".join(cell.replace("|", "or") for cell in cells) + " |"


def _figures(feature: Feature, seen: Seen | None) -> tuple[str, str]:
    if seen is None:
        return "", ""
    if feature.categories:
        return f"{seen.missing:.1%}", f"{len(feature.categories)} categories"
    if seen.smallest is None or seen.largest is None:
        return f"{seen.missing:.1%}", ""
    return f"{seen.missing:.1%}", f"{seen.smallest:.4g} to {seen.largest:.4g}"


def role_of(program: Program, feature: Feature) -> str:
    """Whether a feature is a raw column, a count, another statistic over a history, or derived from several values."""
    node = program.nodes[feature.node]
    if node.op == "column":
        return "raw"
    if node.op == "aggregate":
        return "count" if node.statistic in ("count", "longest_run", "run_count") else "history"
    return "derived"


class _Formulas:
    """Writes nodes as text, each once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._texts: dict[int, str] = {}

    def write(self, position: int) -> str:
        """The formula of a node, at most `LONGEST_FORMULA` characters of it."""
        if position not in self._texts:
            text = self._describe(self._program.nodes[position])
            self._texts[position] = text if len(text) <= LONGEST_FORMULA else f"{text[:LONGEST_FORMULA]}..."
        return self._texts[position]

    def _describe(self, node: Node) -> str:
        parts = [self.write(argument) for argument in node.of]
        if node.op == "aggregate":
            return self._statistic(node, parts)
        if node.op in _INFIX:
            return f"({parts[0]} {_INFIX[node.op]} {parts[1]})"
        if node.op in _TEMPLATES:
            return _TEMPLATES[node.op].format(*parts, node=node, texts=" or ".join(node.texts), by=self._order(node))
        if node.op == "when":
            return f"{parts[1]} if {parts[0]}" + (f" else {parts[2]}" if len(parts) > 2 else "")
        return f"{node.op.replace('_', ' ')}({', '.join(parts)})"

    def _order(self, node: Node) -> str:
        return self.write(node.by[0]) if node.by else ""

    def _statistic(self, node: Node, parts: Sequence[str]) -> str:
        part = f"{node.number:g} " if node.statistic == "quantile" else ""
        text = f"{part}{node.statistic.replace('_', ' ')} of {parts[0]}"
        if len(parts) > 1:
            text += f" over {parts[1]}"
        if node.groups is not None:
            text += f" per {' and '.join(node.level.keys)}"
        if node.where is not None:
            text += f" where {self.write(node.where)}"
        if node.last:
            text += f", last {node.last} by {self._order(node)}"
        return text
