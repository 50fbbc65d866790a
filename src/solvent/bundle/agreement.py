"""Checks that the parts of one bundle belong together."""

from collections.abc import Collection, Mapping

from solvent.bundle.manifest import MANIFEST_FILE, Manifest
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.errors import BundleError
from solvent.features.program import APPLICATION, Program

MODEL_FILE = "model.txt"
PROGRAM_FILE = "features.json"
_MODEL_KIND = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "objective": "binary sigmoid:1"}
_TRAIN_AGAIN = "train the bundle again"


def find_forbidden_features(program: Program, forbidden: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the features that read forbidden application columns, each with those columns."""
    refused = {f"{APPLICATION}.{column}" for column in forbidden}
    read = {feature.name: tuple(sorted(refused.intersection(feature.sources))) for feature in program.features}
    return {name: columns for name, columns in read.items() if columns}


def check_program(program: Program, manifest: Manifest, forbidden: Collection[str]) -> None:
    """Check a program against the manifest and the forbidden columns: those of every policy, and what this one adds.

    Raises:
        BundleError: this version would write the program otherwise, it has another number of features than the
            manifest says, lacks a top feature, or has a feature that reads a forbidden column.
    """
    if program.digest != manifest.files[PROGRAM_FILE]:
        raise BundleError(f"{PROGRAM_FILE} is not in the form in which this version writes it: {_TRAIN_AGAIN}")
    if len(program.features) != manifest.n_features:
        raise BundleError(f"{PROGRAM_FILE} makes another number of features than {MANIFEST_FILE} says: {_TRAIN_AGAIN}")
    unknown = sorted(set(manifest.top_features) - set(program.names))
    if unknown:
        raise BundleError(f"{PROGRAM_FILE} lacks the top feature {unknown[0]} of {MANIFEST_FILE}: {_TRAIN_AGAIN}")
    for name, columns in find_forbidden_features(program, FORBIDDEN_COLUMNS.union(forbidden)).items():
        raise BundleError(
            f"{PROGRAM_FILE} has the feature {name}, which reads the forbidden {', '.join(columns)}: {_TRAIN_AGAIN}"
        )


def check_model_text(text: str, program: Program) -> None:
    """Check, by the head of its text alone, that a model fits a program; LightGBM's own reader validates nothing.

    Raises:
        BundleError: it is not a binary model whose raw score is in log-odds, or the number, names or order of its
            features differ from the program's.
    """
    head = _read_head(text)
    for name, expected in _MODEL_KIND.items():
        if head.get(name) != expected:
            raise BundleError(f"{MODEL_FILE} does not say {name}={expected}: {_TRAIN_AGAIN}")
    if head.get("max_feature_idx") != str(len(program.features) - 1):
        raise BundleError(f"{MODEL_FILE} takes another number of features than {PROGRAM_FILE} makes: {_TRAIN_AGAIN}")
    if head.get("feature_names") != " ".join(program.names):
        raise BundleError(f"{MODEL_FILE} takes other features than {PROGRAM_FILE}, or in other order: {_TRAIN_AGAIN}")


def _read_head(text: str) -> Mapping[str, str]:
    head, _, trees = text.partition("\nTree=0\n")
    if not head.startswith("tree\n") or not trees:
        raise BundleError(f"{MODEL_FILE} is not the text of a LightGBM model with trees: {_TRAIN_AGAIN}")
    return dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
