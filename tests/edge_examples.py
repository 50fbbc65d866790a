"""Keys, services and bundles for tests of the edge."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from solvent.api.app import create_app
from solvent.api.callers.authentication import Authenticator
from solvent.api.services import Services, watch_decisions
from solvent.bootstrap import build_service
from solvent.bundle.files import BundleContents, read_bundle, write_bundle
from solvent.decision_log.registers.api_keys import KeyInForce, digest_key
from solvent.domain.clock import utc_now
from solvent.domain.ports import DecisionLog
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id

SCOPES = ("score", "read", "admin", "erase", "outcomes")
KEYS = {scope: f"slv_{number:012x}_{scope:A<43}" for number, scope in enumerate((*SCOPES, "expired"))}
"""A key for each scope, and one that has expired and had them all."""
REVOKED = f"slv_{99:012x}_{'R' * 43}"
"""A key that was in force once: nobody knows it now."""
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)


def known_keys() -> dict[str, KeyInForce]:
    """What the database says of them."""
    known = {}
    for scope, key in KEYS.items():
        key_id = key[4:16]
        expires_at = utc_now() - timedelta(seconds=1) if scope == "expired" else FOREVER
        scopes = frozenset(SCOPES) if scope == "expired" else frozenset({scope})
        known[key_id] = KeyInForce(key_id, digest_key(key), scopes, expires_at)
    return known


async def make_authenticator() -> Authenticator:
    """An authenticator that knows the keys, and whose copy has just been read."""

    async def read() -> Mapping[str, KeyInForce]:
        return known_keys()

    authenticator = Authenticator(read, utc_now)
    await authenticator.refresh()
    return authenticator


def make_services(model: Model, log: DecisionLog, **parts: Any) -> Services:
    """Services on that model and log."""
    services = Services(build_service(model, log), utc_now, new_request_id, 8_000, 16_000, **parts)
    watch_decisions(services)
    return services


def make_client(services: Services) -> httpx.AsyncClient:
    """A client of the whole application, in process."""
    transport = httpx.ASGITransport(app=create_app(services))
    return httpx.AsyncClient(transport=transport, base_url="http://solvent.test")


def bearer(key: str) -> dict[str, str]:
    """The header that holds a key."""
    return {"Authorization": f"Bearer {key}"}


def write_other_bundle(
    tiny: Path, directory: Path, *, threshold: float = 0.2, profile: Mapping[str, Any] | None = None
) -> Path:
    """The tiny bundle with another threshold, or another profile, so with another digest and version."""
    bundle = read_bundle(tiny)
    manifest = bundle.manifest
    contents = BundleContents(
        program=bundle.program,
        model_text=bundle.model_text,
        calibration=bundle.calibration,
        policy=replace(bundle.policy, threshold=threshold),
        reference=bundle.reference_path.read_bytes(),
        profile=bundle.profile if profile is None else profile,
        evaluation=bundle.evaluation,
        model_card=bundle.model_card,
        top_features=manifest.top_features,
        training_rows=manifest.training_rows,
        data_fingerprint=manifest.data_fingerprint,
        code_version=manifest.code_version,
        lightgbm_version=manifest.lightgbm_version,
        created_at=manifest.created_at,
    )
    write_bundle(directory, contents, replace=True)
    return directory
