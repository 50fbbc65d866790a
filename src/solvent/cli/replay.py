"""`solvent replay` and `solvent explain`: recorded decisions, recomputed and taken apart."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from solvent.errors import DecisionLogError

if TYPE_CHECKING:
    from solvent.decision_log.database.connections import SyncConnection
    from solvent.domain.records import RecordedDecision
    from solvent.scoring.replay import ReplaySummary


def _read_request_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            "this is no request_id: give the field request_id of the answer to /predict, such as "
            "018f4b1e-2c30-7c2f-9d1e-5a5f6b7c8d9e"
        ) from None


RequestId = Annotated[
    UUID, typer.Argument(metavar="ID", parser=_read_request_id, help="The request_id of the decision.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(replay)
    app.command()(explain)


def replay(
    request_id: Annotated[
        UUID | None, typer.Argument(metavar="ID", parser=_read_request_id, help="The request_id of one decision.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Recompute every decision of the log.")] = False,
) -> None:
    """Recompute recorded decisions from the log alone.

    Uses the model files that the log itself keeps. Features, score,
    probability, decision and reasons must come out to the last bit; erased
    decisions are counted and left out.

    Example:
        solvent replay --all

    Writes: nothing.

    Exit codes: 0 everything came out as recorded, 1 a difference, each on
    its own line, or an unknown ID, 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.database.connections import connect_sync
    from solvent.settings import read_settings

    if (request_id is None) != every:
        raise typer.BadParameter("give the ID of one decision, or --all")
    with (
        open_database(read_settings()) as url,
        connect_sync(url, application_name="solvent-replay") as connection,
    ):
        summary = _replay_everything(connection) if request_id is None else _replay_one(connection, request_id)
    for request, fields in summary.differences:
        typer.echo(f"{request}: {', '.join(fields)}")
    typer.echo(f"{summary.replayed} decisions recomputed, {summary.different} differ, {summary.erased} erased")
    raise typer.Exit(int(summary.different > 0))


def explain(
    request_id: RequestId,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Tell how one decision came about: input, features, weights, decision.

    Weights are in log-odds of default (TreeSHAP): what the client's values
    raised stands first. They add up, with the base, to the score.

    Example:
        solvent explain 018f4b1e-2c30-7c2f-9d1e-5a5f6b7c8d9e

    Writes: nothing.

    Exit codes: 0 explained, 1 no such decision, or it does not come out as
    it was recorded, 2 wrong usage.
    """
    from solvent.bootstrap import open_database, restore_model
    from solvent.cli.explanations import render_json, render_text
    from solvent.decision_log.database.connections import connect_sync
    from solvent.scoring.explanation import explain as explain_decision
    from solvent.settings import read_settings

    with (
        open_database(read_settings()) as url,
        connect_sync(url, application_name="solvent-explain") as connection,
    ):
        recorded = _find(connection, request_id)
        explanation = explain_decision(recorded, restore_model(connection, recorded.model_version))
    typer.echo(render_json(explanation) if as_json else render_text(explanation))
    raise typer.Exit(int(bool(explanation.differences)))


def _replay_one(connection: "SyncConnection", request_id: UUID) -> "ReplaySummary":
    from solvent.bootstrap import restore_model
    from solvent.scoring.replay import ReplaySummary, replay_all

    recorded = _find(connection, request_id)
    summary = ReplaySummary()
    replay_all([recorded], restore_model(connection, recorded.model_version), summary)
    return summary


def _replay_everything(connection: "SyncConnection") -> "ReplaySummary":
    from solvent.bootstrap import restore_model
    from solvent.cli.progress import shown_progress
    from solvent.decision_log.reading.recorded import count_decisions, read_decisions
    from solvent.scoring.replay import ReplaySummary, replay_all

    summary = ReplaySummary()
    with shown_progress() as progress:
        counts = count_decisions(connection)
        total = sum(counts.values())
        for version in counts:
            model = restore_model(connection, version)
            replay_all(
                read_decisions(connection, version),
                model,
                summary,
                tell=lambda done, version=version: progress(version, done / total),  # type: ignore[misc]
            )
    return summary


def _find(connection: "SyncConnection", request_id: UUID) -> "RecordedDecision":
    from solvent.decision_log.reading.recorded import find_decision

    recorded = find_decision(connection, request_id)
    if recorded is None:
        raise DecisionLogError(f"no decision has the ID {request_id}: take the request_id of an answer")
    return recorded
