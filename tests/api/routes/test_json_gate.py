import json
from typing import Any, NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solvent.api.refusals import RequestRefusedError
from solvent.api.routes.json_gate import MAX_DEPTH, MAX_DIGITS, MAX_INTEGER, read_json

REFUSED = [
    (b"", "empty-body"),
    (b" \r\n\t", "empty-body"),
    (b"\xef\xbb\xbf{}", "byte-order-mark"),
    ('{"a": 1}'.encode("utf-16"), "wrong-encoding"),
    ('{"a": 1}'.encode("utf-16-le"), "wrong-encoding"),
    ('{"a": 1}'.encode("utf-16-be"), "wrong-encoding"),
    ('{"a": 1}'.encode("utf-32-be"), "wrong-encoding"),
    (b'{"a": "\xff"}', "invalid-utf-8"),
    (b'{"a": "\xed\xa0\x80"}', "invalid-utf-8"),
    (b'{"a": 1', "malformed-json"),
    (b"{'a': 1}", "malformed-json"),
    (b'{"a": 01}', "malformed-json"),
    (b'{"a": "\t"}', "malformed-json"),
    (b'{"a": [1}', "malformed-json"),
    (b'{"a": "NaN", }', "malformed-json"),
    (b'{"a": NaN}', "number-not-finite"),
    (b'{"a": -Infinity}', "number-not-finite"),
    (b'{"a": 1e400}', "number-not-finite"),
    (b'{"a": -1e400}', "number-not-finite"),
    (b'{"a": "\\ud800"}', "lone-surrogate"),
    (b'{"a": "\\udc00\\ud800"}', "lone-surrogate"),
    (b'{"a": "\\u0000"}', "nul-character"),
    (b'{"a": "\\\\\\u0000"}', "nul-character"),
    (b'{"\\u0000": 1}', "nul-character"),
    (b'{"a": "\x00"}', "nul-character"),
    (b'{"a": 1} {}', "trailing-data"),
    (b'{"a": 1}x', "trailing-data"),
    (b'{"a": 1, "a": 1}', "duplicate-key"),
    (b'{"a": 1, "\\u0061": 2}', "duplicate-key"),
    (b'{"a": [{"b": {"c": 1}}, {"b": 2, "b": 3}]}', "duplicate-key"),
    (b'{"a": {"b": {}}, "a": 1}', "duplicate-key"),
    (b'{"a:": "\\":", "b": 1, "b": 2}', "duplicate-key"),
    (b"[" * 9 + b"]" * 9, "too-deep"),
    (b'{"a":' * 9 + b"1" + b"}" * 9, "too-deep"),
    (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
    (b'{"a": 9007199254740992}', "integer-too-large"),
    (b'{"a": [-9007199254740992]}', "integer-too-large"),
    (b'{"a": 1180591620717411303424}', "integer-too-large"),
    (b"9007199254740993", "integer-too-large"),
    (b'{"a": 0.' + b"1" * 40 + b"}", "number-too-long"),
    (b'{"a": ' + b"1" * 41 + b"}", "number-too-long"),
    (b'{"a": 111111111111111.11111111111111e-00000000000001}', "number-too-long"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_refuses_what_is_not_strict_json_and_says_why(body: bytes, code: str) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        read_json(body)
    assert refused.value.refusal == code


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a": [], "b": {"a": null}}', {"a": [], "b": {"a": None}}),
        (b'\r\n {"a": true} \t', {"a": True}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        (b'{"a": "{[:\\",}]\\\\"}', {"a": '{[:",}]\\'}),
        (b'{"a:": ":", ":": {}}', {"a:": ":", ":": {}}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "12345678901234567890123456789012345678901234567890"}', {"a": "1234567890" * 5}),
        (b'{"a": 9007199254740991, "b": -9007199254740991}', {"a": MAX_INTEGER, "b": -MAX_INTEGER}),
        (b'{"a": 9007199254740993.0, "b": 1e20}', {"a": 9007199254740992.0, "b": 1e20}),
        (b'{"a": 0.' + b"1" * 39 + b"}", {"a": 0.1111111111111111}),
        (b'{"a": 0.7875230141251347, "b": -7875230141251347e-21}',
         {"a": 0.7875230141251347, "b": -7.875230141251347e-6}),
        (b"[" * 8 + b"]" * 8, [[[[[[[[]]]]]]]]),
        (b"1", 1),
    ],
)  # fmt: skip
def test_reads_strict_json(body: bytes, document: object) -> None:
    assert read_json(body) == document


def test_the_error_keeps_nothing_of_the_body() -> None:
    with pytest.raises(RequestRefusedError) as refused:
        read_json(b'{"a": "MARKER}')
    assert str(refused.value) == "the request was refused: malformed-json"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


class _RefusedByOracle(Exception):  # noqa: N818 - says what happened
    pass


def _refuse(*_: object) -> NoReturn:
    raise _RefusedByOracle


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        _refuse()
    return dict(pairs)


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS or abs(int(text)) > MAX_INTEGER:
        _refuse()
    return int(text)


def _number(text: str) -> float:
    if sum(character.isdigit() for character in text) > MAX_DIGITS or abs(float(text)) == float("inf"):
        _refuse()
    return float(text)


def _check(value: object, depth: int = 0) -> None:
    if isinstance(value, str) and ("\0" in value or value != value.encode("utf-8", "replace").decode()):
        _refuse()
    if isinstance(value, dict | list):
        if depth == MAX_DEPTH:
            _refuse()
        for part in (*value, *value.values()) if isinstance(value, dict) else value:
            _check(part, depth + 1)


def _read_with_oracle(body: bytes) -> Any:
    """The same rules on the standard library's decoder: clear and slow."""
    try:
        document = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError):
        _refuse()
    _check(document)
    return document


TOKENS = st.sampled_from(
    ["null", "true", "false", "NaN", "-Infinity", "0", "-0", "-7", "1.5", "1e5", "1e400", "9007199254740991",
     "-9007199254740992", "1180591620717411303424", "12345678901234567890.5", "0.7875230141251347",
     "1e-00000000000000001", "1" * 20 + "." + "1" * 20, "1" * 20 + "." + "1" * 21,
     "1" * 15 + "." + "1" * 13 + "e-" + "0" * 13]
)  # fmt: skip
STRINGS = st.sampled_from(
    ['"a"', '"b"', '"\\u0061"', '"a:"', '"{"', '"]["', '"\\""', '"\\\\"', '"\\\\\\""', '"\\u0000"', '"\\\\u0000"',
     '"\\ud800"', '"\\ud83d\\ude00"', '"\u00e9"', '"9007199254740993"', '":\\":"', '""']
)  # fmt: skip
SPACE = st.sampled_from(["", "", " ", "\n", "\t "])


def _objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(SPACE, STRINGS, SPACE, values).map(lambda parts: "{}{}{}:{}".format(*parts))
    return st.lists(pair, max_size=4).map(lambda pairs: "{" + ",".join(pairs) + "}")


def _lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=4).map(lambda parts: "[" + " ,".join(parts) + "]")


DOCUMENTS = st.recursive(TOKENS | STRINGS, lambda inner: _objects(inner) | _lists(inner), max_leaves=12)
NESTED = st.tuples(st.integers(0, 9), DOCUMENTS).map(lambda parts: "[" * parts[0] + parts[1] + "]" * parts[0])


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """Documents, most of them whole, some with a few bytes put in, changed or left out."""
    body = bytearray(draw(DOCUMENTS | NESTED).encode())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        place = draw(st.integers(0, len(body)))
        body[place : place + draw(st.integers(0, 1))] = draw(
            st.sampled_from([b"", b'"', b"\\", b"{", b",", b"\xff", b"\0"])
        )
    return bytes(body)


@given(_bodies())
@example(b'{"a\\\\":1,"a\\\\":2}')
@example(b'{"\\\\\\"":[{"a":1}],"b":"\\\\"}')
def test_accepts_exactly_what_the_standard_decoder_with_the_same_rules_accepts(body: bytes) -> None:
    try:
        expected = _read_with_oracle(body)
    except _RefusedByOracle:
        with pytest.raises(RequestRefusedError):
            read_json(body)
    else:
        assert repr(read_json(body)) == repr(expected)
