"""What the manifests and compose promise: rights, who may talk to whom, what runs when, who sees which key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
DOCUMENTS = [document for one in MANIFESTS for document in yaml.safe_load_all(one.read_text())]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
NAME = "app.kubernetes.io/name"


def test_every_manifest_is_applied_and_every_name_is_a_file() -> None:
    kustomization = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text())
    assert sorted(kustomization["resources"]) == [one.name for one in MANIFESTS if one.name != "kustomization.yaml"]


def test_every_pod_runs_without_rights_on_a_read_only_file_system() -> None:
    pods = [pod for document in DOCUMENTS for pod in _pods(document)]
    assert len(pods) == 6
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


def test_only_the_monitors_leave_the_cluster_and_by_one_port() -> None:
    opened = {
        (policy["metadata"]["name"], port["port"])
        for policy in _of_kind("NetworkPolicy")
        for rule in policy["spec"].get("egress", [])
        for port in rule["ports"]
        if "to" not in rule
    }
    assert opened == {("database-and-names", 5432), ("database-and-names", 53), ("monitor-to-webhook", 443)}
    (webhook,) = _named("NetworkPolicy", "monitor-to-webhook")
    (monitor,) = _named("CronJob", "monitor")
    labels = monitor["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert webhook["spec"]["podSelector"]["matchLabels"] == labels


def test_the_dashboard_is_reached_from_the_proxy_alone_and_the_page_names_its_label() -> None:
    doors = [
        policy for policy in _of_kind("NetworkPolicy") if "solvent-dashboard" in str(policy["spec"]["podSelector"])
    ]
    sources = [rule.get("from") for policy in doors for rule in policy["spec"].get("ingress", [])]
    assert sources == [[{"namespaceSelector": {"matchLabels": {"solvent-proxy": "yes"}}}]]
    assert "kubectl label namespace INGRESS solvent-proxy=yes" in OPERATIONS


def test_who_verifies_gets_the_public_half_of_the_key_and_cannot_write_to_the_ledger() -> None:
    for pod in (_pod("CronJob", "verify"), _pod("Deployment", "dashboard")):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert volumes["public-key"]["secret"]["items"] == [{"key": "signing.pub", "path": "signing.pub"}]
        assert volumes["ledger"]["persistentVolumeClaim"] == {"claimName": "ledger", "readOnly": True}
    assert COMPOSE["dashboard"]["volumes"] == ["ledger:/ledger:ro"]
    assert {name for name, service in COMPOSE.items() if "keys:" in str(service.get("volumes"))} == {
        "ledger-key", "api", "housekeeping",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("job", "schedule", "said", "command"),
    [
        ("monitor", "5 * * * *", "5 minutes past each hour", "monitor run"),
        ("housekeeping", "15 2 * * *", "daily, 02:15", "db upgrade"),
        ("housekeeping", "15 2 * * *", "daily, after it", "db retain --yes"),
        ("verify", "30 3 * * *", "daily, 03:30", "ledger verify"),
    ],
)
def test_the_table_of_schedules_says_what_the_cluster_runs(job: str, schedule: str, said: str, command: str) -> None:
    (cron,) = _named("CronJob", job)
    assert cron["spec"]["schedule"] == schedule
    pod = _pod("CronJob", job)
    run = [" ".join(one["args"]) for one in (*pod.get("initContainers", []), *pod["containers"]) if "args" in one]
    assert any(one.startswith(command) for one in run)
    assert re.search(rf"^\| .* \| {said} \| `solvent {command}` \| `{job}` \|", OPERATIONS, re.MULTILINE)


def test_compose_does_daily_what_the_cluster_does() -> None:
    script = (ROOT / "deploy/compose/keep_house.sh").read_text()
    assert "solvent db upgrade && solvent db retain --yes && solvent ledger verify" in script
    assert "sleep 86400" in script
    assert "./deploy/compose/keep_house.sh:/keep_house.sh:ro" in COMPOSE["housekeeping"]["volumes"]
    assert COMPOSE["housekeeping"]["secrets"] == [{"source": "owner_url", "target": "solvent_database_url"}]


def test_the_monitors_are_told_the_webhook_where_one_is_set() -> None:
    assert COMPOSE["monitor"]["environment"]["SOLVENT_ALERT_WEBHOOK"] is None  # compose: as outside, if it is set there
    assert "--from-file=solvent_alert_webhook=FILE" in OPERATIONS
    assert _pod("CronJob", "monitor")["volumes"][0]["secret"]["secretName"] == "solvent-monitor"


def _of_kind(kind: str) -> list[dict[str, Any]]:
    return [document for document in DOCUMENTS if document["kind"] == kind]


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [document for document in _of_kind(kind) if document["metadata"]["name"] == name]


def _pod(kind: str, name: str) -> dict[str, Any]:
    (document,) = _named(kind, name)
    (pod,) = _pods(document)
    return pod


def _pods(document: Any) -> Iterator[dict[str, Any]]:
    """Every pod that a manifest describes, at any depth."""
    if isinstance(document, dict) and "containers" in document:
        yield document
    elif isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from _pods(inner)
