"""Writes the parts of the documents that say what the code says: errors, commands, metrics, alerts, duties.

    python tools/write_documents.py [--check]

Such a part stands between two comments, `<!-- begin NAME -->` and `<!-- end NAME -->`, and is never written by hand.
With --check nothing is written; a document that differs from its source is named, and the exit code is 1.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main

ROOT = Path(__file__).resolve().parents[1]
PART = re.compile(r"(<!-- begin (?P<name>[a-z-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
DUTIES = ROOT / "docs/duties.json"


def main() -> int:
    """Write every part, or say which documents differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    stale = [document for document in find_documents() if write_parts(document, is_check=is_check)]
    for document in stale:
        print(f"{document.relative_to(ROOT)} {'differs from its source' if is_check else 'written'}")
    return int(is_check and bool(stale))


def find_documents() -> list[Path]:
    """The documents with such parts."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    return sorted(document for document in documents if PART.search(document.read_text()))


def write_parts(document: Path, *, is_check: bool) -> bool:
    """Bring the parts of one document up to date; return whether something differed. Raises KeyError: unknown part."""
    before = document.read_text()
    after = PART.sub(lambda found: f"{found[1]}\n{WRITERS[found['name']]()}\n\n{found[3]}", before)
    if not is_check and after != before:
        document.write_text(after)
    return after != before


def write_table(head: str, rows: Iterator[str]) -> str:
    """A table; `head` and `rows` hold the cells between bars."""
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *(f"| {row} |" for row in rows)])


def list_problems() -> str:
    """Every error of the API, by status."""
    from solvent.api import problems  # noqa: PLC0415 - the API takes a second to import

    alone = [one for one in vars(problems).values() if isinstance(one, problems.Problem)]
    every = sorted({*alone, *problems.REFUSALS.values()}, key=lambda one: (one.status, one.code))
    rows = (
        f"{one.status} | `{one.code}` | {one.title} | {one.detail}{' *Has `Retry-After`.*' if one.is_passing else ''}"
        for one in every
    )
    return write_table("Status | `code` | Title | What to do", rows)


def list_routes() -> str:
    """Every address, with the scope that a key needs for it."""
    from solvent.api.callers.access import SCOPES  # noqa: PLC0415

    return write_table(
        "Address | Scope of the key", (f"`{path}` | {scope or 'open'}" for path, scope in SCOPES.items())
    )


def list_commands() -> str:
    """Every command with the first sentence of its help."""
    from solvent.cli.main import app  # noqa: PLC0415

    every = _commands(typer.main.get_command(app))
    rows = (f"`solvent {' '.join(path)}` | {_first_sentence(text)}" for path, text, _ in every)
    return write_table("Command | Does", rows)


def _commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, set[str]]]:
    """Each command under its whole name, with its help and its options."""
    inner: Mapping[str, object] | None = getattr(command, "commands", None)
    if inner is None:
        options = {option for one in getattr(command, "params", ()) for option in one.opts + one.secondary_opts}
        yield path, str(getattr(command, "help", "")), options
        return
    for name, one in inner.items():
        yield from _commands(one, (*path, name))


def options_of_commands() -> dict[str, set[str]]:
    """Of each command under its whole name (`ledger verify`): the options that it takes."""
    from solvent.cli.main import app  # noqa: PLC0415

    return {" ".join(path): options for path, _, options in _commands(typer.main.get_command(app))}


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split()).rstrip(".")


def list_metrics() -> str:
    """Every Prometheus metric of the API."""
    from solvent.api.telemetry.metrics import COUNTERS, GAUGES, HISTOGRAMS  # noqa: PLC0415

    kinds = (("counter", "_total", COUNTERS), ("histogram", "", HISTOGRAMS), ("gauge", "", GAUGES))
    rows = (
        f"`solvent_{name}{ending}` | {kind} | {', '.join(labels) or '-'} | {text}"
        for kind, ending, metrics in kinds
        for name, (text, labels) in metrics.items()
    )
    return write_table("Metric | Kind | Labels | Meaning", rows)


def list_alerts() -> str:
    """Every shipped alert rule, with its line of the run-book."""
    rules = tomllib.loads((ROOT / "src/solvent/monitoring/alert_rules.toml").read_text())["rule"]
    return write_table("Alert | Rings when | Severity | What to do", (_alert(rule) for rule in rules))


def _alert(rule: Mapping[str, Any]) -> str:
    when = f"`{rule['metric']}` at or {rule['direction']} {rule['limit']:g}"
    if rule.get("whole_interval"):
        when += ", with its whole interval"
    if rule.get("minimum_count"):
        when += f", on at least {rule['minimum_count']:,} rows"
    return f"`{rule['name']}` | {when} | {rule['severity']} | {rule['what_to_do']}"


def list_duties() -> str:
    """The duties of automated credit decisions, from their data file."""
    document = json.loads(DUTIES.read_text())
    head = "Source | Applies from | Duty | Answered by | Proved by"
    return f"As of {document['as_of']}.\n\n{write_table(head, (_duty(one) for one in document['duties']))}"


def _duty(duty: Mapping[str, Any]) -> str:
    tests = ", ".join(f"`{test}`" for test in duty["tests"]) or "no code: the lender's organisation"
    return " | ".join((duty["source"], duty["applies_from"], duty["duty"], duty["answered_by"], tests))


WRITERS: Mapping[str, Callable[[], str]] = {
    "alerts": list_alerts,
    "commands": list_commands,
    "duties": list_duties,
    "metrics": list_metrics,
    "problems": list_problems,
    "routes": list_routes,
}

if __name__ == "__main__":
    sys.exit(main())
