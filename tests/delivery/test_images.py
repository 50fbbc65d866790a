import re
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILES = ("Dockerfile", "Dockerfile.huggingface")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_base_of_an_image_is_named_by_its_digest_and_every_stage_starts_from_it(name: str) -> None:
    text = (ROOT / name).read_text()
    bases = re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert len(bases) == 1
    assert re.fullmatch(r"docker\.io/library/python:3\.11-slim@sha256:[0-9a-f]{64}", bases[0])
    stages = re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE)
    starts = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert starts <= {"${BASE}", *stages}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_runs_as_a_user_without_rights_and_holds_no_secret(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1] in {"10001:10001", "1000:1000"}
    assert re.search(r"^ADD ", text, re.MULTILINE) is None
    assert re.search(r"(?i)^(ENV|ARG) .*(password|token|secret|key)\w*=", text, re.MULTILINE) is None


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_installs_nothing_without_its_hash(name: str) -> None:
    installs = re.findall(r"pip\b.* install [^&\n]*", (ROOT / name).read_text())
    assert installs
    assert [one for one in installs if "--require-hashes" not in one and "--no-deps /wheel/" not in one] == []


def test_the_wheel_is_made_by_what_the_project_names() -> None:
    named = {line for line in (ROOT / "requirements/build.in").read_text().splitlines() if not line.startswith("#")}
    assert named == {"hatchling>=1.27", "editables>=0.5"}
    assert all(f'"{one}"' in (ROOT / "pyproject.toml").read_text() for one in named)


@pytest.mark.parametrize("role", ["build", "serve", "train", "dashboard", "jobs", "space"])
def test_no_role_has_another_version_than_the_tests(role: str) -> None:
    assert _versions(role) <= _versions("dev")


def test_the_image_that_answers_requests_has_no_batch_library() -> None:
    names = {line.split("==")[0] for line in _versions("serve")}
    assert (
        names & {"mlflow", "evidently", "duckdb", "ibis-framework", "pandas", "pyarrow", "pyspark", "streamlit"}
        == set()
    )


def test_every_action_of_the_workflow_is_named_by_its_commit() -> None:
    text = (ROOT / ".github/workflows/ci-cd.yml").read_text()
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert [one for one in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one)] == []


def test_the_workflow_has_its_four_jobs_one_after_the_other_and_no_right_by_default() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci-cd.yml").read_text())
    assert {name: job.get("needs") for name, job in workflow["jobs"].items()} == {
        "test": None, "build": "test", "push": "build", "deploy": "push",
    }  # fmt: skip
    assert workflow["permissions"] == {}
    assert "continue-on-error" not in str(workflow)
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert {name for name, right in rights.items() if "write" in right.values()} == {"push"}


def test_every_door_of_the_space_counts_callers_by_the_address_that_the_platform_names() -> None:
    text = (ROOT / "deploy/huggingface/nginx.conf").read_text()
    doors = re.findall(r"^    location (\S+).*?\{\n(.*?)^    \}", text, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in doors] == ["~", "/docs/assets/", "/"]
    assert [name for name, body in doors if not body.lstrip().startswith("limit_req zone=")] == []
    assert re.findall(r"limit_req_zone (\S+)", text) == ["$binary_remote_addr"] * 2
    assert "real_ip_header X-Forwarded-For;\n  real_ip_recursive on;" in text
    trusted = [ip_network(one) for one in re.findall(r"set_real_ip_from (\S+);", text)]
    assert trusted
    assert [one for one in trusted if one.is_global] == []


def test_what_is_published_is_what_was_tried() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci-cd.yml").read_text())["jobs"]
    tried = [step["run"] for step in jobs["build"]["steps"] if "try_images.py" in step.get("run", "")]
    assert len(tried) == 1
    assert "--targets api dashboard jobs space --save dist/images" in tried[0]
    published = " ".join(step.get("run", "") + step.get("uses", "") for step in jobs["push"]["steps"])
    assert 'skopeo copy --preserve-digests --digestfile pushed.digest "dir:$IMAGE"' in published
    assert 'test "$(cat pushed.digest)" = "$(cat "$IMAGE.digest")"' in published
    assert re.search(r"checkout|setup-buildx|build-push|buildah bud|docker build", published) is None
    assert jobs["push"]["strategy"]["matrix"]["image"] == ["api", "dashboard", "jobs"]


def test_compose_opens_ports_on_this_machine_alone_and_names_no_secret() -> None:
    text = (ROOT / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert re.search(r"postgresql://\S+:\S+@", text) is None
    assert set(services) == {
        "database", "migrate", "ledger-key", "prepare", "api", "dashboard", "housekeeping", "monitor", "mlflow",
        "traffic",
    }  # fmt: skip
    assert services["api"]["read_only"]
    assert services["database"]["image"].partition("@")[2].startswith("sha256:")


def _versions(role: str) -> set[str]:
    lines = (ROOT / f"requirements/{role}.txt").read_text().splitlines()
    return {line.partition(" ")[0] for line in lines if "==" in line}
