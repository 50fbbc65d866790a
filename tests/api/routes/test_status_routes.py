from datetime import UTC, datetime

import httpx
import pytest

from solvent.api.routes.answers import HealthAnswer, ModelAnswer
from solvent.scoring.model import Model
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio


async def test_the_root_tells_that_a_model_is_loaded(api: httpx.AsyncClient, model: Model) -> None:
    before = datetime.now(UTC)
    answer = HealthAnswer.model_validate_json((await api.get("/")).content)
    assert (answer.status, answer.model_loaded, answer.model_version) == ("ok", True, model.version)
    assert before <= answer.timestamp <= datetime.now(UTC)


async def test_readiness_follows_the_database_and_liveness_does_not(api: httpx.AsyncClient, log: TroubledLog) -> None:
    assert (await api.get("/health/ready")).json() == {"status": "ok"}
    log.available = False
    ready, live, root = [await api.get(path) for path in ("/health/ready", "/health/live", "/")]
    assert (ready.status_code, ready.headers["retry-after"]) == (503, "1")
    assert (ready.json()["code"], ready.json()["problems"]) == ("not-ready", ["database"])
    assert (live.status_code, live.json(), root.status_code) == (200, {"status": "ok"}, 200)
    assert log.dropped_failures == 0


async def test_balancers_may_ask_for_the_head_alone(api: httpx.AsyncClient, log: TroubledLog) -> None:
    assert [(await api.head(path)).status_code for path in ("/", "/health/live", "/health/ready")] == [200, 200, 200]
    log.available = False
    assert [(await api.head(path)).status_code for path in ("/", "/health/live", "/health/ready")] == [200, 200, 503]
    assert (await api.head("/predict")).status_code == 405


async def test_model_info_describes_the_bundle_in_force(api: httpx.AsyncClient, model: Model) -> None:
    answer = ModelAnswer.model_validate_json((await api.get("/model-info")).content)
    assert answer.model_dump(exclude={"costs"}) == {
        "model_type": "LightGBM",
        "model_version": model.version,
        "n_features": 6,
        "threshold": 0.3,
        "metrics": {"rows": 500, "auc": {"value": 0.81, "low": 0.78, "high": 0.84}},
        "training_date": datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC),
        "training_rows": 2000,
        "data_fingerprint": "d" * 64,
        "calibration_method": "platt",
        "forbidden_columns": ["CNT_FAM_MEMBERS", "CODE_GENDER", "NAME_FAMILY_STATUS", "NAME_TYPE_SUITE"],
    }
    assert (answer.costs.false_negative, answer.costs.false_positive) == (10.0, 1.0)
