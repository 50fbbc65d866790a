"""Draws what a benchmark measured; it stands here because the plotting library belongs to this room."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Samples = Mapping[str, Mapping[str, Sequence[float]]]
"""For each way of asking and each run, such as "before" and "after", latencies in milliseconds."""


def draw_latencies(samples: Samples, rates: Mapping[str, Mapping[str, float]], directory: Path) -> tuple[Path, Path]:
    """Write rates.png (bars of requests per second) and latencies.png (box plots); return their paths.

    Args:
        samples: latencies; boxes are quartiles, whiskers the 1st and the 99th percentile.
        rates: requests per second, by the same names.
        directory: must exist.
    """
    return (
        _save(lambda axes: _draw_rates(axes, rates), directory / "rates.png"),
        _save(lambda axes: _draw_boxes(axes, samples), directory / "latencies.png"),
    )


def _save(draw: Callable[[Axes], None], path: Path) -> Path:
    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    figure.savefig(path, dpi=110)
    return path


def _draw_rates(axes: Axes, rates: Mapping[str, Mapping[str, float]]) -> None:
    runs = list(dict.fromkeys(run for by_run in rates.values() for run in by_run))
    width = 0.8 / len(runs)
    for number, run in enumerate(runs):
        places = [place + number * width for place, by_run in enumerate(rates.values()) if run in by_run]
        axes.bar(places, [by_run[run] for by_run in rates.values() if run in by_run], width, label=run)
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(rates))], list(rates), rotation=20, ha="right")
    axes.set(yscale="log", ylabel="requests per second", title="Throughput")
    axes.legend()


def _draw_boxes(axes: Axes, samples: Samples) -> None:
    boxes = {f"{name}, {run}": values for name, by_run in samples.items() for run, values in by_run.items()}
    shown = dict(reversed(boxes.items()))
    axes.boxplot(
        list(shown.values()), tick_labels=list(shown), whis=(1, 99), showfliers=False, orientation="horizontal"
    )
    axes.tick_params(axis="y", labelsize=7)
    axes.set(xscale="log", xlabel="milliseconds", title="Latency: quartiles, 1st and 99th percentile")
