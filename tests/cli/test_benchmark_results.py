from pathlib import Path

import pytest

from solvent.cli.benchmark_results import BenchmarkError, Measured, read_results, write_results

NOW = Measured(
    "stored history",
    (1.0, 2.0, 3.0, 9.0),
    500.0,
    cpu_us=400.0,
    database_us=90.4,
    database_bytes=5000.0,
    bare_rate=2000.0,
    goal="p50 ≤ 2 ms",
)
EARLIER = Measured("stored history", (4.0, 8.0), 125.0)


def test_the_table_holds_quantiles_rate_cost_and_ratio(tmp_path: Path) -> None:
    write_results([NOW, EARLIER], None, tmp_path)
    lines = (tmp_path / "benchmark.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Solvent ")
    assert lines[-2:] == [
        "| stored history | 3.000 | 9.000 | 500 | 400 | 90 | 5000 | 0.250 | p50 ≤ 2 ms |",
        "| stored history | 8.000 | 8.000 | 125 |  |  |  |  |  |",
    ]


def test_draws_both_plots_with_and_without_an_earlier_run(tmp_path: Path) -> None:
    for earlier in (None, [EARLIER]):
        paths = write_results([NOW], earlier, tmp_path)
        assert [path.name for path in paths] == ["benchmark.md", "benchmark.json", "rates.png", "latencies.png"]
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths[2:])


def test_figures_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_results([NOW, EARLIER], None, tmp_path)
    assert read_results(tmp_path / "benchmark.json") == [NOW, EARLIER]


@pytest.mark.parametrize("content", [b"", b"[1]", b'[{"name": "x"}]'])
def test_what_is_no_earlier_run_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.json").write_bytes(content)
    with pytest.raises(BenchmarkError, match=r"other\.json is no benchmark\.json of this version"):
        read_results(tmp_path / "other.json")
