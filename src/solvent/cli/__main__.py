"""Lets `python -m solvent.cli` do what `solvent` does, for child processes that cannot rely on PATH."""

import sys

from solvent.cli.main import main

sys.exit(main())
