"""The registry of models in MLflow: runs, versions, and which of them is champion; the only owner of mlflow."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import orjson

from solvent.bundle.files import Bundle
from solvent.bundle.manifest import sha256
from solvent.domain.clock import utc_now
from solvent.domain.ports import Clock, Exclusive
from solvent.errors import TrainingError
from solvent.training.evidence import Evidence, check_bundle, check_evidence, held_out_file
from solvent.training.exclusive import hold_file
from solvent.training.held_out import Pseudonym, draw_pseudonyms
from solvent.training.plots import draw_plots
from solvent.training.report import TrainingResult
from solvent.training.run_values import list_metrics, list_parameters

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read by mlflow while it is imported
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

MODEL_NAME = "solvent"
CHAMPION = "champion"
CHALLENGER = "challenger"
_SQLITE = "sqlite:///"
_AUDIT = "audit."
_UNUSABLE = "the model store cannot be used: give sqlite:///PATH or the address of a PostgreSQL that answers"


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A version in the registry; `aliases` may hold champion or challenger, `auc` is that of its test split."""

    version: int
    bundle_version: str
    bundle_directory: str
    created_at: datetime
    aliases: tuple[str, ...]
    auc: float


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """An entry of the audit: who made which version champion, when, why, and which one it was before.

    `action` is register, promote, rollback or refuse; of a refusal, `gates` names what the version did not pass, of a
    promotion, what was accepted although it did not pass.
    """

    action: str
    who: str
    why: str
    when: datetime
    from_version: int | None
    to_version: int
    gates: tuple[str, ...] = ()


