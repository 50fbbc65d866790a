"""T-12: asks the API everything that HTTP and JSON can carry; no answer may be an error, slow, or an echo.

    python campaigns/fuzz.py --bundle BUNDLE [--requests 20000] [--frames 500] [--examples 20] [--first 0] [--seed 0]

Four kinds of questions: the JSON edge cases of `json_cases.py`; `--requests` spoiled requests (`request_mutations.py`)
and, with `--examples` per operation, what schemathesis makes of the OpenAPI schema, these three in process on a log in
memory; and over sockets, to an API with its database, the messages of `http_frames.py` with `--frames` spoiled ones.
`--first` goes on where another run with the same seed ended. The verdict goes to `evidence/T-12.jsonl`. Exit code 0 if
no answer was wrong and the API still lives, otherwise 1. What takes over a second is asked once more: on a machine that
others use too, only what is slow twice is slow.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.types import ASGIApp

from answer_checks import SLOW_SECONDS, Answer, Findings
from evidence import add_evidence
from frame_sending import Heard, render_request, send_frame, spoil_frame
from http_frames import Frame, list_frames
from in_process import Request, ask, make_application
from json_cases import list_json_cases
from request_mutations import JSON_TYPE, make_marker, make_request
from running_api import Instances, free_port, is_answered
from schema_fuzz import fuzz_by_schema

AT_ONCE = 32
"""Connections at a time."""

Report = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """How much to ask of each kind, and where the numbers of the random requests begin."""

    bundle: Path
    requests: int
    frames: int
    examples: int
    first: int
    seed: int


async def try_json_cases(app: ASGIApp, findings: Findings) -> None:
    """Send every JSON edge case; what is JSON must be read, what is none refused as such."""
    for case in list_json_cases():
        answer = await ask(app, Request("POST", case.path.encode(), (JSON_TYPE,), (case.body,)))
        findings.add(case.name, answer)
        if answer.status not in ({200, 422} if case.is_json else {400}):
            findings.note(f"answered {answer.status}", case.name)


async def try_requests(app: ASGIApp, plan: Plan, findings: Findings, report: Report) -> None:
    """Send the spoiled requests of the plan."""
    for number in range(plan.first, plan.first + plan.requests):
        request = make_request(plan.seed, number)
        try:
            answer = await ask(app, request)
            if answer.seconds > SLOW_SECONDS:
                findings.stalls.append(f"request {number}")
                answer = await ask(app, request)
        except Exception as error:  # noqa: BLE001 - whatever leaves the application is a finding
            findings.note(f"raised {type(error).__name__}", f"request {number}")
            continue
        findings.add(f"request {number}", answer, marker=make_marker(number), has_body=request.method != "HEAD")
        report(number)


async def try_frames(port: int, plan: Plan, findings: Findings, report: Report) -> None:
    """Send every frame, and spoiled messages, each over a connection of its own."""
    places = asyncio.Semaphore(AT_ONCE)

    async def send(frame: Frame, marker: str | None = None) -> None:
        async with places:
            heard = await send_frame(port, frame.data, must_answer=bool(frame.statuses))
            if not heard.is_ended or any(answer.seconds > SLOW_SECONDS for answer in heard.answers):
                findings.stalls.append(frame.name)
                heard = await send_frame(port, frame.data, must_answer=bool(frame.statuses))
            _add_heard(findings, frame, heard, marker)

    await asyncio.gather(*map(send, list_frames()))
    numbers = range(plan.first, plan.first + plan.frames)
    for start in range(0, len(numbers), 100 * AT_ONCE):
        part = numbers[start : start + 100 * AT_ONCE]
        await asyncio.gather(*(send(_spoil(plan.seed, number), make_marker(number)) for number in part))
        report(part[-1])


def _spoil(seed: int, number: int) -> Frame:
    request = make_request(seed, number)
    if request.method == "HEAD":  # its answer announces a body that does not come
        request = replace(request, method="GET")
    chance = random.Random((seed << 40) + number)  # noqa: S311 - reproducible messages
    return Frame(f"message {number}", spoil_frame(render_request(request), chance), answers=1_000)


def _add_heard(findings: Findings, frame: Frame, heard: Heard, marker: str | None) -> None:
    for answer in heard.answers:
        findings.add(frame.name, answer, marker=marker)
    if not heard.answers:
        findings.requests += 1
    first: Answer | None = heard.answers[0] if heard.answers else None
    if frame.statuses and (first is None or first.status not in frame.statuses):
        findings.note(f"answered {first.status if first else 'nothing'}", frame.name)
    if len(heard.answers) > frame.answers:
        findings.note("answered what was not asked", frame.name)
    if heard.rest:
        findings.note("bytes that are no answer", frame.name)
    if not heard.is_ended:
        findings.note("the connection does not end", frame.name)


def run_in_process(plan: Plan) -> dict[str, Findings]:
    """Ask without sockets."""
    app = make_application(plan.bundle)
    found = {"json cases": Findings(), "spoiled requests": Findings()}
    asyncio.run(try_json_cases(app, found["json cases"]))
    asyncio.run(try_requests(app, plan, found["spoiled requests"], _report))
    if plan.examples:
        found["schemathesis"] = fuzz_by_schema(app, examples=plan.examples, seed=plan.seed)
    return found


def run_over_sockets(plan: Plan, home: Path) -> Findings:
    """Ask a running API; at the end it must live, and end in order."""
    findings = Findings()
    port = free_port()
    with Instances(plan.bundle, home) as instances:
        process = instances.start(port)
        asyncio.run(try_frames(port, plan, findings, _report))
        if process.exit_code is not None or not is_answered(port, "/health/ready"):
            findings.note("the API does not answer any more", "all messages")
        if instances.stop() != [0]:
            findings.note("the API did not end in order", "all messages")
    return findings


def _report(number: int) -> None:
    if number % 10_000 == 0:
        print(f"request {number}", file=sys.stderr)


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--requests", type=int, default=20_000, help="spoiled requests in process (default 20,000)")
    parser.add_argument("--frames", type=int, default=500, help="spoiled messages over sockets (default 500)")
    parser.add_argument("--examples", type=int, default=20, help="of schemathesis per operation; 0: none (default 20)")
    parser.add_argument("--first", type=int, default=0, help="number of the first spoiled request (default 0)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    plan = Plan(**vars(parser.parse_args()))
    found = run_in_process(plan)
    with tempfile.TemporaryDirectory(prefix="solvent-fuzz-") as folder:
        found["messages"] = run_over_sockets(plan, Path(folder))
    faults = Counter[str]()
    for name, findings in found.items():
        print(f"{name}: {findings.describe()}")
        faults += findings.faults
    requests = {name: findings.requests for name, findings in found.items()}
    stalls = sum(len(findings.stalls) for findings in found.values())
    facts = {"first": plan.first, "requests": requests, "faults": dict(faults), "stalls": stalls}
    slowest = round(max(findings.slowest for findings in found.values()), 3)
    total = sum(requests.values())
    print(add_evidence("T-12", seed=plan.seed, trials=total, failures=faults.total(), slowest_seconds=slowest, **facts))
    return 0 if not faults else 1


if __name__ == "__main__":
    sys.exit(main())
