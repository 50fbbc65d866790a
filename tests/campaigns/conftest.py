"""Lets tests import the scripts of `campaigns/`, as those import each other."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "campaigns"))
