"""The registry of models in MLflow: runs, versions, and which of them is champion; the only owner of mlflow."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

# MLflow reads both while it is imported: it must neither call home nor talk over our own output.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities.model_registry import ModelVersion, RegisteredModel  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

from solvent.errors import TrainingError  # noqa: E402
from solvent.training.evaluation import DecisionFigures, Estimate  # noqa: E402
from solvent.training.plots import draw_plots  # noqa: E402
from solvent.training.report import TrainingReport, TrainingResult  # noqa: E402

MODEL_NAME = "solvent"
CHAMPION = "champion"
CHALLENGER = "challenger"
_SQLITE = "sqlite:///"
_AUDIT = "audit."

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)
