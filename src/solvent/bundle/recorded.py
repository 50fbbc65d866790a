"""A bundle as the decision log keeps it: the files that decide, without those that only describe."""

from collections.abc import Mapping
from pathlib import Path

from solvent.bundle.agreement import MODEL_FILE, PROGRAM_FILE, check_model_text, check_program
from solvent.bundle.calibration import CALIBRATION_FILE, Calibration
from solvent.bundle.files import Bundle
from solvent.bundle.manifest import Manifest, sha256
from solvent.bundle.policy import POLICY_FILE, read_policy, render_policy
from solvent.errors import BundleError, FeatureError
from solvent.features.program import Program

DECIDING_FILES = (MODEL_FILE, PROGRAM_FILE, CALIBRATION_FILE, POLICY_FILE)


def render_deciding_files(bundle: Bundle) -> dict[str, bytes]:
    """Return the files from which every decision of the bundle can be recomputed, as they were read.

    Raises:
        BundleError: a file would not be rendered to the bytes that the manifest lists.
    """
    files = {
        MODEL_FILE: bundle.model_text.encode(),
        PROGRAM_FILE: bundle.program.to_json(),
        CALIBRATION_FILE: bundle.calibration.to_json(),
        POLICY_FILE: render_policy(bundle.policy),
    }
    _check_digests(bundle.manifest, files)
    return files


def restore_bundle(manifest: bytes, files: Mapping[str, bytes]) -> Bundle:
    """Make a bundle from what the log kept of it; what only describes it (profile, evaluation, card) is empty.

    Raises:
        BundleError: manifest or a file is missing, altered or of an unknown protocol.
    """
    known = Manifest.from_json(manifest)
    _check_digests(known, files)
    try:
        program = Program.from_json(files[PROGRAM_FILE])
    except FeatureError as error:
        raise BundleError(f"{PROGRAM_FILE} in the log is not a program that this version reads") from error
    policy = read_policy(files[POLICY_FILE])
    check_program(program, known, policy.forbidden_columns)
    text = files[MODEL_FILE].decode()
    check_model_text(text, program)
    return Bundle(
        directory=Path(),
        manifest=known,
        program=program,
        model_text=text,
        calibration=Calibration.from_json(files[CALIBRATION_FILE]),
        policy=policy,
        profile={},
        evaluation={},
        model_card="",
    )


def _check_digests(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    for name in DECIDING_FILES:
        if name not in files or sha256(files[name]) != manifest.files[name]:
            raise BundleError(f"{name} is not the one that the manifest of {manifest.version} lists")
