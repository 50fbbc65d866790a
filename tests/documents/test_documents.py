import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from solvent.cli.main import app  # noqa: F401 - the commands register themselves

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import write_documents  # noqa: E402

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("document", write_documents.find_documents(), ids=lambda path: path.name)
def test_a_document_says_what_its_source_says(document: Path) -> None:
    assert not write_documents.write_parts(document, is_check=True), "run python tools/write_documents.py"


def test_a_part_that_differs_is_noticed_and_written(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("before\n<!-- begin routes -->\n| old |\n<!-- end routes -->\nafter\n")
    assert write_documents.write_parts(document, is_check=True)
    assert "old" in document.read_text()
    assert write_documents.write_parts(document, is_check=False)
    assert "| `/predict` | score |" in document.read_text()
    assert document.read_text().startswith("before\n")
    assert document.read_text().endswith("after\n")
    assert not write_documents.write_parts(document, is_check=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_named_test_is_there(document: Path) -> None:
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []
    named = set(re.findall(r"`(test_\w+)`", text))
    assert {name for name in named if not re.search(rf"def {name}\b", TESTS)} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_named_file_is_there(document: Path) -> None:
    named = re.findall(
        r"`((?:src|tests|tools|docs|deploy|examples|benchmarks|campaigns|notebooks|requirements)/[\w./-]+)`",
        document.read_text(),
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_claim_of_data_protection_names_its_test() -> None:
    text = (ROOT / "docs/RGPD_COMPLIANCE.md").read_text()
    claims = text.split("| Claim | Proved by |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert len(claims) == 14
    assert [claim for claim in claims if not re.search(r"`test_\w+`", claim)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_document_names_exists_with_its_options(document: Path) -> None:
    assert list(_find_wrong_commands(_written_by_hand(document))) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("`solvent ledger verify --chains-only`", []),
        ("`solvent ledger`", []),
        ("    solvent db retain --yes  # daily", []),
        ("`solvent ledger\nverify --quickly`", ["ledger verify --quickly"]),
        ("    solvent db mend --yes", ["db mend"]),
        ("`solvent forecast --now`", ["forecast"]),
    ],
)
def test_a_command_or_an_option_that_does_not_exist_is_noticed(said: str, wrong: list[str]) -> None:
    assert list(_find_wrong_commands(said)) == wrong


def _find_wrong_commands(text: str) -> Iterator[str]:
    """Commands of Solvent in code of a document that do not exist, and options that theirs do not have."""
    known = write_documents.options_of_commands()
    groups = {command.split()[0] for command in known if " " in command}
    for block, span in re.findall(r"^ {4}solvent ([^\n]*)|`solvent ([^`]*)`", text, re.MULTILINE):
        words = re.split(r"[#(|&;]", block or span)[0].split()
        command = " ".join(words[: 2 if words[:1] and words[0] in groups else 1])
        if command not in known and command not in groups:
            yield command
        wanted = [word for word in words if re.fullmatch(r"--[a-z][a-z-]*", word)]
        yield from (f"{command} {option}" for option in wanted if option not in known.get(command, {option, "--help"}))


def _written_by_hand(document: Path) -> str:
    return write_documents.PART.sub("", document.read_text())
