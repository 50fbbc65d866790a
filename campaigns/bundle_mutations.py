"""Ways to spoil a bundle: altered files, strange entries of the folder, and well sealed nonsense."""

import json
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from solvent.bundle.agreement import MODEL_FILE, PROGRAM_FILE
from solvent.bundle.calibration import CALIBRATION_FILE
from solvent.bundle.files import EVALUATION_FILE, LISTED_FILES, MODEL_CARD_FILE, PROFILE_FILE
from solvent.bundle.json_form import render_json
from solvent.bundle.manifest import MANIFEST_FILE, Manifest, sha256
from solvent.bundle.policy import POLICY_FILE
from solvent.features.program import Program

BLOCK = 64
"""Bytes of which one bit is flipped (RELIABILITY.md, T-09)."""

Contents = Mapping[str, bytes]


@dataclass(frozen=True)
class Mutation:
    """One way to spoil a bundle.

    `names`: the entries that it alters; who refuses the bundle must name one of them. `apply` alters a whole copy.
    """

    kind: str
    names: tuple[str, ...]
    apply: Callable[[Path], None]


def read_contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a bundle by name."""
    return {name: (folder / name).read_bytes() for name in sorted(LISTED_FILES | {MANIFEST_FILE})}


def restore(folder: Path, contents: Contents, names: tuple[str, ...]) -> None:
    """Make a copy whole again of which these entries were altered."""
    for name in names:
        with suppress(OSError):
            (folder / name).unlink()
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        if name in contents:
            (folder / name).write_bytes(contents[name])


def list_mutations(contents: Contents, chance: random.Random) -> Iterator[Mutation]:
    """Yield every mutation of this bundle, then random ones without end; equal chance, equal mutations."""
    yield from _structural(contents)
    yield from _exchanged(contents)
    yield from _sealed_manifests(contents)
    yield from _sealed_contents(contents)
    yield from _truncated(contents)
    flips = [(name, at) for name, content in contents.items() for at in range(0, len(content), BLOCK)]
    chance.shuffle(flips)
    for name, at in flips:
        last = min(at + BLOCK, len(contents[name])) - 1
        yield flip("bit in each block", contents, name, chance.randint(at, last), chance.randrange(8))
    while True:
        yield _at_random(contents, chance)


def flip(kind: str, contents: Contents, name: str, at: int, bit: int) -> Mutation:
    """Flip one bit of a file."""
    altered = bytearray(contents[name])
    altered[at] ^= 1 << bit
    return _written(kind, {name: bytes(altered)})


def make_other(contents: Contents) -> dict[str, bytes]:
    """Return another version of the bundle: the same model with other policy, calibration and report."""
    policy = json.loads(contents[POLICY_FILE])
    policy |= {"threshold": policy["threshold"] / 2.0, "max_reasons": 3}
    other = {
        **contents,
        POLICY_FILE: render_json(policy),
        CALIBRATION_FILE: render_json({"method": "platt", "slope": 1.5, "intercept": -0.25}),
        MODEL_FILE: contents[MODEL_FILE].replace(b"\nleaf_value=", b"\nleaf_value=0.0", 1),
        MODEL_CARD_FILE: contents[MODEL_CARD_FILE] + b"Another one.\n",
    }
    manifest = Manifest.from_json(contents[MANIFEST_FILE])
    digests = {name: sha256(other[name]) for name in manifest.files}
    return {**other, MANIFEST_FILE: replace(manifest, files=digests).to_json()}


def _write(files: Contents, folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _written(kind: str, files: Contents) -> Mutation:
    return Mutation(kind, tuple(files), partial(_write, files))


def _structural(contents: Contents) -> Iterator[Mutation]:
    replacements: dict[str, Callable[[Path], None]] = {
        "missing": lambda _: None,
        "empty": Path.touch,
        "a folder": Path.mkdir,
        "a pipe": os.mkfifo,
        "a socket": _make_socket,
        "a dangling link": lambda path: path.symlink_to("nowhere"),
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a link to a folder": lambda path: path.symlink_to("."),
        "a device": lambda path: path.symlink_to("/dev/zero"),
        "claims 10 GB": _claim_size,
    }
    for name in contents:
        for kind, make in replacements.items():
            yield Mutation(kind, (name,), partial(_replace, name, make))
        yield Mutation("a link to the true file", (name,), partial(_link_away, name))
    for name in ("model.pkl", "extra.json", ".hidden", "Model.txt", "manifest.json.bak", "a\nb", "\u00e9", "x" * 200):
        yield _written("an extra file", {name: b"x"})
    yield Mutation("an extra folder", ("__pycache__",), lambda folder: (folder / "__pycache__").mkdir())


def _replace(name: str, make: Callable[[Path], None], folder: Path) -> None:
    (folder / name).unlink()
    make(folder / name)


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _claim_size(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 * 2**30)


def _link_away(name: str, folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    shutil.copy(folder / name, elsewhere)
    (folder / name).unlink()
    (folder / name).symlink_to(elsewhere)


def _exchanged(contents: Contents) -> Iterator[Mutation]:
    other = make_other(contents)
    for name, content in other.items():
        if content != contents[name]:
            yield _written("of another version", {name: content})
    for first, second in combinations(contents, 2):
        if contents[first] != contents[second]:
            yield _written("swapped", {first: contents[second], second: contents[first]})


def _truncated(contents: Contents) -> Iterator[Mutation]:
    for name, content in contents.items():
        for size in sorted({len(content) * share // 100 for share in range(1, 100)} - {0}):
            yield _written("truncated", {name: content[:size]})


def _at_random(contents: Contents, chance: random.Random) -> Mutation:
    name = chance.choice(list(contents))
    content = contents[name]
    start = chance.randrange(len(content))
    end = min(len(content), start + chance.randint(1, 200))
    match chance.randrange(5):
        case 0:
            return flip("bit at random", contents, name, start, chance.randrange(8))
        case 1:
            return _written("bytes left out", {name: content[:start] + content[end:]})
        case 2:
            return _written("bytes repeated", {name: content[:end] + content[start:end] + content[end:]})
        case 3:
            return _written("bytes added", {name: content[:start] + chance.randbytes(end - start) + content[start:]})
        case _:
            position = chance.randrange(len(content))
            noise = bytes([content[position] ^ chance.randint(1, 255)])
            return _written("byte replaced", {name: content[:position] + noise + content[position + 1 :]})


def _sealed_manifests(contents: Contents) -> Iterator[Mutation]:
    """Manifests whose own checksum is right."""
    document = json.loads(contents[MANIFEST_FILE])
    document.pop("checksum")
    for kind, changes in _manifest_changes(document):
        changed = {name: value for name, value in {**document, **changes}.items() if value is not _REMOVED}
        yield _written(f"manifest: {kind}", {MANIFEST_FILE: _seal(changed)})
    yield _written("manifest: no checksum", {MANIFEST_FILE: render_json(document)})
    yield _written("manifest: wrong checksum", {MANIFEST_FILE: render_json({**document, "checksum": "0" * 64})})


_REMOVED: Any = object()


def _seal(document: Mapping[str, Any]) -> bytes:
    return render_json({**document, "checksum": sha256(render_json(document))})


def _manifest_changes(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for protocol in (0, 2, 99, "1", 1.5, None, [1]):
        yield "unknown protocol", {"protocol": protocol}
    for name in document:
        yield "lacks a field", {name: _REMOVED}
        yield "null in a field", {name: None}
        yield "an object in a field", {name: {"x": [1]}}
    yield "an unknown field", {"loader": "pickle"}
    for version in ("2026.1.1+000000", "", 7):
        yield "another version", {"version": version}
    for time in ("2026-11-23T04:05:06", "2026-11-23T04:05:06+01:00", "2026-11-23T04:05:06.5+00:00", "soon", 0):
        yield "another time", {"created_at": time}
    for number in (0, -1, 1.5, 2**63, "6", document["n_features"] + 1):
        yield "number of features", {"n_features": number}
    for top in (["no_such_feature"], [""], [7], "income"):
        yield "top features", {"top_features": top}
    yield from _listed_files(document["files"])


def _listed_files(files: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    rest = {name: digest for name, digest in files.items() if name != MODEL_FILE}
    digest = files[MODEL_FILE]
    for name in (
        "../model.txt",
        "/etc/passwd",
        "sub/model.txt",
        "..\\model.txt",
        "model.txt/..",
        "MODEL.TXT",
        "model.txt ",
    ):
        yield "path traversal", {"files": {**rest, name: digest}}
        yield "path traversal", {"files": {**files, name: digest}}
    yield "lists no file", {"files": {}}
    for name, right in files.items():
        yield "leaves out a file", {"files": {other: value for other, value in files.items() if other != name}}
        for wrong in ("0" * 64, right.upper(), right[:-1], "", None, 7, f"sha256:{right}"):
            yield "another digest", {"files": {**files, name: wrong}}


def _sealed_contents(contents: Contents) -> Iterator[Mutation]:
    """Files that do not mean what they must, with digests that are right."""
    manifest = Manifest.from_json(contents[MANIFEST_FILE])
    for kind, name, content in _nonsense(contents):
        sealed = replace(manifest, files={**manifest.files, name: sha256(content)})
        yield _written(f"sealed: {kind}", {name: content, MANIFEST_FILE: sealed.to_json()})
    # A policy that forbids what the program reads: the program is at fault, and named.
    program = Program.from_json(contents[PROGRAM_FILE])
    column = next(source for source in program.features[0].sources).removeprefix("application.")
    policy = render_json({**json.loads(contents[POLICY_FILE]), "forbidden_columns": [column]})
    sealed = replace(manifest, files={**manifest.files, POLICY_FILE: sha256(policy)})
    files = {PROGRAM_FILE: contents[PROGRAM_FILE], POLICY_FILE: policy, MANIFEST_FILE: sealed.to_json()}
    yield _written("sealed: a column that is read is forbidden", files)


def _nonsense(contents: Contents) -> Iterator[tuple[str, str, bytes]]:
    for name in (POLICY_FILE, CALIBRATION_FILE, PROFILE_FILE, EVALUATION_FILE, PROGRAM_FILE):
        for content in (
            b"[]\n",
            b"{}",
            b"null",
            b"\xef\xbb\xbf{}\n",
            contents[name] + b" ",
            b"[" * 100_000,
            b"\xff\xfe",
        ):
            yield "not a document", name, content
    for name in (MODEL_FILE, MODEL_CARD_FILE):
        yield "not in UTF-8", name, contents[name] + b"\xff\xfe"
    yield from _spoiled_fields(contents, POLICY_FILE, _POLICY_CHANGES)
    yield from _spoiled_fields(contents, CALIBRATION_FILE, _CALIBRATION_CHANGES)
    yield from _spoiled_numbers(contents)
    yield from _other_programs(contents[PROGRAM_FILE])
    yield from _other_models(contents[MODEL_FILE].decode())


_POLICY_CHANGES: Mapping[str, tuple[object, ...]] = {
    "threshold": (0.0, -0.1, 1.5, "0.3", True, None, [0.3]),
    "medium_from": (0.0, -1.0, 0.99999, None, "x"),
    "high_from": (0.0, 1.0, 2.0, None, "x"),
    "max_reasons": (0, -1, 1.5, "4", None, True),
    "cost_false_negative": (0.0, -10.0, None, "10"),
    "cost_false_positive": (0.0, -1.0, None, "1"),
    "forbidden_columns": ("CODE_GENDER", [7], [""], None),
    "unknown": (1,),
}
_CALIBRATION_CHANGES: Mapping[str, tuple[object, ...]] = {
    "method": ("pickle", "", None, 7),
    "slope": (0.0, -1.0, None, "1", True),
    "intercept": (None, "0", [0.0]),
    "unknown": (1,),
}
_CURVES: tuple[tuple[list[float], list[float]], ...] = (
    ([], []), ([0.0], []), ([0.0, 0.0], [0.1, 0.2]), ([1.0, 0.0], [0.1, 0.2]), ([0.0, 1.0], [0.2, 0.1]),
    ([0.0, 1.0], [0.0, 0.5]), ([0.0, 1.0], [0.5, 1.0]), ([0.0, 1.0], [0.5, 7.0]), ([0.0], [0.1, 0.2]),
)  # fmt: skip


def _spoiled_fields(
    contents: Contents, name: str, changes: Mapping[str, tuple[object, ...]]
) -> Iterator[tuple[str, str, bytes]]:
    document = json.loads(contents[name])
    for field_name, values in changes.items():
        for value in values:
            yield f"{field_name} of {name}", name, render_json({**document, field_name: value})
    for field_name in document:
        rest = {other: value for other, value in document.items() if other != field_name}
        yield f"a field of {name} missing", name, render_json(rest)


def _spoiled_numbers(contents: Contents) -> Iterator[tuple[str, str, bytes]]:
    """Numbers that no JSON has, and curves that are none."""
    for spelling in (b"NaN", b"Infinity", b"-Infinity", b"1e400", b"0x1", b"01"):
        line = next(line for line in contents[POLICY_FILE].splitlines() if b'"threshold"' in line)
        policy = contents[POLICY_FILE].replace(line, b'  "threshold": ' + spelling)
        yield "threshold not a number", POLICY_FILE, policy
        slope = b'{\n  "intercept": 0.0,\n  "method": "platt",\n  "slope": ' + spelling + b"\n}\n"
        yield "slope not a number", CALIBRATION_FILE, slope
    for scores, probabilities in _CURVES:
        curve = {"method": "isotonic", "scores": scores, "probabilities": probabilities}
        yield "not a rising curve", CALIBRATION_FILE, render_json(curve)


def _other_programs(content: bytes) -> Iterator[tuple[str, str, bytes]]:
    program = Program.from_json(content)
    features = program.features
    reordered = {
        "first two features exchanged": (features[1], features[0], *features[2:]),
        "features reversed": features[::-1],
        "features rotated": (*features[1:], features[0]),
        "one feature less": features[:-1],
        "one feature twice": (*features[:-1], features[0]),
        "one feature more": (*features, features[0]),
        "a feature renamed": (replace(features[0], name="another"), *features[1:]),
        "no features": (),
    }
    for kind, order in reordered.items():
        yield kind, PROGRAM_FILE, replace(program, features=order).to_json()
    for column in ("CODE_GENDER", "NAME_FAMILY_STATUS"):
        reading = replace(features[0], sources=(f"application.{column}",))
        yield "a forbidden column", PROGRAM_FILE, replace(program, features=(reading, *features[1:])).to_json()
    for spelling in (b'"protocol":2', b'"protocol":0', b'"protocol":null'):
        yield "another protocol", PROGRAM_FILE, content.replace(b'"protocol":1', spelling)
    loop = replace(program.nodes[-1], of=(len(program.nodes) - 1,))
    yield "a node that needs itself", PROGRAM_FILE, replace(program, nodes=(*program.nodes[:-1], loop)).to_json()
    lost = replace(features[0], node=len(program.nodes))
    yield "a feature of no node", PROGRAM_FILE, replace(program, features=(lost, *features[1:])).to_json()
    for at in {node.op: position for position, node in enumerate(program.nodes)}.values():
        strange = replace(program.nodes[at], op="exec")
        nodes = (*program.nodes[:at], strange, *program.nodes[at + 1 :])
        yield "an unknown operation", PROGRAM_FILE, replace(program, nodes=nodes).to_json()


def _other_models(text: str) -> Iterator[tuple[str, str, bytes]]:
    names = next(line for line in text.splitlines() if line.startswith("feature_names="))
    first, second, *rest = names.removeprefix("feature_names=").split(" ")
    changes = {
        "first two features exchanged": (names, f"feature_names={' '.join([second, first, *rest])}"),
        "a feature renamed": (names, f"feature_names={' '.join([first + '_', second, *rest])}"),
        "a feature left out": (names, f"feature_names={' '.join([second, *rest])}"),
        "number of features": ("max_feature_idx=", "max_feature_idx=9"),
        "another kind": ("objective=binary", "objective=regression"),
        "another scale": ("sigmoid:1", "sigmoid:2"),
        "several classes": ("num_class=1", "num_class=2"),
        "several trees for one": ("num_tree_per_iteration=1", "num_tree_per_iteration=2"),
        "another format": ("version=v4", "version=v9"),
        "no trees": ("\nTree=0\n", "\nTree=9\n"),
        "no head": ("tree\n", "forest\n"),
    }
    for kind, (old, new) in changes.items():
        yield f"model, {kind}", MODEL_FILE, text.replace(old, new, 1).encode()
    for content in (b"tree\n", b"\x80\x04\x95", b"\0" * 4096, b"tree\n" + b"a=b\n" * 100_000):
        yield "model, something else", MODEL_FILE, content
