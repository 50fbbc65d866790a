import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

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
