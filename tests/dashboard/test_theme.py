from datetime import UTC, datetime

from solvent.dashboard.charts.activity import draw_levels, draw_volume
from solvent.dashboard.charts.theme import localise
from solvent.dashboard.texts.language import Language

NAMES = {"LOW": "Faible", "MEDIUM": "Moyen", "HIGH": "Élevé"}
VOLUME = [(datetime(2026, 3, 1, 4, tzinfo=UTC), 7)]


def test_a_french_chart_has_a_decimal_comma_and_days_before_months() -> None:
    figure = draw_volume(VOLUME, x="heure", y="requêtes")
    localise(figure, Language.FRENCH)
    assert figure.layout.separators == ",\u202f"
    assert [one.value for one in figure.layout.xaxis.tickformatstops] == ["%H:%M\n%d/%m", "%d/%m\n%Y"]


def test_an_axis_of_names_has_no_format_of_dates() -> None:
    figure = draw_levels({"LOW": 1}, NAMES, y="décisions")
    localise(figure, Language.FRENCH)
    assert figure.layout.xaxis.tickformatstops == ()


def test_an_english_chart_stays_as_it_was_drawn() -> None:
    figure = draw_volume(VOLUME, x="hour", y="requests")
    before = figure.to_json()
    localise(figure, Language.ENGLISH)
    assert figure.to_json() == before
