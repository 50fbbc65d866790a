import hashlib
import json
import zlib
from dataclasses import replace

import psycopg
import pytest
from log_examples import MODEL

from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.registers.model_switches import find_version_in_force, record_switch
from solvent.decision_log.registers.models import list_models, read_files
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import AlteredLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def switch(version: str | None, refusal: str | None = None) -> ModelSwitch:
    return ModelSwitch(SwitchKind.RELOAD, "test", None, version, None, refusal)


async def test_models_come_in_the_order_of_their_registration_not_of_their_text(
    postgres_log: PostgresDecisionLog, database_url: str
) -> None:
    for version in ("2026.9.30", "2026.11.1"):
        await postgres_log.register_model(replace(MODEL, model_version=version))
    with psycopg.connect(database_url) as connection:
        assert [model.model_version for model in list_models(connection)] == ["2026.9.30", "2026.11.1"]


async def test_in_force_is_what_was_switched_to_last(postgres_log: PostgresDecisionLog, database_url: str) -> None:
    with connect_sync(database_url, application_name="test") as connection:
        assert find_version_in_force(connection) is None
        for one in (switch("2026.11.1"), switch("2026.9.30"), switch(None, "a file was altered")):
            record_switch(database_url, one)
        connection.rollback()
        assert find_version_in_force(connection) == "2026.9.30"


async def test_a_file_that_is_not_the_one_of_its_digest_was_altered(
    postgres_log: PostgresDecisionLog, database_url: str
) -> None:
    content = b"{}"
    manifest = json.dumps({"files": {"policy.json": hashlib.sha256(content).hexdigest()}}).encode()
    await postgres_log.register_model(replace(MODEL, manifest=manifest, files={"policy.json": content}))
    with psycopg.connect(database_url) as connection:
        (model,) = list_models(connection)
        assert read_files(connection, model) == {"policy.json": content}
        connection.execute("UPDATE model_files SET content = %s", (zlib.compress(b"[]"),))
        with pytest.raises(AlteredLogError, match=r"policy\.json of model .* was altered in the log"):
            read_files(connection, model)
