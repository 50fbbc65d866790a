"""What speaks for a registered model: its bundle, its evaluation and its held-out rows, each only if untouched."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from solvent.bundle.files import Bundle, read_bundle
from solvent.bundle.manifest import sha256
from solvent.errors import BundleError, TrainingError
from solvent.training.delong import measure_auc
from solvent.training.held_out import HeldOut
from solvent.training.population import find_selection

FIGURES = ("auc", "calibration_error", "at_threshold")


class EvidenceError(TrainingError):
    """The evaluation of a registered model is missing, or it is not the one that was registered."""


@dataclass(frozen=True)
class Pair:
    """Rows of two models to compare; `selection` says why they do not stand for all applicants, None where they do."""

    first: HeldOut
    second: HeldOut
    selection: str | None


@dataclass(frozen=True)
class Evidence:
    """A registered model that was checked; `held_out` gives, by bundle version, who scored its held-out rows how.

    A challenger that was trained from the decision log brings the champion's scores of its rows too.
    """

    bundle: Bundle
    held_out: Mapping[str, HeldOut]

    @property
    def own_rows(self) -> HeldOut:
        """The model's own held-out rows."""
        return self.held_out[self.bundle.version]

    def paired_with(self, other: "Evidence") -> Pair:
        """The rows of this model and of another one that are best compared."""
        mine, theirs = self.bundle.version, other.bundle.version
        for one in (other, self):
            if mine in one.held_out and theirs in one.held_out:
                return Pair(one.held_out[mine], one.held_out[theirs], one.selection)
        return Pair(self.own_rows, other.own_rows, self.selection or other.selection)

    @property
    def selection(self) -> str | None:
        """Why the own rows do not stand for all applicants; None where they do."""
        return find_selection(self.bundle.evaluation.get("population"))


def held_out_file(bundle_version: str) -> str:
    """Name of the file in the model store with a model's scores of held-out rows."""
    return f"{bundle_version.replace('+', '-')}.parquet"


def check_bundle(bundle_folder: Path | None, tags: Mapping[str, str]) -> Bundle:
    """Read a registered bundle; raises EvidenceError if it is missing or not the one that was registered."""
    if bundle_folder is None:
        raise EvidenceError("the bundle is missing in the model store: train the model again")
    try:
        bundle = read_bundle(bundle_folder)
    except BundleError as error:
        raise EvidenceError(str(error)) from error
    if bundle.digest != tags.get("bundle_digest"):
        raise EvidenceError("the bundle is not the one that was registered: register it as a version of its own")
    return bundle


def check_evidence(bundle_folder: Path | None, held_out_folder: Path | None, tags: Mapping[str, str]) -> Evidence:
    """Read a registered model, comparing every file with the digest that was registered.

    Args:
        bundle_folder: the bundle in the model store; None where there is none.
        held_out_folder: the held-out rows there; None where there are none.
        tags: of the version: `bundle_digest`, and in `held_out` the SHA-256 of each file of rows by bundle version.

    Raises:
        EvidenceError: anything is missing, altered, or does not fit the rest.
    """
    bundle = check_bundle(bundle_folder, tags)
    digests = json.loads(tags.get("held_out", "{}"))
    if held_out_folder is None or bundle.version not in digests:
        raise EvidenceError("held-out rows are missing: train the model again with this version of Solvent")
    evidence = Evidence(bundle, {name: _read_rows(held_out_folder, name, digests[name]) for name in digests})
    _check_figures(evidence)
    return evidence


def _read_rows(folder: Path, bundle_version: str, digest: str) -> HeldOut:
    name = held_out_file(bundle_version)
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise EvidenceError(f"{name} cannot be read ({error.strerror}): train the model again") from error
    if sha256(content) != digest:
        raise EvidenceError(f"{name} is not the file that was registered: train the model again")
    return HeldOut.from_parquet(content)


def _check_figures(evidence: Evidence) -> None:
    """Compare the one figure that follows from the rows alone with what the evaluation says."""
    test = evidence.bundle.evaluation.get("test")
    if not isinstance(test, dict) or any(not test.get(name) for name in FIGURES):
        raise EvidenceError("evaluation.json holds no figures of a test split: train the model again")
    rows = evidence.own_rows.outcomes
    measured, said = measure_auc(rows.scores, rows.defaulted).value, test["auc"].get("value")
    if not isinstance(said, float) or not math.isclose(measured, said, abs_tol=1e-9):
        raise EvidenceError("evaluation.json names another AUC than its held-out rows have: train the model again")
