import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from solvent.decision_log.audit.ledger import Entry
from solvent.decision_log.audit.outside import keep_outside, read_outside, read_outside_since
from solvent.errors import DecisionLogError

DAY = "ledger-2026-11-27.jsonl"


def _entry(number: int) -> Entry:
    content = json.dumps({"at": "2026-11-27T00:00:00+00:00", "number": number}).encode()
    return Entry(number, "erased", content, b"signature")


def test_a_last_line_that_was_not_written_to_its_end_holds_up_nobody(tmp_path: Path) -> None:
    keep_outside(tmp_path, _entry(1))
    with (tmp_path / DAY).open("ab") as file:
        file.write(b'{"number": 2, "kind": "chec')
    with capture_logs() as logs:
        assert read_outside(tmp_path) == [_entry(1)]
    assert [(event["event"], event["file"]) for event in logs] == [("ledger_line_torn", DAY)]
    keep_outside(tmp_path, _entry(2), _entry(3))
    assert read_outside_since(tmp_path, 2) == [_entry(2), _entry(3)]


def test_an_entry_that_lacks_only_the_end_of_its_line_stays(tmp_path: Path) -> None:
    keep_outside(tmp_path, _entry(1), _entry(2))
    path = tmp_path / DAY
    path.write_bytes(path.read_bytes()[:-1])
    keep_outside(tmp_path, _entry(2), _entry(3))
    assert read_outside(tmp_path) == [_entry(1), _entry(2), _entry(3)]


def test_a_broken_line_before_the_last_is_refused(tmp_path: Path) -> None:
    keep_outside(tmp_path, _entry(1))
    path = tmp_path / DAY
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(DecisionLogError, match="holds no ledger entries"):
        read_outside(tmp_path)


def test_an_entry_is_kept_once(tmp_path: Path) -> None:
    for _ in range(2):
        keep_outside(tmp_path, _entry(1), _entry(2))
    assert read_outside(tmp_path) == [_entry(1), _entry(2)]


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DecisionLogError, match=r"make room in .*file or mend its rights"):
        keep_outside(tmp_path / "file", _entry(1))