class ModelRegistry:
    """The model "solvent" in an MLflow store.

    The audit stands in numbered tags of the registered model, one JSON entry each, which are only ever added: it
    travels with the store, whatever database that is.

    Args:
        tracking_uri: "sqlite:///PATH" (the artefacts then lie beside that file) or a PostgreSQL address.
        clock: gives the time of changes.
        artifacts: where artefacts of a PostgreSQL store lie, a folder or an address such as s3://...
        exclusive: holds off other processes; unset: a lock beside the SQLite file.

    Raises:
        TrainingError: the store cannot be opened.
    """

    def __init__(
        self,
        tracking_uri: str,
        *,
        clock: Clock = utc_now,
        artifacts: str | None = None,
        exclusive: Exclusive | None = None,
    ) -> None:
        self._clock = clock
        self._artifacts = _artifact_location(tracking_uri) or artifacts
        self.alone = exclusive or _lock_beside(tracking_uri)
        with _translated():
            try:
                self._client = MlflowClient(tracking_uri)
            except Exception as error:  # MLflow lets the errors of whichever database driver through
                raise TrainingError(_UNUSABLE) from error

    def log(self, result: TrainingResult, *, who: str, pseudonym: Pseudonym) -> int:
        """Keep a training as a run with parameters, metrics, plots and the bundle; return its version.

        The first version becomes champion, later ones challenger. Held-out rows stand under pseudonyms: versions that
        were logged under one key can be compared.
        """
        with _translated():
            run = self._client.create_run(self._find_experiment(), run_name=result.manifest.version).info
            try:
                digests = self._fill_run(run.run_id, result, pseudonym)
            except BaseException:
                self._client.set_terminated(run.run_id, "FAILED")
                raise
            self._client.set_terminated(run.run_id)
        with self.alone(), _translated():
            version = self._register(f"{run.artifact_uri}/bundle", run.run_id, result, held_out=digests)
            if self._find_champion() is None:
                self._change_champion("register", version, who=who, why="first version")
            else:
                self._client.set_registered_model_alias(MODEL_NAME, CHALLENGER, str(version))
        return version

    def list_models(self) -> tuple[RegisteredModel, ...]:
        """Every version, the newest first."""
        with _translated():
            aliases = self._aliases()
            found = self._client.search_model_versions(f"name='{MODEL_NAME}'", order_by=["version_number DESC"])
        return tuple(
            RegisteredModel(
                version=int(entry.version),
                bundle_version=entry.tags["bundle_version"],
                bundle_directory=_local_path(entry.source),
                created_at=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
                aliases=tuple(sorted(alias for alias, version in aliases.items() if version == int(entry.version))),
                auc=float(entry.tags["auc"]),
            )
            for entry in found
        )

    def find_version(self, name: str) -> int:
        """The version of a number or an alias; raises TrainingError if there is none."""
        with _translated():
            version = self._aliases().get(name) or (int(name) if name.isascii() and name.isdigit() else 0)
        if not version:
            raise TrainingError(f"no version is {name!a}: give its number or an alias of `solvent model list`")
        self.check_version(version)
        return version

    def check_version(self, version: int) -> None:
        """Raise TrainingError if there is no such version."""
        if version not in {model.version for model in self.list_models()}:
            raise TrainingError(f"there is no version {version}: see `solvent model list`")

    def find_champion(self) -> int | None:
        """The champion's version."""
        with _translated():
            return self._find_champion()

    def read_evidence(self, version: int) -> Evidence:
        """Read what speaks for a version; raises EvidenceError if anything of it is missing or altered."""
        (bundle, held_out), tags = self._find_files(version, "bundle", "held_out")
        return check_evidence(bundle, held_out, tags)

    def read_bundle(self, version: int) -> Bundle:
        """Read the bundle of a version, whatever became of its held-out rows; raises EvidenceError."""
        (bundle,), tags = self._find_files(version, "bundle")
        return check_bundle(bundle, tags)

    def change_champion(
        self, action: str, version: int, *, who: str, why: str, accepted: tuple[str, ...] = ()
    ) -> ChampionChange:
        """Make a version champion and record it, whoever it is, with the gates that `who` accepted; hold `alone`.

        Raises:
            TrainingError: nobody or no reason is given.
        """
        with _translated():
            return self._change_champion(action, version, who=who, why=why, accepted=accepted)

    def note_refusal(self, version: int, *, who: str, why: str, gates: tuple[str, ...]) -> None:
        """Record that a version was not promoted, and which gates it did not pass; hold `alone` meanwhile."""
        with _translated():
            self._note(ChampionChange("refuse", who, why, self._clock(), self._find_champion(), version, gates))

    def read_audit(self) -> tuple[ChampionChange, ...]:
        """Every change of champion, the oldest first."""
        with _translated():
            tags = self._tags()
        return tuple(_read_change(tags[name]) for name in sorted(tags) if name.startswith(_AUDIT))

    def _find_files(self, version: int, *names: str) -> tuple[list[Path | None], Mapping[str, str]]:
        with _translated():
            found = self._client.get_model_version(MODEL_NAME, str(version))
            return [self._find_artifact(str(found.run_id), name) for name in names], found.tags

    def _find_artifact(self, run_id: str, name: str) -> Path | None:
        if not self._client.list_artifacts(run_id, name):
            return None
        return Path(self._client.download_artifacts(run_id, name))

    def _fill_run(self, run_id: str, result: TrainingResult, pseudonym: Pseudonym) -> dict[str, str]:
        """Fill a run; return the digest of each file of held-out rows, by the version of the bundle that scored it."""
        metrics = list_metrics(result.report)
        parameters = {**list_parameters(result.report), "data_fingerprint": result.manifest.data_fingerprint}
        now = int(self._clock().timestamp() * 1000)
        self._client.log_batch(
            run_id,
            metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
            params=[Param(name, str(value)) for name, value in parameters.items()],
        )
        with tempfile.TemporaryDirectory() as directory:
            draw_plots(result.report, result.outcomes, result.explained, Path(directory))
            self._client.log_artifacts(run_id, directory, "plots")
        with tempfile.TemporaryDirectory() as directory:
            digests = _write_held_out(result, Path(directory), pseudonym)
            self._client.log_artifacts(run_id, directory, "held_out")
        self._client.log_artifacts(run_id, str(result.directory), "bundle")
        return digests

    def _register(self, source: str, run_id: str, result: TrainingResult, *, held_out: dict[str, str]) -> int:
        tags = {"bundle_version": result.manifest.version, "bundle_digest": result.manifest.digest}
        tags["held_out"] = orjson.dumps(held_out).decode()
        if not self._client.search_registered_models(f"name='{MODEL_NAME}'"):
            self._client.create_registered_model(MODEL_NAME)
        tags["auc"] = str(result.report.test.auc.value)
        return int(self._client.create_model_version(MODEL_NAME, source, run_id, tags=tags).version)

    def _change_champion(
        self, action: str, version: int, *, who: str, why: str, accepted: tuple[str, ...] = ()
    ) -> ChampionChange:
        check_named(who, why)
        change = ChampionChange(action, who, why, self._clock(), self._find_champion(), version, accepted)
        # The entry comes before the change: a crash between them may leave a record too many, never one too few.
        self._note(change)
        self._client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(version))
        if self._aliases().get(CHALLENGER) == version:
            self._client.delete_registered_model_alias(MODEL_NAME, CHALLENGER)
        return change

    def _note(self, change: ChampionChange) -> None:
        number = sum(name.startswith(_AUDIT) for name in self._tags()) + 1
        name = f"{_AUDIT}{number:06}.{change.when:%Y%m%dT%H%M%S%f}"
        self._client.set_registered_model_tag(MODEL_NAME, name, orjson.dumps(change).decode())

    def _find_champion(self) -> int | None:
        return self._aliases().get(CHAMPION)

    def _aliases(self) -> dict[str, int]:
        found = self._client.search_registered_models(f"name='{MODEL_NAME}'")
        return {alias: int(version) for model in found for alias, version in model.aliases.items()}

    def _tags(self) -> dict[str, str]:
        found = self._client.search_registered_models(f"name='{MODEL_NAME}'")
        return dict(found[0].tags) if found else {}

    def _find_experiment(self) -> str:
        found = self._client.get_experiment_by_name(MODEL_NAME)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(MODEL_NAME, artifact_location=self._artifacts))


