"""Writes docs/features.md from the declarations, with what a simulated world shows of each feature.

python tools/document_features.py                      the page, with the figures measured last
python tools/document_features.py --features FILE      measures them again, on what `solvent features build` wrote
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.features.documentation import Seen, render_catalogue

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "features.md"
FIGURES = DOCS / "features_seen.json"


def measure_file(path: Path) -> dict[str, Seen]:
    """What a file of features shows of each of them."""
    file = pyarrow.parquet.ParquetFile(path)
    return {
        name: _measure_column(file, name) for name in file.schema_arrow.names if name not in ("SK_ID_CURR", "TARGET")
    }


def _measure_column(file: "pyarrow.parquet.ParquetFile", name: str) -> Seen:
    column = file.read([name])[name]
    missing = round(column.null_count / len(column), 4)
    if str(column.type) != "float" or column.null_count == len(column):
        return Seen(missing, None, None)
    values = column.drop_null().to_numpy()
    return Seen(missing, float(f"{np.min(values):.4g}"), float(f"{np.max(values):.4g}"))


def read_figures(path: Path = FIGURES) -> tuple[str, dict[str, Seen]]:
    """Where the figures were measured, and the figures."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return stored["source"], {name: Seen(*figures) for name, figures in stored["seen"].items()}


def write_figures(source: str, seen: dict[str, Seen], path: Path = FIGURES) -> None:
    """Keep the figures, one feature a line."""
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps([one.missing, one.smallest, one.largest])}" for name, one in seen.items()
    )
    path.write_text(f'{{"source": {json.dumps(source)},\n "seen": {{\n{lines}\n}}}}\n', encoding="utf-8")


def render_page(source: str, seen: dict[str, Seen]) -> str:
    """The page as it must stand in the repository."""
    return render_catalogue(build_program(FORBIDDEN_COLUMNS), seen, source=source)


def main() -> None:
    """Measure if asked to, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, help="Parquet file of `solvent features build`")
    parser.add_argument("--of", default="a simulated world", help="which clients the file holds, for the page")
    arguments = parser.parse_args()
    if arguments.features is not None:
        write_figures(arguments.of, measure_file(arguments.features))
    PAGE.write_text(render_page(*read_figures()), encoding="utf-8")


if __name__ == "__main__":
    main()
