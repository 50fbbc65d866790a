"""What the tests of the commands share: a home of their own, small raw tables, and a way to run a command."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from raw_folder import write_raw_folder
from solvent.cli.main import main
from tiny_model import BUREAU_ROWS, RISKY, SAFE


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and a working folder of the test alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOLVENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SOLVENT_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command in this process."""

    def run_command(*arguments: str | Path | int) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return run_command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of raw tables: one client in train, one in test, who has three bureau rows."""
    tables = {
        "application_train": [{**RISKY, "TARGET": 1}],
        "application_test": [SAFE],
        "bureau": [{**row, "CREDIT_ACTIVE": "Active", "DAYS_CREDIT": -300} for row in BUREAU_ROWS],
        "bureau_balance": [{"SK_ID_BUREAU": 2, "MONTHS_BALANCE": -1, "STATUS": "C"}],
    }
    return write_raw_folder(tmp_path / "tables", tables)
