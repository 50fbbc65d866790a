import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from solvent import dashboard
from solvent.dashboard import texts
from solvent.dashboard.texts.language import Text

MODULES = [found.name for found in pkgutil.iter_modules(texts.__path__) if found.name != "language"]


def texts_in(value: object) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, dict):
        yield from (one for part in value.values() for one in texts_in(part))
    elif isinstance(value, tuple | list):
        yield from (one for part in value for one in texts_in(part))


@pytest.mark.parametrize("module", MODULES)
def test_every_text_is_there_in_both_languages_with_the_same_gaps(module: str) -> None:
    room = importlib.import_module(f"{texts.__name__}.{module}")
    found = [text for value in vars(room).values() for text in texts_in(value)]
    assert found
    for text in found:
        assert text.english.strip()
        assert text.french.strip()
        assert set(re.findall(r"{\w*}", text.english)) == set(re.findall(r"{\w*}", text.french))


def find_names(module: str) -> Iterator[str]:
    """Names of a room of texts that its code and the pages read, each as an attribute, an import or a plain name."""
    own = f"{texts.__name__}.{module}"
    for file in Path(dashboard.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text())
        aliases = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == texts.__name__
            for alias in node.names
            if alias.name == module
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                yield node.attr
            elif isinstance(node, ast.ImportFrom) and node.module == own:
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and file.stem == module:
                yield node.id


@pytest.mark.parametrize("module", MODULES)
def test_every_text_is_shown_somewhere(module: str) -> None:
    room = importlib.import_module(f"{texts.__name__}.{module}")
    shown = set(find_names(module))
    assert [name for name in vars(room) if name.isupper() and name not in shown] == []
