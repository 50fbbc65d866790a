"""Builds the images of Dockerfile and Dockerfile.huggingface with buildah, without a Docker engine, and measures them.

    python tools/build_images.py --targets api dashboard jobs space [--stand-in FOLDER] [--label NAME=VALUE ...]

Needs root and Debian's buildah. With --stand-in no image registry is asked: the base is then made of Debian packages
(debootstrap; once, kept in FOLDER) and stands in for python:3.11-slim; sizes say so. What pip is told on this machine
(index, certificates) is mounted while the images are built and is part of none of them.

Printed: per image, the bytes of its file system, how many of them the base has, and its user.
"""

import argparse
import configparser
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STAND_IN = "localhost/solvent-stand-in:bookworm"
STORE = ("--storage-driver", "vfs")
PIP_VARIABLES = {"PIP_INDEX_URL": "index-url", "PIP_EXTRA_INDEX_URL": "extra-index-url", "PIP_CERT": "cert"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Where an image is described, and the options that build it."""

    file: str
    options: tuple[str, ...] = ()


RECIPES = {
    "api": Recipe("Dockerfile", ("--target", "api")),
    "dashboard": Recipe("Dockerfile", ("--target", "dashboard")),
    "jobs": Recipe("Dockerfile", ("--target", "jobs")),
    "space": Recipe("Dockerfile.huggingface"),
}


def main() -> int:
    """Build what was asked for; print one line of figures per image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", choices=RECIPES, default=["api", "dashboard"])
    parser.add_argument("--stand-in", type=Path, metavar="FOLDER", help="make the base of Debian packages, kept here")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE", help="says where it comes from")
    arguments = parser.parse_args()
    base = None if arguments.stand_in is None else make_stand_in(arguments.stand_in)
    for target in arguments.targets:
        build(target, base=base, labels=arguments.label)
        print(describe(target), flush=True)
    return 0


def image_name(target: str) -> str:
    """The name under which an image is kept on this machine."""
    return f"localhost/solvent-{target}"


def buildah(*arguments: str) -> str:
    """Run buildah and return what it printed; raises CalledProcessError, with what it said on stderr."""
    command = ("buildah", *STORE, *arguments)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def make_stand_in(folder: Path) -> str:
    """Make an image with Debian's Python 3.11, without what slim images leave out, unless there is one; its name."""
    if STAND_IN in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return STAND_IN
    root = folder / "root"
    if not (root / "usr/bin/python3.11").exists():
        subprocess.run(
            ("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", root),
            check=True,
            stdout=sys.stderr,
        )
    for unneeded in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
        shutil.rmtree(root / unneeded, ignore_errors=True)
    container = buildah("from", "scratch").strip()
    buildah("add", "--quiet", container, str(root), "/")
    buildah("commit", "--quiet", container, STAND_IN)
    buildah("rm", container)
    return STAND_IN


def build(target: str, *, base: str | None, labels: Sequence[str] = ()) -> None:
    """Build one image; what the builder says goes to stderr."""
    recipe = RECIPES[target]
    options = ["--isolation", "chroot", "--format", "docker", "--layers", *recipe.options]
    if base is not None:
        options += ["--build-arg", f"BASE={base}"]
    options += [part for label in labels for part in ("--label", label)]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as pip_settings:
        _write_pip_settings(Path(pip_settings.name))
        Path(pip_settings.name).chmod(0o644)
        options += ["--volume", f"{pip_settings.name}:/etc/pip.conf:ro"]
        if certificates := os.environ.get("SSL_CERT_FILE"):
            options += ["--volume", f"{certificates}:/etc/ssl/certs/ca-certificates.crt:ro"]
        command = ("buildah", *STORE, "bud", *options, "--file", recipe.file, "--tag", image_name(target), ".")
        subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)


def _write_pip_settings(path: Path) -> None:
    """What pip is told here by its environment; files of its own are read by nobody else."""
    settings = configparser.RawConfigParser()
    told = {name: os.environ[variable] for variable, name in PIP_VARIABLES.items() if variable in os.environ}
    if "cert" in told:
        told["cert"] = "/etc/ssl/certs/ca-certificates.crt"
    settings["global"] = told
    with path.open("w") as file:
        settings.write(file)


def read_config(target: str) -> dict[str, Any]:
    """The part of the image that says how it is run: user, environment, command, health check."""
    document = json.loads(buildah("inspect", "--type", "image", image_name(target)))
    config: dict[str, Any] = document["Docker"]["config"]
    return config


def describe(target: str) -> str:
    """One line: size of the file system, the base's part of it, and the user."""
    container = buildah("from", image_name(target)).strip()
    try:
        root = Path(buildah("mount", container).strip())
        ours = sum(_bytes_below(root / place) for place in ("opt", "home"))
        whole = _bytes_below(root)
    finally:
        buildah("rm", container)
    user = read_config(target)["User"]
    return f"{target}: {whole / 1e6:,.0f} MB on disk, {ours / 1e6:,.0f} MB of them below /opt and /home; user {user}"


def _bytes_below(folder: Path) -> int:
    """Bytes of all files, each inode once, as `du --apparent-size` counts."""
    seen: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            status = (Path(parent) / name).lstat()
            seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())


if __name__ == "__main__":
    sys.exit(main())
