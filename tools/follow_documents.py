"""Follows the documents word by word in a clean clone: runs every command of their `bash` blocks, in order.

    python tools/follow_documents.py [--with-tests] [--clients 3000]

README.md first, then README.fr.md and API_USAGE.md, whose Python runs too. `make demo` stays up meanwhile, with fewer
clients than it makes by itself. So it does for the indented commands of "A lender of your own" and "Answering for a
decision", which speak of a decision that is made for them; then come those of "Your own data", on the demo's lender.
Left out are a second server and, without --with-tests, `make test`, which takes long. Ports 8000 and 8501 must be free.

`make follow` runs it, and so does the workflow.

Exit code 1 at the first command that fails; it is named.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "README.fr.md", "API_USAGE.md")
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ACTIVATE = ". .venv/bin/activate\n"
"""Whoever reads stays in one terminal, so it holds for all later blocks of the document."""
DEMO_SECONDS = 1200.0
PROBLEM = re.compile(r'"status": ?[45][0-9][0-9]')
"""In the answer of the API to a request that it refused (RFC 9457), which curl takes for a success."""
READY = "Ctrl-C stops everything."
ANSWERS = {"solvent monitor run": "^(quiet|rings)", "solvent world report": "figures above their goal$"}
"""Commands whose exit code 1 says that something rings or misses its goal, with the last line of their report."""
PREDICT = "http://127.0.0.1:8000/predict"


def main() -> int:
    """Follow the documents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with-tests", action="store_true", help="run make test too")
    parser.add_argument("--clients", type=int, default=3_000, help="of the demo's lender")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-clone-") as name:
        clone = Path(name) / "solvent"
        subprocess.run(("git", "clone", "--quiet", str(ROOT), str(clone)), check=True)
        with demo(clone, options.clients):
            for document in DOCUMENTS:
                activation = ""
                for language, text in BLOCK.findall((clone / document).read_text()):
                    shown = without_make(text, with_tests=options.with_tests)
                    follow(clone, document, language, activation + shown if language == "bash" else shown)
                    activation = ACTIVATE if ACTIVATE in text else activation
            follow_part(clone, "A lender of your own", lambda line: lender_of_its_own(line, options.clients))
            decision = decide(clone)
            follow_part(clone, "Answering for a decision", lambda line: about_a_decision(line, decision))
        follow_part(clone, "Your own data", lambda line: line.replace(" DIR", " .solvent/demo/world"))
    print("every command ran")
    return 0


@contextmanager
def demo(clone: Path, clients: int) -> Iterator[None]:
    """Run `make demo` until it says that everything is up, and stop it in the end."""
    log = clone.parent / "demo.log"
    with log.open("w") as output:
        command = ("make", "demo", f"DEMO=--clients {clients}")
        running = subprocess.Popen(command, cwd=clone, stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + DEMO_SECONDS
        while READY not in log.read_text():
            if running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"`make demo` did not come up:\n{log.read_text()[-2000:]}")
            time.sleep(1)
        print("make demo: up", flush=True)
        yield
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGTERM)  # SIGINT would be ignored by what a shell started with &
            running.wait(timeout=90)


def without_make(text: str, *, with_tests: bool) -> str:
    """The block without what runs already, and without `make test` unless it is wanted."""
    skipped = ("make demo",) if with_tests else ("make demo", "make test")
    return "\n".join(line for line in text.splitlines() if not line.startswith(skipped))


def follow_part(clone: Path, title: str, fill: Callable[[str], str]) -> None:
    """Run the indented commands below a heading of README.md, each with its placeholders filled; no second server."""
    part = (clone / "README.md").read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^ {4}(solvent .*?)(?: +#.*)?$", part, re.MULTILINE)
    if not commands:
        raise SystemExit(f"README.md: there is no command below `{title}`")
    for command in commands:
        if not command.startswith("solvent api"):
            follow(clone, f"README.md, {title}", "bash", ACTIVATE + fill(command))


def lender_of_its_own(command: str, clients: int) -> str:
    """The command on a smaller lender; exit code 1 may be an answer, which is told by the last line."""
    smaller = command.replace("--clients 20000", f"--clients {clients}").replace(" DIR", " .solvent/lender")
    last = next((line for name, line in ANSWERS.items() if smaller.startswith(name)), None)
    return smaller if last is None else f'({smaller} || true) | tee /dev/stderr | tail -n 1 | grep -E "{last}"'


def decide(clone: Path) -> dict[str, Any]:
    """Ask the demo for a decision, to be answered for."""
    body = (clone / "examples/one_client.json").read_bytes()
    request = urllib.request.Request(PREDICT, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        decision: dict[str, Any] = json.load(answer)
    return decision


def about_a_decision(command: str, decision: dict[str, Any]) -> str:
    """The command about that decision, or about its client; whoever erases is asked, and says yes."""
    name = "client_id" if " client " in command else "request_id"
    about = re.sub(r"\bID\b", str(decision[name]), command)
    return f"{about} --yes" if " erase " in about else about


def follow(clone: Path, document: str, language: str, text: str) -> None:
    """Run a block as a person would, in one shell; raises SystemExit naming it."""
    if not text.strip():
        return
    command = (
        ("bash", "-euo", "pipefail", "-c", text) if language == "bash" else (clone / ".venv/bin/python", "-c", text)
    )
    started = time.monotonic()
    ran = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    if ran.returncode or PROBLEM.search(ran.stdout):
        raise SystemExit(
            f"{document}: this failed ({ran.returncode}):\n{text}\n{ran.stdout[-1500:]}\n{ran.stderr[-1500:]}"
        )
    print(f"{document}: {text.strip().splitlines()[-1][:90]}  ({time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
