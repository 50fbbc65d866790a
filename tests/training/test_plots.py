"""Every plot becomes a picture."""

from pathlib import Path

from example_report import EXPLAINED, OUTCOMES, REPORT
from matplotlib.image import imread

from solvent.training.plots import draw_plots


def test_draws_six_pictures_that_are_not_blank(tmp_path: Path) -> None:
    paths = draw_plots(REPORT, OUTCOMES, EXPLAINED, tmp_path)
    assert [path.name for path in paths] == [
        "roc.png",
        "precision_recall.png",
        "reliability.png",
        "cost.png",
        "importance.png",
        "shap_summary.png",
    ]
    for path in paths:
        picture = imread(path)
        assert picture.shape[:2] == (550, 770)
        assert picture.std() > 0.05
