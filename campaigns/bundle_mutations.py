"""Ways to spoil a bundle: altered files, strange entries of the folder, and those of `sealed_bundles.py`."""

import json
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, starmap
from pathlib import Path

from sealed_bundles import Contents, sealed_contents, sealed_manifests
from solvent.bundle.agreement import MODEL_FILE
from solvent.bundle.calibration import CALIBRATION_FILE
from solvent.bundle.files import LISTED_FILES, MODEL_CARD_FILE
from solvent.bundle.json_form import render_json
from solvent.bundle.manifest import MANIFEST_FILE, Manifest, sha256
from solvent.bundle.policy import POLICY_FILE

BLOCK = 64
"""Bytes of which one bit is flipped (RELIABILITY.md, T-09)."""


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
    for sealed in (sealed_manifests, sealed_contents):
        yield from starmap(_written, sealed(contents))
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
