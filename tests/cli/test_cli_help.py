import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer.main
from typer.testing import CliRunner

from solvent.cli.main import app

HEAVY = ("mlflow", "lightgbm", "ibis", "duckdb", "streamlit", "sqlalchemy", "pydantic", "httpx", "numpy", "fastapi")


def walk(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from walk(child, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))


def test_has_every_command_that_people_script_against() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "demo",
        "world make",
        "world report",
        "world scenarios",
        "outcomes import",
        "performance report",
        "monitor run",
        "monitor watch",
        "monitor prove",
        "alerts list",
        "alerts acknowledge",
        "alerts resolve",
        "alerts rules",
        "data check",
        "drift report",
        "features build",
        "features store",
        "train",
        "retrain",
        "model list",
        "model compare",
        "model gates",
        "model promote",
        "model rollback",
        "model shadow",
        "model sign",
        "score",
        "api",
        "dashboard",
        "db upgrade",
        "db downgrade",
        "db check",
        "db retain",
        "ledger verify",
        "ledger resume",
        "ledger key",
        "replay",
        "explain",
        "client export",
        "client erase",
        "keys create",
        "keys list",
        "keys revoke",
        "traffic",
        "benchmark",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_documents_summary_example_effect_and_exit_codes(path: tuple[str, ...]) -> None:
    text = COMMANDS[path].help  # type: ignore[attr-defined]
    summary, *rest = text.split("\n\n")
    assert summary.endswith(".")
    assert len(summary) <= 80
    assert any(part.strip().startswith(f"Example:\n    solvent {' '.join(path)}") for part in rest)
    assert any(part.startswith("Writes: ") for part in rest)
    assert any(part.startswith("Exit codes: 0 ") for part in rest)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_explains_every_option_and_argument(path: tuple[str, ...]) -> None:
    parameters = COMMANDS[path].params  # type: ignore[attr-defined]
    assert [parameter.name for parameter in parameters if not parameter.help] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_shows_its_help(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert shown.exit_code == 0
    assert f"solvent {' '.join(path)}" in shown.output


def test_offers_the_options_of_traffic_under_their_known_names() -> None:
    names = {option for parameter in COMMANDS["traffic",].params for option in parameter.opts}  # type: ignore[attr-defined]
    assert {"--num-predictions", "--delay", "--drift-prob", "--drift-magnitude", "--data", "--url"} <= names


def test_loads_no_heavy_library_before_a_command_runs() -> None:
    code = f"import sys, solvent.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
