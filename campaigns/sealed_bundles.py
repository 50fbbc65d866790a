"""Well sealed nonsense: bundles whose digests are right, and whose files are not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from solvent.bundle.agreement import MODEL_FILE, PROGRAM_FILE
from solvent.bundle.calibration import CALIBRATION_FILE
from solvent.bundle.files import EVALUATION_FILE, MODEL_CARD_FILE, PROFILE_FILE
from solvent.bundle.json_form import render_json
from solvent.bundle.manifest import MANIFEST_FILE, Manifest, sha256
from solvent.bundle.policy import POLICY_FILE
from solvent.features.program import PROTOCOL, Program

Contents = Mapping[str, bytes]
Spoiled = tuple[str, Contents]
"""What is wrong, and the files that are to be written instead."""

_REMOVED: Any = object()
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


def sealed_manifests(contents: Contents) -> Iterator[Spoiled]:
    """Yield manifests that are wrong though their own checksum is right, and two whose checksum is not."""
    document = json.loads(contents[MANIFEST_FILE])
    document.pop("checksum")
    for kind, changes in _manifest_changes(document):
        changed = {name: value for name, value in {**document, **changes}.items() if value is not _REMOVED}
        yield (f"manifest: {kind}", {MANIFEST_FILE: _seal(changed)})
    yield ("manifest: no checksum", {MANIFEST_FILE: render_json(document)})
    yield ("manifest: wrong checksum", {MANIFEST_FILE: render_json({**document, "checksum": "0" * 64})})


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


def sealed_contents(contents: Contents) -> Iterator[Spoiled]:
    """Yield files that do not mean what they must, with digests that are right."""
    manifest = Manifest.from_json(contents[MANIFEST_FILE])
    for kind, name, content in _nonsense(contents):
        sealed = replace(manifest, files={**manifest.files, name: sha256(content)})
        yield (f"sealed: {kind}", {name: content, MANIFEST_FILE: sealed.to_json()})
    # A policy that forbids what the program reads: the program is at fault, and named.
    program = Program.from_json(contents[PROGRAM_FILE])
    column = next(source for source in program.features[0].sources).removeprefix("application.")
    policy = render_json({**json.loads(contents[POLICY_FILE]), "forbidden_columns": [column]})
    sealed = replace(manifest, files={**manifest.files, POLICY_FILE: sha256(policy)})
    files = {PROGRAM_FILE: contents[PROGRAM_FILE], POLICY_FILE: policy, MANIFEST_FILE: sealed.to_json()}
    yield ("sealed: a column that is read is forbidden", files)


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
    yield from _poor_evaluations(contents[EVALUATION_FILE])
    yield from _other_programs(contents[PROGRAM_FILE])
    yield from _other_models(contents[MODEL_FILE].decode())


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


def _poor_evaluations(content: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Models that fail the quality gate, or do not say how good they are."""
    document = json.loads(content)
    for auc in (
        {"value": 0.5, "low": 0.46, "high": 0.54},
        {"value": 0.7, "low": 0.5, "high": 0.9},
        {"value": 0.7, "low": None, "high": 0.9},
        {"value": 0.7},
        0.9,
        None,
    ):
        yield "quality gate", EVALUATION_FILE, render_json({**document, "test": {**document["test"], "auc": auc}})


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
    known = b'"protocol":%d' % PROTOCOL
    for spelling in (b'"protocol":%d' % (PROTOCOL + 1), b'"protocol":0', b'"protocol":null'):
        yield "another protocol", PROGRAM_FILE, content.replace(known, spelling)
    loop = replace(program.nodes[-1], of=(len(program.nodes) - 1,))
    yield "a node that needs itself", PROGRAM_FILE, replace(program, nodes=(*program.nodes[:-1], loop)).to_json()
    lost = replace(features[0], node=len(program.nodes))
    yield "a feature of no node", PROGRAM_FILE, replace(program, features=(lost, *features[1:])).to_json()
    for table, columns in program.columns.items():
        for name, cleaning in columns.items():
            unknown = {**program.columns, table: {**columns, f"{name}_X": cleaning}}
            yield "an unknown column", PROGRAM_FILE, replace(program, columns=unknown).to_json()
            break
    strange_table = {**program.columns, "secrets": dict(next(iter(program.columns.values())))}
    yield "an unknown table", PROGRAM_FILE, replace(program, columns=strange_table).to_json()
    for at in {node.statistic: position for position, node in enumerate(program.nodes) if node.statistic}.values():
        nodes = (*program.nodes[:at], replace(program.nodes[at], statistic="median"), *program.nodes[at + 1 :])
        yield "an unknown statistic", PROGRAM_FILE, replace(program, nodes=nodes).to_json()
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
