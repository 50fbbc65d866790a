"""Puts the champion's bundle where the API reads it: a folder of its own, and one link that names it."""

import os
import shutil
import tempfile
from pathlib import Path

from solvent.bundle.files import Bundle, read_bundle
from solvent.errors import TrainingError

CHAMPION_LINK = "champion"


def publish_champion(bundle: Bundle, directory: Path) -> Path:
    """Copy a bundle to `directory`/VERSION, point the link `directory`/champion at it, and return the link.

    Whoever opens the link sees one whole bundle at any time. Doing it again changes nothing.

    Raises:
        BundleError: a bundle of this version is there, and it is damaged.
        TrainingError: the folder cannot be written.
    """
    place = directory / bundle.version
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=directory) as temporary:
            if not place.exists():
                fresh = shutil.copytree(bundle.directory, Path(temporary) / "bundle")
                fresh.rename(place)
            if read_bundle(place).digest != bundle.digest:
                raise TrainingError(f"{place} holds another bundle of this version: move it away")
            link = Path(temporary) / "link"
            link.symlink_to(bundle.version)
            os.replace(link, directory / CHAMPION_LINK)  # noqa: PTH105 - replaces a link, not what it names
    except OSError as error:
        raise TrainingError(f"{directory} cannot be written ({error.strerror}): check its place and space") from error
    return directory / CHAMPION_LINK
