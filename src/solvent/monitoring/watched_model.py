"""The model under watch: its program, what was normal when it was trained, and what it rests on."""

from dataclasses import dataclass

from solvent.bundle.files import Bundle
from solvent.bundle.profile import Profile, read_profile
from solvent.bundle.reference import ScoredRows, has_whole_rows, read_reference
from solvent.features.program import Program


@dataclass(frozen=True)
class WatchedModel:
    """One model version. `sample`: some rows of the reference, None where the bundle's file is not at hand.

    `has_whole_rows`: whether the values of a row of the sample belong together, or each column stands by itself.
    `important`: the features that it rests on most.
    """

    version: str
    program: Program
    profile: Profile
    important: frozenset[str]
    sample: ScoredRows | None = None
    has_whole_rows: bool = True


def watch_model(bundle: Bundle, reference: bytes | None = None) -> WatchedModel:
    """Make a bundle ready to be compared with.

    Args:
        bundle: of the model that decides.
        reference: its `reference.parquet`.

    Raises:
        BundleError: the bundle has no profile, or its reference is damaged.
    """
    return WatchedModel(
        version=bundle.version,
        program=bundle.program,
        profile=read_profile(bundle),
        important=frozenset(bundle.manifest.top_features),
        sample=None if reference is None else read_reference(reference, bundle.program),
        has_whole_rows=reference is None or has_whole_rows(reference),
    )
