"""Counts what happens, cheaply and without any value of a request, for the address /metrics."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Self

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from solvent.domain.records import DecisionRecord

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histograms in seconds."""
Key = tuple[str, ...]
"""Name of a metric without prefix, then the values of its labels."""

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "requests": ("requests answered", ("route", "status")),
        "refusals": ("requests refused or failed, by the code of the problem", ("code",)),
        "decisions": ("decisions recorded", ("decision", "risk_level")),
        "warnings": ("warnings of recorded decisions, by kind", ("kind",)),
        "unknown_categories": ("categories that counted as missing because nobody knows them", ("column",)),
        "unrecorded_failures": ("refusals that the decision log does not hold: too many, or it was away", ()),
        "dropped_failures": ("failure records that were lost because the decision log was away or behind", ()),
        "shadow_offered": ("decisions handed to the shadow model", ()),
        "shadow_dropped": ("decisions that the shadow model was too slow for", ()),
    }
)
HISTOGRAMS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "request_seconds": ("time from arrival to the end of the answer", ("route",)),
        "stage_seconds": ("time of the stages of a decision", ("stage",)),
    }
)
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "at_work": ("places at work that are taken", ()),
        "waiting": ("requests that wait for a place at work", ()),
        "connections": ("open connections", ()),
        "memory_bytes": ("resident memory of the workers", ()),
        "database_up": ("workers that can write to the decision log", ()),
        "uncovered_records": ("records that no checkpoint covers yet", ()),
        "uncovered_seconds": ("age of the oldest of them, added over the workers", ()),
        "checkpoints_overdue": ("workers whose records stay without a checkpoint", ()),
        "workers": ("workers that run", ()),
        "model_info": ("workers that serve this model", ("model_version",)),
    }
)
"""Every metric, with its help and its labels; all label values come from fixed lists of ours."""

_PREFIX = "solvent_"
_UNKNOWN_CATEGORY = "unknown_category"


@dataclass
class Metrics:
    """The counts of one worker; `gauges` are replaced as a whole, now and then."""

    counts: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))
    buckets: defaultdict[Key, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * (len(BUCKETS) + 1)))
    sums: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    gauges: dict[Key, float] = field(default_factory=dict)

    def count(self, *key: str) -> None:
        """Count one: name, then label values."""
        self.counts[key] += 1

    def observe(self, seconds: float, *key: str) -> None:
        """Count one duration: name, then label values."""
        self.buckets[key][bisect_left(BUCKETS, seconds)] += 1
        self.sums[key] += seconds

    def count_answer(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self.counts["requests", route, str(status)] += 1
        self.observe(seconds, "request_seconds", route)

    def count_decision(self, record: DecisionRecord, total_seconds: float) -> None:
        """Count a recorded decision, its stages and its warnings."""
        self.counts["decisions", record.decision, record.risk_level] += 1
        before = (record.timing.preprocessing_ms + record.timing.inference_ms) / 1000.0
        self.observe(record.timing.preprocessing_ms / 1000.0, "stage_seconds", "preprocessing")
        self.observe(record.timing.inference_ms / 1000.0, "stage_seconds", "inference")
        self.observe(max(0.0, total_seconds - before), "stage_seconds", "reading_and_recording")
        for warning in record.warnings:
            kind, _, name = warning.partition(":")
            self.counts["warnings", kind] += 1
            if kind == _UNKNOWN_CATEGORY:
                self.counts["unknown_categories", name] += 1

    def to_document(self) -> dict[str, Any]:
        """A form that travels as JSON."""
        return {
            "counts": [[*key, value] for key, value in self.counts.items()],
            "buckets": [[*key, value] for key, value in self.buckets.items()],
            "sums": [[*key, value] for key, value in self.sums.items()],
            "gauges": [[*key, value] for key, value in self.gauges.items()],
        }

    def add(self, document: Mapping[str, Any], *, with_gauges: bool = True) -> Self:
        """Add the counts of another worker; of one that has ended, only what lasts."""
        for *key, value in document["counts"]:
            self.counts[tuple(key)] += value
        for *key, value in document["buckets"]:
            mine = self.buckets[tuple(key)]
            mine[:] = [first + second for first, second in zip(mine, value, strict=True)]
        for *key, value in document["sums"]:
            self.sums[tuple(key)] += value
        for *key, value in document["gauges"] if with_gauges else ():
            self.gauges[tuple(key)] = self.gauges.get(tuple(key), 0.0) + value
        return self


def render_metrics(metrics: Metrics) -> bytes:
    """Write the text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(metrics))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        for name, (text, labels) in COUNTERS.items():
            counter = CounterMetricFamily(_PREFIX + name, text, labels=labels)
            for values, count in _of(name, metrics.counts.items()):
                counter.add_metric(values, count)
            yield counter
        for name, (text, labels) in GAUGES.items():
            gauge = GaugeMetricFamily(_PREFIX + name, text, labels=labels)
            for values, value in _of(name, metrics.gauges.items()):
                gauge.add_metric(values, value)
            yield gauge
        for name, (text, labels) in HISTOGRAMS.items():
            histogram = HistogramMetricFamily(_PREFIX + name, text, labels=labels)
            for values, counts in _of(name, metrics.buckets.items()):
                bounds = [*map(str, BUCKETS), "+Inf"]
                cumulated = list(zip(bounds, accumulate(counts), strict=True))
                histogram.add_metric(values, cumulated, sum_value=metrics.sums[name, *values])
            yield histogram


def _of(name: str, items: Iterable[tuple[Key, Any]]) -> Iterator[tuple[Key, Any]]:
    return ((key[1:], value) for key, value in sorted(items) if key[0] == name)
