"""The steps of the demo, each a function that does its work, or finds it done, and says so in a word."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import httpx
import orjson

from solvent import __version__
from solvent.bootstrap import load_model, open_log, open_signer, prepare_database
from solvent.cli.applications import read_bodies
from solvent.cli.children import Child, ChildError, Children
from solvent.cli.data import describe_counts
from solvent.cli.features import store_histories
from solvent.cli.receipts import Facts, Receipts
from solvent.cli.sending import Traffic, send_applications
from solvent.cli.serving import LOOPBACK, dashboard_command, dashboard_environment
from solvent.decision_log.reading.reader import read_summary
from solvent.decision_log.registers.api_keys import Scope, create_key
from solvent.domain.clock import utc_now
from solvent.domain.progress import Progress
from solvent.errors import BundleError, TablesError
from solvent.scoring.model import Model
from solvent.settings import Settings
from solvent.tables.checks import find_problems
from solvent.tables.files import FILE_NAMES
from solvent.tables.reading import open_tables
from solvent.training.run import TrainingRequest, train
from solvent.world.making import WorldRequest, make_world

SEED = 7
START_SECONDS = 60.0
TRAFFIC_PREDICTIONS = 60
REUSED = "there already"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command was asked for."""

    clients: int
    port: int
    dashboard_port: int
    once: bool


@dataclass(frozen=True)
class Demo:
    """Where everything of one demo is."""

    options: DemoOptions
    settings: Settings
    database_url: str
    children: Children

    @property
    def folder(self) -> Path:
        return self.settings.home / "demo"

    @property
    def world(self) -> Path:
        return self.folder / "world"

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"

    @property
    def receipts(self) -> Receipts:
        return Receipts(self.folder / "receipts")

    @property
    def facts(self) -> Facts:
        """What the world, and all that is made from it, depends on."""
        return {"clients": self.options.clients, "seed": SEED, "version": __version__}

    @cached_property
    def model(self) -> Model:
        return load_model(self.bundle)

    @property
    def key_file(self) -> Path:
        """The demo's own API key, where its API asks for keys."""
        return self.folder / "api.key"

    @cached_property
    def key_headers(self) -> dict[str, str]:
        """What shows a key to the API, if it asks for one: made anew for each run, good for a day."""
        if not self.settings.asks_for_keys:
            return {}
        ends = utc_now() + timedelta(days=1)
        key = create_key(self.database_url, "demo", {Scope.SCORE, Scope.READ}, expires_at=ends, who="solvent demo")
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(key)
        return {"Authorization": f"Bearer {key}"}

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.options.port}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{LOOPBACK}:{self.options.dashboard_port}"

    @property
    def example(self) -> Path:
        """The example request of the checkout; an installation without one gets its own from the demo's world."""
        shipped = Path(__file__).resolve().parents[3] / "examples" / "one_client.json"
        return shipped if shipped.is_file() else self.folder / "one_client.json"


def make_lender(demo: Demo, progress: Progress) -> str:
    """Make the simulated lender's tables."""
    complete = all((demo.world / f"{name}.parquet").is_file() for name in FILE_NAMES)
    if complete and demo.receipts.read("world") == demo.facts:
        return REUSED
    demo.receipts.remove("world")
    request = WorldRequest(demo.options.clients, SEED, "parquet", force=True)
    summary = make_world(demo.world, request, progress=progress)
    demo.receipts.write("world", demo.facts)
    return f"{demo.options.clients:,} clients, {sum(summary.rows.values()):,} rows"


def check_tables(demo: Demo, progress: Progress) -> str:
    """Check the tables; raises TablesError if training must not see them."""
    if demo.receipts.read("check") == demo.facts:
        return REUSED
    with open_tables(demo.world) as tables:
        findings = find_problems(tables, progress=progress)
    if any(finding.is_error for finding in findings):
        raise TablesError(f"the tables have errors: run `solvent data check {demo.world}`")
    demo.receipts.write("check", demo.facts)
    return describe_counts(findings)


def train_model(demo: Demo, progress: Progress) -> str:
    """Train a model on them, unless one that was is whole."""
    if demo.receipts.read("model") == demo.facts:
        try:
            return f"{REUSED}, {demo.model.version}"
        except BundleError:
            progress("the bundle is damaged: training again", 0.0)
    demo.receipts.remove("model")
    tracking, pseudonym = demo.settings.tracking_uri, open_signer(demo.settings).pseudonym
    request = TrainingRequest(demo.world, demo.bundle, SEED, replace=True, tracking_uri=tracking, pseudonym=pseudonym)
    result = train(request, progress=progress)
    demo.receipts.write("model", demo.facts)
    return f"{result.manifest.version}, AUC {result.report.test.auc.value:.3f}"


