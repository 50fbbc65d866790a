"""The file of gates: what is shipped is read, what is wrong is named."""

from pathlib import Path

import pytest

from solvent.errors import SettingsError
from solvent.training.gates import read_gates, shipped_gates


def test_the_shipped_gates() -> None:
    gates = read_gates()
    assert (gates.auc_loss, gates.cost_gain, gates.fewest_defaults) == (0.002, 0.01, 100)
    assert gates.whole_interval is False
    assert gates.fairness_by == ("sex", "age_band")


def test_a_file_of_the_lender_counts(tmp_path: Path) -> None:
    file = tmp_path / "gates.toml"
    file.write_text(shipped_gates().replace("auc_loss = 0.002", "auc_loss = 0.01"))
    assert read_gates(file).auc_loss == 0.01
    file.write_text(shipped_gates().replace('["sex", "age_band"]', "[]"))
    assert read_gates(file).fairness_by == ()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("auc_loss = 0.002", "", "auc_loss"),
        ("auc_loss = 0.002", "auc_loss = -0.1", "auc_loss"),
        ("auc_loss = 0.002", "auc_loss = nan", "auc_loss"),
        ("fewest_rows = 1000", "fewest_rows = 10.5", "fewest_rows"),
        ("fewest_rows = 1000", "fewest_rows = 0", "fewest_rows"),
        ("fewest_defaults = 100", "fewest_defaults = 0", "fewest_defaults"),
        ('fairness_by = ["sex", "age_band"]', 'fairness_by = ["origin"]', "fairness_by"),
        ('fairness_by = ["sex", "age_band"]', "", "fairness_by"),
        ("whole_interval = false", "whole_interval = 0", "whole_interval"),
        ("cost_gain", "cost_gian", "cost_gain, cost_gian"),
    ],
)
def test_a_wrong_gate_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    file = tmp_path / "gates.toml"
    file.write_text(shipped_gates().replace(old, new))
    with pytest.raises(SettingsError, match=f"out of range: {named}; see `solvent model gates`"):
        read_gates(file)


def test_a_file_that_is_absent_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_gates(tmp_path / "none.toml")
    (tmp_path / "gates.toml").write_text("auc_loss =")
    with pytest.raises(SettingsError, match="is not TOML"):
        read_gates(tmp_path / "gates.toml")
