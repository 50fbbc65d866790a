"""A registry with a clock that ticks, and what it says of its aliases."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from compared_models import NOON

from solvent.training.tracking import ModelRegistry


def ticking() -> Callable[[], datetime]:
    """A clock that moves on by a minute at each look."""
    times = (NOON + timedelta(minutes=count) for count in range(10_000))
    return lambda: next(times)


def pseudonym(client: int) -> str:
    """The name of a client under a key of these tests."""
    return hmac.digest(b"a key of these tests", str(client).encode(), "sha256").hex()


def make_registry(uri: str) -> ModelRegistry:
    """A registry of this store."""
    return ModelRegistry(uri, clock=ticking())


def aliases(registry: ModelRegistry) -> dict[int, tuple[str, ...]]:
    """Aliases by version."""
    return {model.version: model.aliases for model in registry.list_models()}
