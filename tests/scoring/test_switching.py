import asyncio
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge_examples import write_other_bundle
from solvent.bootstrap import build_service, load_model
from solvent.bundle.files import read_bundle
from solvent.bundle.signature import sign_bundle
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import BundleError, DecisionLogError, LogUnavailableError
from solvent.scoring import bundle_shelf
from solvent.scoring.bundle_shelf import BundleShelf, InForce
from solvent.scoring.model import Model
from solvent.scoring.switching import FOLLOW_SECONDS, ModelSwitcher, NoPreviousModelError
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio


class Host:
    """Two workers of one host, the folder that they reload, and what was recorded."""

    def __init__(self, folder: Path, tiny: Path, model: Model, log: TroubledLog) -> None:
        self.tiny, self.model, self.log = tiny, model, log
        self.source = folder / "source"
        self.shelf_folder = folder / "shelf"
        self.shelf_folder.mkdir()
        self.shelf = BundleShelf(self.shelf_folder)
        self.shelf.write(InForce(1, self.shelf.put(tiny)))
        self.recorded: list[ModelSwitch] = []
        self.trouble: DecisionLogError | None = None
        self.services = [build_service(model, log) for _ in range(2)]
        self.first, self.second = (
            ModelSwitcher(service, self.shelf, self.source, load=load_model, record=self._record)
            for service in self.services
        )

    def _record(self, switch: ModelSwitch) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.recorded.append(switch)

    @property
    def versions(self) -> list[str]:
        return [service.model.version for service in self.services]

    async def follow(self) -> None:
        task = asyncio.create_task(self.second.follow())
        await asyncio.sleep(3 * FOLLOW_SECONDS)
        task.cancel()


async def test_a_shelf_takes_no_bundle_that_its_reader_refuses_and_keeps_the_signature(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(tiny_bundle, tmp_path / "source"))
    shelf = BundleShelf(tmp_path / "shelf", read=partial(read_bundle, is_signed=lambda _, signature: signature == b"s"))
    (tmp_path / "shelf").mkdir()
    with pytest.raises(BundleError, match=r"manifest\.sig is missing"):
        shelf.put(source)
    sign_bundle(source, lambda _: b"s")
    digest = shelf.put(source)
    assert (shelf.path_of(digest) / "manifest.sig").read_bytes() == b"s"


@pytest.fixture
def host(tmp_path: Path, tiny_bundle: Path, model: Model, log: TroubledLog) -> Host:
    return Host(tmp_path, tiny_bundle, model, log)


@pytest.fixture
def other(host: Host) -> Model:
    """Another model, whose bundle lies where a reload looks."""
    return load_model(write_other_bundle(host.tiny, host.source))


async def test_a_switch_that_cannot_be_written_is_not_recorded(host: Host, other: Model) -> None:
    (host.shelf_folder / f".2.{os.getpid()}").mkdir()  # where the new state is prepared
    with pytest.raises(LogUnavailableError, match="the switch cannot be written"):
        await host.first.reload("key 1")
    assert host.recorded == []
    assert host.versions == [host.model.version, host.model.version]
    assert host.shelf.read().number == 1


def test_what_is_in_force_stays_when_the_record_fails(host: Host) -> None:
    with pytest.raises(DecisionLogError), host.shelf.prepared(InForce(2, "other")):
        raise DecisionLogError("away")
    assert host.shelf.read().number == 1
    assert [path.name for path in host.shelf_folder.glob(".*")] == []


async def test_a_switch_waits_for_another_one_and_not_for_ever(
    host: Host, other: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_shelf, "ALONE_SECONDS", 0.1)
    with host.shelf.alone(), pytest.raises(LogUnavailableError, match="another switch"):
        await host.first.reload("key 1")
    assert (await host.first.reload("key 1")).version == other.version


async def test_a_reload_switches_every_worker_and_is_recorded(host: Host, other: Model) -> None:
    assert (await host.first.reload("key")).version == other.version
    await host.follow()
    assert host.versions == [other.version] * 2
    assert host.recorded == [
        ModelSwitch(SwitchKind.RELOAD, "key", host.model.version, other.version, other.bundle.digest)
    ]
    assert set(host.log.models) == {other.version}


