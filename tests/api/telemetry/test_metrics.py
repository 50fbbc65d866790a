import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge_examples import make_client, make_services
from solvent.api.telemetry.metrics import BUCKETS, Metrics, render_metrics
from solvent.api.telemetry.metrics_files import MetricsFiles
from solvent.scoring.model import Model
from tiny_model import RISKY, SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio


def _samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_metrics_tell_what_was_decided_and_refused(model: Model, log: TroubledLog) -> None:
    async with make_client(make_services(model, log)) as client:
        await client.post("/predict", json={**SAFE, "CODE_GENDER": "Z", "bureau": []})
        await client.post("/predict-batch", json={"clients": [SAFE, RISKY, {}]})
        await client.post("/predict", json={}, headers={"Idempotency-Key": "1"})
        await client.get("/nowhere")
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = _samples(answer.text)
    counted = {key: value for key, value in samples.items() if key[0].endswith("_total")}
    assert counted == {
        ("solvent_requests_total", "/predict", "200"): 1,
        ("solvent_requests_total", "/predict", "422"): 1,
        ("solvent_requests_total", "/predict-batch", "200"): 1,
        ("solvent_requests_total", "other", "404"): 1,
        ("solvent_refusals_total", "invalid-application"): 1,
        ("solvent_refusals_total", "not-found"): 1,
        ("solvent_decisions_total", "approve", "LOW"): 2,
        ("solvent_decisions_total", "refuse", "HIGH"): 1,
        ("solvent_warnings_total", "no_history"): 2,
        ("solvent_warnings_total", "partial_history"): 1,
        ("solvent_warnings_total", "unknown_category"): 1,
        ("solvent_unknown_categories_total", "CODE_GENDER"): 1,
    }
    for stage in ("preprocessing", "inference", "reading_and_recording"):
        assert samples["solvent_stage_seconds_count", stage] == 3
    assert samples["solvent_request_seconds_count", "/predict"] == 2
    assert samples["solvent_request_seconds_bucket", "+Inf", "/predict"] == 2


async def test_a_repeated_answer_is_no_second_decision(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    async with make_client(services) as client:
        for _ in range(2):
            await client.post("/predict", json=SAFE, headers={"Idempotency-Key": "1"})
    assert services.metrics.counts["decisions", "approve", "LOW"] == 1


def test_a_duration_falls_into_the_first_bucket_that_holds_it() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.0006, 0.3, 9.0):
        metrics.observe(seconds, "request_seconds", "/predict")
    samples = _samples(render_metrics(metrics).decode())
    cumulated = [samples["solvent_request_seconds_bucket", str(bound), "/predict"] for bound in (*BUCKETS, "+Inf")]
    assert cumulated == [1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4]
    assert samples["solvent_request_seconds_sum", "/predict"] == pytest.approx(9.3011)


def test_the_counts_of_all_workers_add_up_and_the_gauges_of_the_living(tmp_path: Path) -> None:
    workers = [Metrics() for _ in range(3)]
    for number, metrics in enumerate(workers):
        metrics.count("decisions", "approve", "LOW")
        metrics.observe(0.001, "request_seconds", "/predict")
        metrics.gauges = {("workers",): 1, ("model_info", "v1"): 1}
        files = MetricsFiles(tmp_path, number, is_alone=False)
        files.write(metrics)
    dead = tmp_path / f"metrics-1-{os.getpid()}.json"
    os.utime(dead, (0, 0))
    merged = Metrics().add(workers[0].to_document())
    MetricsFiles(tmp_path, 0, is_alone=False).read_others(merged)
    samples = _samples(render_metrics(merged).decode())
    assert samples["solvent_decisions_total", "approve", "LOW"] == 3
    assert samples["solvent_request_seconds_bucket", "0.001", "/predict"] == 3
    assert (samples["solvent_workers",], samples["solvent_model_info", "v1"]) == (2, 2)
    assert workers[0].counts["decisions", "approve", "LOW"] == 1


def test_a_worker_that_is_alone_writes_nothing(tmp_path: Path) -> None:
    MetricsFiles(tmp_path, 0, is_alone=True).write(Metrics())
    assert list(tmp_path.iterdir()) == []


async def test_labels_come_from_fixed_lists_whatever_is_asked(model: Model, log: TroubledLog) -> None:
    async with make_client(make_services(model, log)) as client:
        for number in range(50):
            await client.request(f"M{number}", f"/path{number}", headers={f"x{number}": str(number)})
            await client.post("/predict", json={**SAFE, f"FIELD{number}": 1})
            await client.post("/predict", json={**SAFE, "ORGANIZATION_TYPE": f"new {number}"})
        samples = _samples((await client.get("/metrics")).text)
    assert samples["solvent_unknown_categories_total", "ORGANIZATION_TYPE"] == 50
    labels = {label for key in samples for label in key[1:]}
    assert not [label for label in labels if "new" in label or "path" in label or "FIELD" in label]