def log_training(
    result: TrainingResult, tracking_uri: str, *, pseudonym: Pseudonym | None = None, who: str = "solvent train"
) -> int:
    """Keep a training in the store and return its version in the registry.

    Without `pseudonym` the held-out rows stand under names that nobody can draw again: no other version shares them.

    Raises:
        TrainingError: the store refuses it; the bundle stays where it is.
    """
    return ModelRegistry(tracking_uri).log(result, who=who, pseudonym=pseudonym or draw_pseudonyms())


def check_named(who: str, why: str) -> None:
    """Raise TrainingError if nobody or no reason is given."""
    if not who.strip() or not why.strip():
        raise TrainingError("a change of champion needs a name and a reason: give --who and --why")


@contextmanager
def _translated() -> Iterator[None]:
    """Keep MLflow and its migrations quiet, and turn their errors into ours; an address may hold a password."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (MlflowException, OSError) as error:
            raise TrainingError(_UNUSABLE) from error


def _write_held_out(result: TrainingResult, folder: Path, pseudonym: Pseudonym) -> dict[str, str]:
    rows = {result.manifest.version: result.held_out}
    if result.rival is not None:
        rows[result.rival[0]] = result.rival[1]
    contents = {version: held_out.under(pseudonym).to_parquet() for version, held_out in rows.items()}
    for version, content in contents.items():
        (folder / held_out_file(version)).write_bytes(content)
    return {version: sha256(content) for version, content in contents.items()}


def _lock_beside(tracking_uri: str) -> Exclusive:
    if not tracking_uri.startswith(_SQLITE):
        return nullcontext
    return lambda: hold_file(Path(tracking_uri.removeprefix(_SQLITE)).with_suffix(".lock"))


def _artifact_location(tracking_uri: str) -> str | None:
    if not tracking_uri.startswith(_SQLITE):
        return None
    database = Path(tracking_uri.removeprefix(_SQLITE)).resolve()
    return (database.parent / "artifacts").as_uri()


def _local_path(source: str) -> str:
    """The folder behind a file address; other addresses, such as s3, stay as they are."""
    return url2pathname(urlsplit(source).path) if source.startswith("file:") else source


def _read_change(text: str) -> ChampionChange:
    entry = orjson.loads(text)
    gates = tuple(entry.get("gates", ()))
    return ChampionChange(**{**entry, "when": datetime.fromisoformat(entry["when"]), "gates": gates})
