"""What a run in the registry shows."""

from example_report import REPORT

from solvent.training.run_values import list_metrics, list_parameters


def test_metrics_are_flat_with_the_ends_of_their_intervals() -> None:
    metrics = list_metrics(REPORT)
    assert metrics["test_auc"] == 0.785
    assert metrics["test_auc_low"] == 0.775
    assert metrics["test_recall_at_threshold_high"] == 0.67
    assert metrics["test_cost_at_half"] == 6_000.0


def test_what_is_undefined_is_left_out() -> None:
    metrics = list_metrics(REPORT)
    assert metrics["test_precision_at_threshold"] == 0.21
    assert "test_precision_at_half" not in metrics


def test_parameters_are_what_was_given_and_chosen() -> None:
    parameters = list_parameters(REPORT)
    assert parameters["learning_rate"] == 0.05
    assert parameters["seed"] == 7
    assert parameters["rounds"] == 321
    assert parameters["calibration"] == "platt"
    assert parameters["threshold"] == 0.0912
    assert parameters["rows_fit"] == 51_000
