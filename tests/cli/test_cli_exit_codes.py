import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from solvent.cli.main import main
from solvent.errors import BundleError, DecisionLogError, LogUnavailableError, SettingsError, SolventError, TablesError


def raising(error: BaseException) -> typer.Typer:
    commands = typer.Typer(pretty_exceptions_enable=False)

    @commands.command()
    def fail() -> None:
        raise error

    return commands


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("no"), 78),
        (BundleError("no"), 78),
        (TablesError("no"), 1),
        (DecisionLogError("no"), 1),
        (LogUnavailableError("no"), 1),
        (SolventError("no"), 1),
    ],
)
def test_ends_with_the_code_of_the_branch(error: SolventError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], commands=raising(error)) == code
    assert capsys.readouterr().err == "error: no\n"


def test_says_an_expected_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    main([], commands=raising(TablesError("first\nsecond")))
    assert capsys.readouterr().err == "error: first second\n"


def test_names_the_file_of_an_operating_system_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], commands=raising(PermissionError(13, "Permission denied", "out.csv"))) == 1
    assert capsys.readouterr().err == "error: out.csv: Permission denied\n"


def test_keeps_the_details_of_an_unexpected_error_in_a_private_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], commands=raising(ZeroDivisionError("secret"))) == 1
    message = capsys.readouterr().err
    found = re.fullmatch(r"error: unexpected ZeroDivisionError; the details are in (\S+)\n", message)
    assert found is not None
    details = Path(found[1])
    assert "ZeroDivisionError: secret" in details.read_text()
    assert details.stat().st_mode & 0o777 == 0o600
    details.unlink()


def test_ends_quietly_with_130_on_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], commands=raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_ends_with_0_when_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "0.1.0\n"


def test_ends_with_2_on_wrong_usage() -> None:
    assert main(["no-such-command"]) == 2


def test_runs_as_a_module_with_the_same_codes(tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "solvent.cli", "data", "check", str(tmp_path / "absent")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"error: {tmp_path}/absent does not exist: "
        "give the folder that holds application_train.csv and the other tables\n"
    )


def test_refuses_to_start_with_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOLVENT_LOG_LEVEL", "loud")
    assert main(["db", "check"]) == 78
    assert capsys.readouterr().err == "error: settings with a wrong value: SOLVENT_LOG_LEVEL; see docs/settings.md\n"
