"""Reads the gates of promotion: a TOML file, ours or the lender's."""

import math
import tomllib
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from solvent.domain.promotion import PromotionGates
from solvent.errors import SettingsError
from solvent.training.applicants import PROTECTED

SHIPPED = "promotion_gates.toml"
_KINDS = tuple(field.name for field in fields(PromotionGates))


def shipped_gates() -> str:
    """The text of the gates that hold where no file is named."""
    return files("solvent.training").joinpath(SHIPPED).read_text(encoding="utf-8")


def read_gates(path: Path | None = None) -> PromotionGates:
    """Read the gates of a file, or the shipped ones.

    Raises:
        SettingsError: the file cannot be read, or a gate is missing, unknown or not a number of zero or more; at least
            one row and one default must be asked for.
    """
    try:
        document = tomllib.loads(shipped_gates() if path is None else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the gates of promotion cannot be read ({error.strerror}): {path}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML ({error}): start from `solvent model gates`") from error
    wrong = sorted(set(_KINDS) ^ set(document))
    wrong += sorted(name for name in _KINDS if name in document and not _is_valid(name, document[name]))
    if wrong:
        raise SettingsError(f"gates missing, unknown or out of range: {', '.join(wrong)}; see `solvent model gates`")
    return PromotionGates(**{**document, "fairness_by": tuple(document["fairness_by"])})


def _is_valid(name: str, value: Any) -> bool:  # noqa: ANN401 - anything that TOML holds
    if name == "whole_interval":
        return isinstance(value, bool)
    if name == "fairness_by":
        return isinstance(value, list) and all(one in PROTECTED for one in value)
    is_count = name.startswith("fewest_")
    if not isinstance(value, int if is_count else (int, float)) or isinstance(value, bool):
        return False
    return math.isfinite(value) and value >= is_count
