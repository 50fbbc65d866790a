"""How long work tells what it is doing."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of the whole is done already, from 0 to 1."""


def silent(_what: str, _share: float) -> None:
    """Tell nobody."""