def prepare_log(demo: Demo, progress: Progress) -> str:
    """Bring the database to the newest schema, with a key for the demo if its API will ask for one."""
    progress("migrating", 0.0)
    prepare_database(demo.database_url)
    _ = demo.key_headers
    return "ready"


def fill_history_store(demo: Demo, progress: Progress) -> str:
    """Store every client's history for the model's program, unless the database has them."""
    facts = {**demo.facts, "bundle": demo.model.bundle.digest}
    receipt = dict(demo.receipts.read("histories") or {})
    last = receipt.pop("last_client", None)
    if receipt == facts and asyncio.run(_has_history(demo, int(last or 0))):
        return REUSED
    demo.receipts.remove("histories")
    stored = store_histories(demo.model, demo.world, demo.database_url, progress=progress)
    demo.receipts.write("histories", {**facts, "last_client": stored[-1]})
    return f"{len(stored):,} clients"


def start_api(demo: Demo, progress: Progress) -> str:
    """Start the API and wait until it is ready to decide."""
    progress("starting", 0.0)
    command = ("-m", "solvent.cli", "api", "--bundle", str(demo.bundle), "--port", str(demo.options.port))
    child = demo.children.start("API", command, log=demo.folder / "api.log")
    wait_until_answers(child, f"{demo.api_url}/health/ready")
    return demo.api_url


def start_dashboard(demo: Demo, progress: Progress) -> str:
    """Start the dashboard and wait until it answers."""
    progress("starting", 0.0)
    environment = dashboard_environment(database_url=demo.database_url, api_url=demo.api_url)
    command = dashboard_command(demo.options.dashboard_port)
    child = demo.children.start("dashboard", command, environment=environment, log=demo.folder / "dashboard.log")
    wait_until_answers(child, f"{demo.dashboard_url}/_stcore/health")
    return demo.dashboard_url


def send_traffic(demo: Demo, progress: Progress) -> str:
    """Send some applications, unless the log has decisions already."""
    if read_summary(demo.database_url).last_decision_at is not None:
        return REUSED
    bodies = read_bodies(demo.world, TRAFFIC_PREDICTIONS, seed=SEED)
    with httpx.Client(base_url=demo.api_url, timeout=30.0, trust_env=False, headers=demo.key_headers) as client:
        summary = send_applications(
            client,
            bodies,
            Traffic(drift_probability=0.3, drift_magnitude=0.15, seed=SEED),
            progress=lambda sent: progress("sending applications", sent / TRAFFIC_PREDICTIONS),
        )
    return summary.describe()


def try_example(demo: Demo, progress: Progress) -> str:
    """Post the example request, as the printed curl line does; raises ChildError if it gets no decision."""
    progress("posting the example", 0.0)
    if not demo.example.is_file():
        demo.example.write_bytes(orjson.dumps(next(read_bodies(demo.world, 1, seed=SEED)), option=orjson.OPT_INDENT_2))
    headers = {"Content-Type": "application/json", **demo.key_headers}
    with httpx.Client(base_url=demo.api_url, timeout=30.0, trust_env=False) as client:
        answer = client.post("/predict", content=demo.example.read_bytes(), headers=headers)
    if answer.status_code != httpx.codes.OK:
        raise ChildError(f"the API answered the example with {answer.status_code}: see {demo.folder / 'api.log'}")
    decision = answer.json()
    return f"client {decision['client_id']}: {decision['decision']}, {decision['probability_default']:.4f}"


@dataclass(frozen=True, slots=True)
class Step:
    """A step as people see it."""

    title: str
    do: Callable[[Demo, Progress], str]


STEPS = (
    Step("simulated lender", make_lender),
    Step("check of tables", check_tables),
    Step("model", train_model),
    Step("database", prepare_log),
    Step("stored histories", fill_history_store),
    Step("API", start_api),
    Step("dashboard", start_dashboard),
    Step("traffic", send_traffic),
    Step("example request", try_example),
)


def wait_until_answers(child: Child, url: str, *, seconds: float = START_SECONDS) -> None:
    """Return once the child answers 200 there; raises ChildError if it ends, or does not within `seconds`."""
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            child.check()
            try:
                if client.get(url).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise ChildError(f"the {child.name} does not answer at {url}: see {child.log}")


async def _has_history(demo: Demo, client: int) -> bool:
    async with open_log(demo.database_url) as log:
        return await log.find_history(client, demo.model.bundle.program.digest) is not None
