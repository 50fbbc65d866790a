"""A bundle as the decision log keeps it: what decides, what monitoring compares with, and what is said of it."""

from collections.abc import Mapping
from pathlib import Path

from solvent.bundle.agreement import MODEL_FILE, PROGRAM_FILE, check_model_text, check_program
from solvent.bundle.calibration import CALIBRATION_FILE, Calibration
from solvent.bundle.files import EVALUATION_FILE, MODEL_CARD_FILE, PROFILE_FILE, REFERENCE_FILE, Bundle
from solvent.bundle.json_form import read_document, render_json
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
    policies = [render_policy(bundle.policy, with_definition=is_with) for is_with in (True, False)]
    listed = bundle.manifest.files[POLICY_FILE]
    files = {
        MODEL_FILE: bundle.model_text.encode(),
        PROGRAM_FILE: bundle.program.to_json(),
        CALIBRATION_FILE: bundle.calibration.to_json(),
        POLICY_FILE: next((policy for policy in policies if sha256(policy) == listed), policies[0]),
    }
    _check_digests(bundle.manifest, files)
    return files


def render_recorded_files(bundle: Bundle) -> dict[str, bytes]:
    """Return the deciding files, and if the bundle has them those that say what is normal and how good it is.

    Raises:
        BundleError: as `render_deciding_files`.
    """
    files = render_deciding_files(bundle)
    described = {PROFILE_FILE: render_json(bundle.profile)} if bundle.profile else {}
    described |= {EVALUATION_FILE: render_json(bundle.evaluation), MODEL_CARD_FILE: bundle.model_card.encode()}
    if bundle.reference_path.is_file():
        described[REFERENCE_FILE] = bundle.reference_path.read_bytes()
    listed = bundle.manifest.files
    return files | {name: content for name, content in described.items() if sha256(content) == listed.get(name)}


def restore_bundle(manifest: bytes, files: Mapping[str, bytes]) -> Bundle:
    """Make a bundle from what the log kept of it; evaluation and card are empty, and so is a profile it did not keep.

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
        profile=read_document(files[PROFILE_FILE], file=PROFILE_FILE) if PROFILE_FILE in files else {},
        evaluation={},
        model_card="",
    )


def _check_digests(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    for name in (*DECIDING_FILES, *files):
        if name not in files or sha256(files[name]) != manifest.files.get(name):
            raise BundleError(f"{name} is not the one that the manifest of {manifest.version} lists")
