"""Does a model trained on simulated applicants work on real ones?

    python benchmarks/works_on_real.py --world DIR --real DIR

Trains with the code of `solvent train` on the world and scores the real sample: AUC with DeLong's 95 % interval,
the plain mean of the EXT_SOURCE columns beside it. The clients of `clients_with_instalments.csv` are the only ones with
instalments, and are enriched in defaults: they have their own lines, with and without those rows. To all other real
clients the model looks like a lender whose payment records are lost; in the world every client with a loan has some.

Shares and factors inside the tables of the world were partly measured on the same sample (`tools/measure_sample.py`),
without its TARGET. The truth is fitted to published correlations with TARGET over 13,718 applications; whether these
clients are among them is not known.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv

from solvent.bundle.files import read_bundle
from solvent.features.ibis_engine import BatchEngine
from solvent.features.matrix import FeatureMatrix
from solvent.scoring.model import Model
from solvent.tables.files import find_table_files
from solvent.tables.reading import open_tables
from solvent.training.delong import measure_auc
from solvent.training.run import TrainingRequest, train

Floats = npt.NDArray[np.float64]
SOURCES = ("application_ext_source_1", "application_ext_source_2", "application_ext_source_3")
INSTALMENTS = "installments_payments"


def read_features(model: Model, folder: Path) -> FeatureMatrix:
    """Return the model's features of the labelled clients of a folder."""
    with open_tables(folder) as tables:
        matrix = BatchEngine(model.bundle.program, tables).read_matrix()
    return matrix.rows(~np.isnan(matrix.target))


def mean_source(matrix: FeatureMatrix) -> Floats:
    """Return the mean of the external scores that a client has, turned so that a higher one is a higher risk."""
    at = [matrix.program.names.index(name) for name in SOURCES]
    values = matrix.values[:, at].astype(np.float64)
    known = ~np.isnan(values)
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return -np.where(known.any(axis=1), mean, np.nanmean(values))


def without_instalments(real: Path, folder: Path) -> Path:
    """Link all tables of the real sample but the instalments into a folder."""
    for file in find_table_files(real):
        if file.name != INSTALMENTS:
            (folder / file.path.name).symlink_to(file.path.resolve())
    return folder


def main() -> None:
    """Train, score and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder of a simulated world")
    parser.add_argument("--real", type=Path, required=True, help="folder of the real sample")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "bundle"
        trained = train(TrainingRequest(arguments.world, bundle))
        model = Model(read_bundle(bundle))
        known = read_features(model, arguments.real)
        (Path(scratch) / "real").mkdir()
        unknown = read_features(model, without_instalments(arguments.real, Path(scratch) / "real"))
    listed = pyarrow.csv.read_csv(arguments.real / "clients_with_instalments.csv")["SK_ID_CURR"].to_numpy()
    enriched = np.isin(known.client_ids, listed)
    test = trained.report.test
    print(f"trained on {arguments.world}; on its own test clients AUC {test.auc.value:.3f} of {test.rows:,}")
    print(f"{'real clients':44}{'n':>6}{'defaults':>10}{'AUC':>8}  95 % interval   mean of EXT_SOURCE")
    for name, matrix, rows in (
        ("without instalments", known, ~enriched),
        ("enriched in defaults, with instalments", known, enriched),
        ("enriched in defaults, instalments withheld", unknown, enriched),
    ):
        part = matrix.rows(rows)
        defaulted = part.target.astype(np.float64)
        auc = measure_auc(model.score_many(part.values), defaulted)
        plain = measure_auc(mean_source(part), defaulted)
        print(
            f"{name:44}{len(part):6d}{int(defaulted.sum()):10d}{auc.value:8.3f}  ({auc.low:.3f} to {auc.high:.3f})"
            f"   {plain.value:.3f} ({plain.low:.3f} to {plain.high:.3f})"
        )
    print("in-sample: parts of the world were measured on the same clients, without TARGET")


if __name__ == "__main__":
    main()
