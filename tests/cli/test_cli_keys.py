import re

import pytest

from solvent.cli.keys import KeyScope
from solvent.cli.main import main
from solvent.decision_log.registers.api_keys import Scope

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    create = ["keys", "create", "loan desk", "--scope", "score", "--scope", "read", "--days", "30", "--who", "anna"]
    assert main(create) == 0
    (key,) = capsys.readouterr().out.split()
    assert re.fullmatch(r"slv_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", key)
    key_id = key[4:16]
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert re.fullmatch(rf"{key_id}  in force  until \d{{4}}-\d\d-\d\d  read,score  loan desk\n", listed)
    assert main(["keys", "revoke", key_id, "--who", "bert"]) == 0
    assert capsys.readouterr().out == f"the key {key_id} is revoked\n"
    assert main(["keys", "revoke", key_id, "--who", "carl"]) == 0
    again = capsys.readouterr().out
    assert re.fullmatch(rf"the key {key_id} is revoked already, since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC by bert\n", again)
    main(["keys", "list"])
    assert f"{key_id}  revoked " in capsys.readouterr().out


def test_revoking_a_key_that_is_not_there_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "revoke", "0" * 12]) == 1
    assert capsys.readouterr().err == "error: there is no key with this id: `solvent keys list` shows them\n"


@pytest.mark.parametrize("wrong", [["a"], ["a", "--scope", "root"], ["a", "--scope", "read", "--days", "0"]])
def test_a_key_needs_a_name_a_known_scope_and_some_days(wrong: list[str]) -> None:
    assert main(["keys", "create", *wrong]) == 2


def test_the_option_offers_every_scope() -> None:
    assert [scope.value for scope in KeyScope] == [scope.value for scope in Scope]
