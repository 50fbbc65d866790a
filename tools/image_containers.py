"""Runs images of tools/build_images.py without a Docker engine, with the rights that a deployment gives them.

The root file system is read-only, /tmp and /var/lib/solvent are the only places to write to, the user is the image's,
without any capability and without a way to get one; network is this machine's. A Space writes where it likes, as at
Hugging Face, and has a network of its own.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from build_images import buildah, image_name, read_config

START_SECONDS = 180.0
STATE = "/var/lib/solvent"
AS_USER = (
    '/usr/bin/setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups --no-new-privs --bounding-set=-all '
    "--inh-caps=-all -- /usr/bin/env -i"
)
JAIL = f"""
set -eu
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount -t tmpfs -o size=128m,mode=1777 tmpfs "$ROOT/tmp"
mount --bind "$STATE_FOLDER" "$ROOT{STATE}"
mount --bind "$MODELS" "$ROOT/models"
mount -o remount,bind,ro "$ROOT/models"
mount --rbind /proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
exec chroot "$ROOT" {AS_USER} --chdir={STATE} "$@"
"""
SPACE_JAIL = f"""
set -eu
ip link set lo up
mount --rbind /proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
exec chroot "$ROOT" {AS_USER} --chdir=/home/user "$@"
"""
BESIDE = f'exec nsenter --target "$SERVER" --mount --net --root {AS_USER} "$@"'


class TrialError(Exception):
    """A step did not end as it must."""


@dataclass(frozen=True)
class Container:
    """An image with a place of its own on disk, and what it may see."""

    root: Path
    config: Mapping[str, Any]
    state: Path
    models: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def user(self) -> str:
        return str(self.config["User"]).partition(":")[0]

    def command(self, arguments: Sequence[str], *, entrypoint: Sequence[str] | None = None) -> list[str]:
        """The whole command line that runs `arguments` behind the image's entry point."""
        wanted = [*(self.config["Entrypoint"] if entrypoint is None else entrypoint), *arguments]
        return ["unshare", "--mount", "sh", "-c", JAIL, "jail", *self.variables, *wanted]

    @property
    def variables(self) -> list[str]:
        """What the process finds in its environment, and nothing else."""
        return [*self.config["Env"], *(f"{name}={value}" for name, value in self.environment.items())]

    @property
    def places(self) -> dict[str, str]:
        """What the jail is told."""
        return {
            **os.environ,
            "ROOT": str(self.root),
            "STATE_FOLDER": str(self.state),
            "MODELS": str(self.models),
            "USER_ID": self.user,
        }

    def run(self, *arguments: str, entrypoint: Sequence[str] | None = None) -> str:
        """Run a command to its end and return what it printed; raises TrialError."""
        return _run(self.command(arguments, entrypoint=entrypoint), self.places)

    def check_health(self, _server: int) -> None:
        """Run the image's own health check beside the server with that process id; raises TrialError."""
        self.run(*self.health_check, entrypoint=())

    @property
    def health_check(self) -> tuple[str, ...]:
        """The command that the image names."""
        return tuple(self.config["Healthcheck"]["Test"][1:])

    @contextmanager
    def serve(self, *arguments: str, ends_with: int = 0) -> Iterator[None]:
        """Run a server while the context lasts; SIGTERM must end it with that code."""
        command, nowhere = self.command(arguments), subprocess.DEVNULL
        with subprocess.Popen(command, env=self.places, stdout=nowhere, stderr=subprocess.PIPE, text=True) as server:
            try:
                self._wait_until_healthy(server)
                yield
            finally:
                server.terminate()
                _, said = server.communicate(timeout=60)
        if server.returncode != ends_with:
            raise TrialError(f"`{shlex.join(arguments)}` ended with {server.returncode}: {said[-600:]}")

    def _wait_until_healthy(self, server: "subprocess.Popen[str]") -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.check_health(server.pid)
            except TrialError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                break
        if server.poll() is not None:
            raise TrialError("another server answers the health check: free the ports of the image first")


class Space(Container):
    """The image of a Space: everything in one container, with its state inside."""

    def command(self, arguments: Sequence[str], *, entrypoint: Sequence[str] | None = None) -> list[str]:
        """The whole command line that runs `arguments` with a network of its own."""
        wanted = [*(entrypoint or ()), *arguments]
        return ["unshare", "--mount", "--net", "sh", "-c", SPACE_JAIL, "jail", *self.variables, *wanted]

    def check_health(self, server: int) -> None:
        """Run the image's own health check where the server is, since nobody outside reaches it; raises TrialError."""
        command = ["sh", "-c", BESIDE, "beside", *self.variables, *self.health_check]
        _run(command, {**self.places, "SERVER": str(server)})


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise TrialError(f"`{shlex.join(command)[-200:]}` ended with {ran.returncode}: {ran.stderr.strip()[-600:]}")
    return ran.stdout.strip()


@contextmanager
def container(
    target: str, folder: Path, environment: Mapping[str, str], *, kind: type[Container] = Container
) -> Iterator[Container]:
    """A container of an image, with an empty home folder of the image's user."""
    config = read_config(target)
    name = buildah("from", image_name(target)).strip()
    try:
        state = folder / f"state-{target}"
        state.mkdir(mode=0o700)
        user, _, group = str(config["User"]).partition(":")
        os.chown(state, int(user), int(group))
        root = Path(buildah("mount", name).strip())
        yield kind(root, config, state, folder / "models", environment)
    finally:
        buildah("rm", name)
