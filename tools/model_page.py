"""Writes docs/model.md and docs/model_evaluation.json from a bundle: the one place in the documents for its figures.

python tools/model_page.py --bundle models/first --trained-with "solvent train --data DIR --out models/first"
"""

import argparse
from pathlib import Path

import orjson

from solvent.bundle.files import read_bundle
from solvent.bundle.json_form import render_json
from solvent.training.evaluation_page import render_sections

DOCS = Path(__file__).parents[1] / "docs"
PAGE, FIGURES = "model.md", "model_evaluation.json"


def render_page(document: bytes) -> str:
    """Render the page from the content of docs/model_evaluation.json."""
    content = orjson.loads(document)
    head = (
        f"# A trained model\n\nBundle {content['bundle']}, made by `{content['trained_with']}`. Every figure stands in "
        f"[{FIGURES}]({FIGURES}), the bundle's `evaluation.json`; `python tools/model_page.py --bundle BUNDLE` writes "
        "both, and a test holds them together. What the tables mean: [training](training.md), "
        "[models](models.md)."
    )
    sections = render_sections(content["evaluation"])
    return "\n\n".join((head, *(f"## {title}\n\n{text}" for title, text in sections))) + "\n"


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a bundle")
    parser.add_argument("--trained-with", required=True, metavar="COMMAND", help="what made it, for the reader")
    arguments = parser.parse_args()
    bundle = read_bundle(arguments.bundle)
    document = render_json(
        {"bundle": bundle.version, "trained_with": arguments.trained_with, "evaluation": bundle.evaluation}
    )
    (DOCS / FIGURES).write_bytes(document)
    (DOCS / PAGE).write_text(render_page(document), encoding="utf-8")


if __name__ == "__main__":
    main()
