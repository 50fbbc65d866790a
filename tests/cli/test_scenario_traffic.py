import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from solvent.cli.outcome_files import read_outcomes
from solvent.cli.scenario_traffic import ScenarioTraffic, send_scenario
from solvent.domain.outcomes import OutcomeKind
from solvent.errors import WorldError
from solvent.world.blocks import Lender, build_lender
from solvent.world.events.maturing import MONTH
from solvent.world.events.scenarios import Timeline

pytestmark = pytest.mark.slow  # fits the simulated lender in each run

RECESSION = Timeline(scenario="recession", from_share=0.5)
DECIDED_AT = "2026-11-23T10:00:00.123456Z"


Send = Callable[["Api", ScenarioTraffic], str]


class Api:
    """Answers every request, keeps the bodies, and refuses every third one with 413."""

    def __init__(self) -> None:
        self.clients: list[int] = []
        self.incomes: list[float] = []
        self.income_types: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.clients.append(body["SK_ID_CURR"])
        self.incomes.append(body["AMT_INCOME_TOTAL"])
        self.income_types.append(body["NAME_INCOME_TYPE"])
        if len(self.clients) % 3 == 0:
            return httpx.Response(413)
        request_id = f"018f0000-0000-7000-8000-{len(self.clients):012d}"
        return httpx.Response(200, json={"decision": "approve", "request_id": request_id, "timestamp": DECIDED_AT})


@pytest.fixture(scope="module")
def lender() -> Lender:
    return build_lender()


@pytest.fixture
def send(lender: Lender) -> Send:
    def send_to(api: Api, traffic: ScenarioTraffic) -> str:
        with httpx.Client(transport=httpx.MockTransport(api), base_url="http://api.test") as client:
            return send_scenario(client, traffic, progress=lambda _sent: None, lender=lender).describe()

    return send_to


def test_sends_clients_of_their_own_in_the_order_of_arrival_and_notes_the_truth(send: Send, tmp_path: Path) -> None:
    api, path = Api(), tmp_path / "truth.csv"
    said = send(api, ScenarioTraffic(30, 2, RECESSION, truth=path))
    assert said.startswith("20 approved, 0 refused, 10 errors (10 HTTP 413), ")
    assert sorted(api.clients) == list(range(202_100_001, 202_100_031))
    assert api.clients != sorted(api.clients)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    final = [row for row in rows if row["kind"] == "matured"]
    assert [int(row["SK_ID_CURR"]) for row in final] == [
        client for number, client in enumerate(api.clients, 1) if number % 3
    ]
    assert final[0]["request_id"] == "018f0000-0000-7000-8000-000000000001"
    assert {row["scenario"] for row in rows} == {"recession"}
    assert (final[0]["planted"], final[-1]["planted"]) == ("0", "1")
    assert all(0 < float(row["true_probability_default"]) < 1 for row in rows)


def test_counts_as_shifted_whom_the_scenario_changed(send: Send, tmp_path: Path) -> None:
    api, path = Api(), tmp_path / "truth.csv"
    said = send(api, ScenarioTraffic(200, 2, Timeline(scenario="new_category", from_share=0.5), truth=path))
    changed = [income_type == "Platform worker" for income_type in api.income_types]
    assert f", {sum(changed)} shifted" in said
    assert 5 < sum(changed) < 30
    with path.open(encoding="utf-8", newline="") as file:
        planted = {int(row["SK_ID_CURR"]): row["planted"] == "1" for row in csv.DictReader(file)}
    sent = enumerate(zip(api.clients, changed, strict=True), 1)
    assert planted == {client: is_changed for number, (client, is_changed) in sent if number % 3}


def test_the_truth_reads_as_outcomes_counted_from_the_decision(send: Send, tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    send(Api(), ScenarioTraffic(6, 2, RECESSION, truth=path))
    finals = [outcome for outcome in read_outcomes(path) if outcome.kind is OutcomeKind.MATURED]
    assert len(finals) == 4
    for outcome in finals:
        assert (outcome.observed_at - datetime.fromisoformat(DECIDED_AT)).total_seconds() * 1e6 == 12 * MONTH


def test_another_seed_brings_other_clients_and_the_same_seed_the_same(send: Send) -> None:
    apis = [Api(), Api(), Api()]
    for api, seed in zip(apis, (2, 2, 3), strict=True):
        send(api, ScenarioTraffic(6, seed, RECESSION))
    assert apis[0].clients == apis[1].clients
    assert apis[0].incomes == apis[1].incomes
    assert not {*apis[0].clients} & {*apis[2].clients}


def test_refuses_a_timeline_without_sense_before_it_sends_or_writes(send: Send, tmp_path: Path) -> None:
    api, timeline = Api(), Timeline(scenario="recession", from_share=0.9, until_share=0.1)
    with pytest.raises(WorldError, match="from a share of the time to a later one"):
        send(api, ScenarioTraffic(6, 2, timeline, truth=tmp_path / "truth.csv"))
    assert api.clients == []
    assert not (tmp_path / "truth.csv").exists()