async def test_a_rollback_goes_back_on_every_worker_and_a_second_one_forth(host: Host, other: Model) -> None:
    await host.first.reload("key")
    await host.follow()
    assert (await host.second.rollback("other key")).version == host.model.version
    assert host.versions == [other.version, host.model.version]
    await host.first.rollback("key")  # sees what the other worker did, and undoes it
    await host.follow()
    assert host.versions == [other.version] * 2
    assert [(one.kind.value, one.requested_by, one.model_version) for one in host.recorded] == [
        ("reload", "key", other.version),
        ("rollback", "other key", host.model.version),
        ("rollback", "key", other.version),
    ]


async def test_a_rollback_needs_no_folder_but_its_own(host: Host, other: Model) -> None:
    await host.first.reload("key")
    for file in host.source.iterdir():
        file.unlink()
    await host.second.rollback("key")
    assert host.versions[1] == host.model.version


async def test_without_another_model_there_is_no_way_back(host: Host) -> None:
    with pytest.raises(NoPreviousModelError):
        await host.first.rollback("key")
    assert host.recorded == []


def _flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / "model.txt").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.txt").write_bytes(content)


def _remove_a_file(folder: Path) -> None:
    (folder / "policy.json").unlink()


@pytest.mark.parametrize(("harm", "named"), [(_flip_a_bit, "model.txt"), (_remove_a_file, "policy.json")])
async def test_a_refused_bundle_changes_nothing_and_its_refusal_is_recorded(
    host: Host, other: Model, harm: Callable[[Path], None], named: str
) -> None:
    harm(host.source)
    with pytest.raises(BundleError, match=named):
        await host.first.reload("key")
    await host.follow()
    assert host.versions == [host.model.version] * 2
    (switch,) = host.recorded
    assert (switch.kind, switch.previous_version, switch.model_version) == (SwitchKind.RELOAD, host.model.version, None)
    assert switch.refusal is not None
    assert named in switch.refusal
    assert other.version not in host.log.models


async def test_a_version_that_stands_for_another_bundle_is_refused(host: Host, other: Model) -> None:
    host.log.models[other.version] = host.model.describe()
    with pytest.raises(BundleError, match="registered with another bundle"):
        await host.first.reload("key")
    assert host.versions[0] == host.model.version


@pytest.mark.parametrize("place", ["register", "record"])
async def test_a_switch_that_cannot_be_recorded_is_not_made(host: Host, other: Model, place: str) -> None:
    if place == "register":
        host.log.available = False
    else:
        host.trouble = DecisionLogError("away")
    with pytest.raises(LogUnavailableError):
        await host.first.reload("key")
    assert host.versions[0] == host.model.version
    host.log.available, host.trouble = True, None
    assert (await host.first.reload("key")).version == other.version


async def test_the_bundle_that_is_in_force_is_not_loaded_again(host: Host, other: Model) -> None:
    await host.first.reload("key")
    again = await host.first.reload("key")
    assert again is host.services[0].model
    assert len(host.recorded) == 1
    await host.first.rollback("key")
    assert host.versions[0] == host.model.version


async def test_reloads_at_one_instant_end_in_one_switch(host: Host, other: Model) -> None:
    await asyncio.gather(*(switcher.reload("key") for switcher in (host.first, host.second) for _ in range(3)))
    assert host.versions == [other.version] * 2
    assert len(host.recorded) == 1


async def test_a_worker_that_cannot_follow_says_so_and_follows_later(host: Host, other: Model) -> None:
    await host.first.reload("key")
    place = host.shelf.path_of(other.bundle.digest)
    content = (place / "model.txt").read_bytes()
    (place / "model.txt").write_bytes(b"harmed")
    await host.follow()
    assert (host.second.is_following, host.versions[1]) == (False, host.model.version)
    (place / "model.txt").write_bytes(content)
    await host.follow()
    assert (host.second.is_following, host.versions[1]) == (True, other.version)


async def test_only_the_bundle_in_force_and_the_one_before_are_kept(host: Host) -> None:
    for threshold in (0.1, 0.2, 0.25):
        write_other_bundle(host.tiny, host.source, threshold=threshold)
        await host.first.reload("key")
    in_force = host.shelf.read()
    kept = {entry.name for entry in host.shelf_folder.iterdir() if entry.is_dir()}
    assert kept == {in_force.digest, in_force.previous}
    assert in_force.number == 4
