"""How far off is estimated performance, where nothing is wrong and where the true risk moves unseen?

    solvent world make --clients 60000 --seed 5 --months 12 --format parquet --out quiet
    solvent world make --clients 60000 --seed 5 --months 12 --format parquet --scenario recession --out recession
    python benchmarks/estimates.py --bundle B --out FOLDER quiet recession

Scores the clients of each world with the bundle, as `solvent score` does; give worlds that it was not trained on.
Prints, by month of application, AUC and default rate as estimated from probabilities alone and as they came, with the
largest error; and what was said half a year after the last application, when no month had matured yet. FOLDER keeps the
probabilities, which a second run takes, and one picture.
"""

import argparse
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture

from solvent.bootstrap import load_model
from solvent.domain.outcomes import DecidedOutcomes, OutcomeKind
from solvent.domain.policy import Policy
from solvent.monitoring.alert_rules import read_rules
from solvent.monitoring.alerts import State, judge
from solvent.monitoring.figures import Figure
from solvent.monitoring.performance import assess_performance
from solvent.monitoring.performance_report import PerformanceReport
from solvent.scoring.model import Model
from solvent.scoring.portfolio import score_portfolio

LATER = datetime(2100, 1, 1, tzinfo=UTC)
SIGNS = {
    OutcomeKind.FIRST_PAYMENT_MISSED: DecidedOutcomes.FIRST_PAYMENT_MISSED,
    OutcomeKind.LATE_30_DAYS: DecidedOutcomes.LATE_30_DAYS,
}


def read_scores(model: Model, world: Path, folder: Path) -> pyarrow.Table:
    """Score a world, or take what an earlier run made of it with the same model."""
    path = folder / f"{world.name}-{model.version.replace('+', '-')}.parquet"
    if not path.exists():
        score_portfolio(model, world, path)
    return pyarrow.parquet.read_table(path)


def read_world(world: Path, scores: pyarrow.Table) -> tuple[DecidedOutcomes, datetime]:
    """Return every client as a decision with its outcome, and when the last one applied."""
    truth = pyarrow.parquet.read_table(world / "truth.parquet").sort_by("SK_ID_CURR")
    scores = scores.sort_by("SK_ID_CURR")
    clients = truth["SK_ID_CURR"].to_numpy()
    if not np.array_equal(clients, scores["SK_ID_CURR"].to_numpy()):
        raise SystemExit(f"{world}: its clients are not those of the scores kept for it: remove them")
    applied = truth["applied_at"].to_numpy().astype("datetime64[M]")
    approved = np.array(scores["decision"].to_pylist()) == "approve"
    flags = DecidedOutcomes.KNOWN + DecidedOutcomes.DEFAULTED * truth["defaulted"].to_numpy()
    flags = flags + DecidedOutcomes.APPROVED * approved
    reported = pyarrow.parquet.read_table(world / "outcomes.parquet")
    kinds = np.array(reported["kind"].to_pylist())
    for kind, flag in SIGNS.items():
        flags = flags + flag * np.isin(clients, reported["SK_ID_CURR"].to_numpy()[kinds == kind.value])
    months = applied.astype(np.int64) + 1970 * 12
    decisions = DecidedOutcomes(
        len(clients),
        months.astype("<i2").tobytes(),
        scores["probability_default"].to_numpy().astype("<f8").tobytes(),
        flags.astype("<i2").tobytes(),
    )
    last = truth["applied_at"].to_numpy().max().astype("datetime64[s]").astype(datetime).replace(tzinfo=UTC)
    return decisions, last


def of_approved(decisions: DecidedOutcomes) -> DecidedOutcomes:
    """The same, as a lender sees it: refused clients have no outcome and no sign."""
    flags = np.frombuffer(decisions.flags, "<i2")
    is_approved = (flags & DecidedOutcomes.APPROVED) != 0
    return replace(decisions, flags=np.where(is_approved, flags, 0).astype("<i2").tobytes())


def show(name: str, report: PerformanceReport) -> None:
    """Print the months and how good the estimates were."""
    print(f"\n{name}: {report.population.value}")
    print("month    decisions  AUC estimated           realised                default rate estimated    realised")
    for month in report.months:
        if not month.estimated or not month.realised or not month.estimated.auc or not month.realised.auc:
            print(f"{month.window.start:%Y-%m}  {month.rows:9,}  {month.waits_for}")
            continue
        print(
            f"{month.window.start:%Y-%m}  {month.rows:9,}  {render(month.estimated.auc, 3)}  "
            f"{render(month.realised.auc, 3)}  {render(month.estimated.default_rate, 4):24}  "
            f"{render(month.realised.default_rate, 4)}"
        )
    for past in report.past_estimates:
        print(
            f"{past.metric}: largest error {past.largest_difference:.4f}, mean {past.mean_difference:.4f}, "
            f"{past.coverage:.0%} of {past.months} months within the interval"
        )


def render(figure: Figure, digits: int) -> str:
    """Write a figure with its interval."""
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def show_rings(report: PerformanceReport, moment: str) -> None:
    """Print which shipped rules ring on a report, and what it says of trust."""
    verdicts = judge(read_rules(), tuple(report.measurements()))
    ringing = [verdict.rule.name for verdict in verdicts if verdict.state is State.RINGS]
    print(f"{moment}: {', '.join(ringing) or 'nothing rings'}")
    for note in report.notes[1:]:
        print(f"  {note}")


def draw(reports: dict[str, PerformanceReport], path: Path) -> None:
    """Draw estimated and realised figures on one axis, a column for each world."""
    picture = Picture(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots(2, len(reports), squeeze=False, sharex="col", sharey="row")
    for column, (name, report) in enumerate(reports.items()):
        for row, metric in enumerate(("auc", "default_rate")):
            for kind, offset in (("estimated", -2), ("realised", 2)):
                found = [
                    (month.window.start, getattr(performance, metric))
                    for month in report.months
                    if (performance := getattr(month, kind)) is not None
                ]
                values = [figure.value for _, figure in found]
                ends = [[f.value - f.low for _, f in found], [f.high - f.value for _, f in found]]
                moved = [start + timedelta(days=offset) for start, _ in found]
                axes[row][column].errorbar(moved, values, yerr=ends, fmt="o-", label=kind, capsize=2)
            axes[row][column].set(title=name if row == 0 else "", ylabel=metric.replace("_", " "))
        axes[1][column].tick_params(axis="x", rotation=45)
    axes[0][0].legend()
    picture.savefig(path, dpi=110)


def examine(model: Model, policy: Policy, world: Path, folder: Path) -> PerformanceReport:
    """Print everything about one world, and return the report on all of its decisions."""
    decisions, last = read_world(world, read_scores(model, world, folder))
    report = assess_performance(decisions, policy, as_of=LATER)
    show(world.name, report)
    show_rings(report, "when all have matured")
    show_rings(assess_performance(decisions, policy, as_of=last + timedelta(days=183)), "half a year after the last")
    show(world.name, assess_performance(of_approved(decisions), policy, as_of=LATER))
    return report


def main() -> None:
    """Score, assess, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", type=Path, nargs="+", metavar="WORLD", help="folder of a simulated world, Parquet")
    parser.add_argument("--bundle", type=Path, required=True, help="model to judge")
    parser.add_argument("--out", type=Path, required=True, help="folder for probabilities and the picture")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    model = load_model(arguments.bundle)
    reports = {world.name: examine(model, model.bundle.policy, world, arguments.out) for world in arguments.worlds}
    draw(reports, arguments.out / "estimates.png")


if __name__ == "__main__":
    main()
