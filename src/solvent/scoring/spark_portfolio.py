"""Scores every client of a folder of raw tables on Spark, with one bundle: the same answers as on one machine."""

from functools import lru_cache
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.domain.progress import Progress, silent
from solvent.features.operations import Array
from solvent.features.spark_engine import LOCAL, SparkEngine, open_session
from solvent.scoring.model import Model
from solvent.scoring.portfolio import (
    DECISION_SCHEMA,
    DecisionTable,
    PortfolioSummary,
    decide_table,
    finish_portfolio,
    terms_of,
)
from solvent.tables.reading import open_tables
from solvent.tables.schemas import HISTORY_TABLES


def score_portfolio_on_spark(
    model: Model, data: Path, out: Path, *, master: str = LOCAL, progress: Progress = silent
) -> PortfolioSummary:
    """Do as `score_portfolio`, on a Spark master that sees the folder under the same path.

    The model's text and its terms are broadcast; executors score batches of Arrow. The decisions are gathered and
    written by the driver.

    Raises:
        FeatureError: Spark does not start.
        TablesError: the tables cannot be read.
        OSError: the file cannot be written.
    """
    with open_tables(data) as tables, open_session(master) as session:
        missing = tuple(name for name in HISTORY_TABLES if name not in tables.present)
        engine = SparkEngine(model.bundle.program, tables, session, progress=progress)
        sent = engine.broadcast((model.bundle.model_text, terms_of(model)))

        def decide(clients: npt.NDArray[np.int64], _target: Array, values: Array) -> DecisionTable:
            text, terms = sent.value
            seen = values.astype(np.float32).astype(np.float64)
            scores = _read_booster(text).predict(seen, raw_score=True, num_threads=1)
            return decide_table(terms, clients, np.asarray(scores, dtype=np.float64))

        table = engine.collect(decide, DECISION_SCHEMA)
    return finish_portfolio(model, table, out, missing)


@lru_cache(maxsize=1)
def _read_booster(text: str) -> lightgbm.Booster:
    """The booster of a model's text, read once per worker."""
    return lightgbm.Booster(model_str=text)
