"""The one form of JSON in a bundle: sorted, indented, each value readable in one way only."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from solvent.errors import BundleError


def render_json(document: Mapping[str, Any]) -> bytes:
    """Render a document, which may hold dataclasses and arrays; equal documents give equal bytes.

    A number that is not finite becomes null.
    """
    plain = orjson.loads(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))  # dataclasses escape the sorting
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_document(content: bytes, *, file: str) -> dict[str, Any]:
    """Read a document that `render_json` wrote; other spellings of JSON, such as a key given twice, are refused.

    Raises:
        BundleError: the bytes are anything else.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BundleError(f"{file} is not JSON: train the bundle again or copy it whole") from error
    if not isinstance(document, dict) or render_json(document) != content:
        raise BundleError(f"{file} is not in the form in which Solvent writes it: do not edit it by hand")
    return document


class FieldReader:
    """Typed access to the fields of a document that must have exactly these names."""

    def __init__(self, document: Mapping[str, Any], names: Collection[str], *, file: str) -> None:
        self._document = document
        self._file = file
        for wrong, fault in ((set(names) - set(document), "lacks"), (set(document) - set(names), "has the unknown")):
            if wrong:
                raise self.error(f"{fault} {', '.join(sorted(wrong))}")

    def error(self, fault: str) -> BundleError:
        """Say what is wrong with the file."""
        return BundleError(f"{self._file} {fault}: train the bundle again with this version of Solvent")

    def number(self, name: str) -> float:
        """A finite number."""
        return self._finite(name, self._document[name])

    def numbers(self, name: str) -> tuple[float, ...]:
        """A list of finite numbers."""
        return tuple(self._finite(name, value) for value in self._list(name))

    def integer(self, name: str) -> int:
        """A whole number of zero or more."""
        value = self._document[name]
        if type(value) is not int or value < 0:
            raise self.error(f"holds no whole number in {name}")
        return value

    def text(self, name: str) -> str:
        """A text that is not empty."""
        return self._text(name, self._document[name])

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts that are not empty."""
        return tuple(self._text(name, value) for value in self._list(name))

    def mapping(self, name: str) -> dict[str, str]:
        """Texts by name."""
        value = self._document[name]
        if not isinstance(value, dict):
            raise self.error(f"holds no object in {name}")
        return {key: self._text(name, item) for key, item in value.items()}

    def _list(self, name: str) -> list[Any]:
        value = self._document[name]
        if not isinstance(value, list):
            raise self.error(f"holds no list in {name}")
        return value

    def _finite(self, name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.error(f"holds no finite number in {name}")
        return float(value)

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str) or not value:
            raise self.error(f"holds no text in {name}")
        return value
