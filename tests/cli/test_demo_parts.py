import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from solvent.cli.children import ChildError, Children
from solvent.cli.demo_run import alone_in
from solvent.cli.demo_steps import Demo, DemoOptions, wait_until_answers
from solvent.cli.progress import shown_progress
from solvent.cli.receipts import Receipts
from solvent.cli.serving import check_port
from solvent.decision_log.registers.api_keys import list_keys
from solvent.errors import SettingsError
from solvent.settings import Settings


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _demo(home: Path, url: str, *, authentication: bool) -> Demo:
    (home / "demo").mkdir()
    settings = Settings(home=home, authentication=authentication)
    return Demo(DemoOptions(1500, 8000, 8501, once=True), settings, url, Children())


def test_shows_no_key_where_none_is_asked_for(tmp_path: Path) -> None:
    demo = _demo(tmp_path, "postgresql://nowhere", authentication=False)
    assert demo.key_headers == {}
    assert not demo.key_file.exists()


@pytest.mark.postgres
def test_makes_itself_a_key_where_one_is_asked_for(tmp_path: Path, database_url: str) -> None:
    demo = _demo(tmp_path, database_url, authentication=True)
    assert demo.key_headers == {"Authorization": f"Bearer {demo.key_file.read_text()}"}
    assert demo.key_file.stat().st_mode & 0o777 == 0o600
    assert [(key.name, key.scopes) for key in list_keys(database_url)] == [("demo", ("read", "score"))]


def test_takes_a_free_port() -> None:
    check_port(free_port(), option="--port")


def test_lets_one_demo_use_a_home(tmp_path: Path) -> None:
    with (
        alone_in(tmp_path / "demo"),
        pytest.raises(SettingsError, match="another demo runs in"),
        alone_in(tmp_path / "demo"),
    ):
        pass
    with alone_in(tmp_path / "demo"):
        pass


def test_clears_what_a_killed_run_left_half_made(tmp_path: Path) -> None:
    (tmp_path / ".world.99.partial").mkdir()
    (tmp_path / ".world.99.partial" / "bureau.csv").touch()
    (tmp_path / "world").mkdir()
    with alone_in(tmp_path):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "world"]


def test_remembers_a_step_until_it_is_removed(tmp_path: Path) -> None:
    receipts = Receipts(tmp_path / "receipts")
    assert receipts.read("world") is None
    receipts.write("world", {"clients": 5})
    assert receipts.read("world") == {"clients": 5}
    receipts.remove("world")
    receipts.remove("world")
    assert receipts.read("world") is None


def test_trusts_no_damaged_receipt(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"clients"')
    (tmp_path / "check.json").write_text("[]")
    assert Receipts(tmp_path).read("world") is None
    assert Receipts(tmp_path).read("check") is None


def test_does_not_wait_for_a_child_that_ended(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start("API", ("-c", "raise SystemExit(78)"), log=tmp_path / "api.log")
        child.process.wait()
        with pytest.raises(ChildError, match=r"^the API ended with code 78"):
            wait_until_answers(child, f"http://127.0.0.1:{free_port()}/")


def test_gives_up_on_a_child_that_never_answers(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start("API", ("-c", "import time; time.sleep(60)"), log=tmp_path / "api.log")
        with pytest.raises(ChildError, match=r"^the API does not answer at http://127\.0\.0\.1"):
            wait_until_answers(child, f"http://127.0.0.1:{free_port()}/", seconds=0.2)


def test_waits_until_a_child_answers(tmp_path: Path) -> None:
    port = free_port()
    with Children() as children:
        command = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path))
        child = children.start("server", command, log=tmp_path / "log")
        wait_until_answers(child, f"http://127.0.0.1:{port}/")
        assert child.process.poll() is None


def test_shows_a_plain_line_per_part_where_there_is_no_terminal() -> None:
    written = io.StringIO()
    with shown_progress(Console(file=written)) as progress:
        progress("drawing", 0.1)
        progress("drawing", 0.5)
        progress("moving [x]", 1.0)
    assert written.getvalue() == "  drawing\n  moving [x]\n"


def test_shows_a_bar_on_a_terminal() -> None:
    written = io.StringIO()
    with shown_progress(Console(file=written, force_terminal=True, width=80)) as progress:
        progress("drawing", 0.5)
    assert "drawing" in written.getvalue()
