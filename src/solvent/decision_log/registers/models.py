"""Models that decided: their names and digests, and the files that recompute their decisions.

The files lie in the log itself, by the digest of their content and compressed: a backup of the log is then enough to
answer for every decision in it, whatever became of the folder that the bundle was served from.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping

from solvent.bundle.agreement import PROGRAM_FILE
from solvent.bundle.manifest import Manifest
from solvent.bundle.policy import POLICY_FILE
from solvent.bundle.recorded import DECIDING_FILES
from solvent.decision_log.database.connections import Connection, SyncConnection
from solvent.domain.records import ServedModel
from solvent.errors import AlteredLogError, BundleError, DecisionLogError

KEEP_FILES = """
INSERT INTO model_files (digest, content) SELECT * FROM unnest(%s::text[], %s::bytea[]) ORDER BY 1
ON CONFLICT DO NOTHING
"""
REGISTER = """
INSERT INTO models (model_version, bundle_digest, program_digest, policy_digest, threshold, top_features, manifest)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
FIND_DIGEST = "SELECT bundle_digest FROM models WHERE model_version = %s"
LIST = """
SELECT model_version, bundle_digest, program_digest, policy_digest, threshold, top_features, manifest
FROM models ORDER BY registered_at, model_version
"""
FIND_FILES = "SELECT digest, content FROM model_files WHERE digest = ANY(%s)"


async def register(connection: Connection, model: ServedModel) -> None:
    """Keep a model and its files; what is there already stays.

    Raises:
        DecisionLogError: another bundle has the same version.
        psycopg.Error: the database does not do it.
    """
    known = {_sha256(content): content for content in model.files.values()}
    names = (model.model_version, model.bundle_digest, model.program_digest, model.policy_digest)
    async with connection.transaction():
        await connection.execute(KEEP_FILES, (list(known), [zlib.compress(content) for content in known.values()]))
        await connection.execute(REGISTER, (*names, model.threshold, list(model.top_features), model.manifest))
        cursor = await connection.execute(FIND_DIGEST, (model.model_version,))
        if await cursor.fetchone() != (model.bundle_digest,):
            raise DecisionLogError(
                f"model version {model.model_version} is registered with another bundle: give this one its own version"
            )


def list_models(connection: SyncConnection) -> list[ServedModel]:
    """Return every model that the log knows, in the order in which they were registered, without their files."""
    rows = connection.execute(LIST).fetchall()
    return [
        ServedModel(version, bundle, program, policy, threshold, tuple(top_features), manifest, {})
        for version, bundle, program, policy, threshold, top_features, manifest in rows
    ]


def file_digests(model: ServedModel) -> dict[str, str]:
    """SHA-256 of each file that the manifest of a model lists, by name."""
    digests: dict[str, str] = json.loads(model.manifest).get("files", {})
    return digests


def read_files(connection: SyncConnection, model: ServedModel) -> Mapping[str, bytes]:
    """Return the files that the log kept of a model, by name.

    Raises:
        AlteredLogError: a file is not the one that its digest names.
    """
    digests = file_digests(model)
    stored: dict[str, bytes] = dict(connection.execute(FIND_FILES, (list(digests.values()),)).fetchall())
    files = {name: _decompress(stored[digest]) for name, digest in digests.items() if digest in stored}
    for name, content in files.items():
        if _sha256(content) != digests[name]:
            raise AlteredLogError(f"{name} of model {model.model_version} was altered in the log")
    return files


def check_model(connection: SyncConnection, model: ServedModel) -> list[str]:
    """Say what is wrong with a model of the log: digests that disagree, files that are missing or altered."""
    try:
        manifest = Manifest.from_json(model.manifest)
        files = read_files(connection, model)
    except (BundleError, DecisionLogError) as error:
        return [str(error)]
    listed = (manifest.digest, manifest.files[PROGRAM_FILE], manifest.files[POLICY_FILE], manifest.top_features)
    kept = (model.bundle_digest, model.program_digest, model.policy_digest, model.top_features)
    problems = [] if listed == kept else ["its digests or features are not those of its manifest"]
    return problems + [f"{name} is missing: its decisions cannot be replayed" for name in {*DECIDING_FILES} - {*files}]


def _decompress(content: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(content)
    except zlib.error as error:
        raise AlteredLogError("a file of a model was altered in the log") from error
    if stream.unused_data or not stream.eof:
        raise AlteredLogError("a file of a model was altered in the log")
    return plain


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
