import numpy as np
import pytest

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded
from solvent.world.events.arrivals import Calendar, calendar_of, draw_moments, monday


def as_time(moment: int) -> np.datetime64:
    return np.datetime64(moment, "us")


def test_two_years_are_104_weeks_from_the_first_monday_of_2024() -> None:
    assert calendar_of(24) == Calendar(104)
    assert calendar_of(1) == Calendar(4)
    assert as_time(monday(0)) == np.datetime64("2024-01-01T00:00:00")
    assert as_time(monday(104)) == np.datetime64("2025-12-29T00:00:00")


def test_weeks_follow_the_place_in_the_order_of_arrival() -> None:
    assert Calendar(4).week_at(np.array([0.0, 0.24, 0.25, 0.6, 0.99, 1.0])).tolist() == [0, 0, 1, 2, 3, 3]


def test_a_season_swings_the_volume_around_its_mean() -> None:
    volume = np.diff(Calendar(52, season=0.4).shares, prepend=0.0) * 52
    assert volume.max() == pytest.approx(1.4, abs=0.001)
    assert volume.min() == pytest.approx(0.6, abs=0.001)
    assert volume.argmax() == 12
    assert np.diff(Calendar(52).shares, prepend=0.0) * 52 == pytest.approx(np.ones(52))


@pytest.mark.parametrize(("share", "week"), [(0.0, 0), (0.5, 52), (0.501, 53), (0.1, 11), (1.0, 104)])
def test_a_share_of_the_time_begins_with_a_whole_week(share: float, week: int) -> None:
    assert Calendar(104).first_week_from(share) == week


def test_a_moment_has_the_weekday_and_the_hour_of_its_application() -> None:
    weekday = Coded(np.array([1, 0, 1]), ("SUNDAY", "MONDAY"))
    moments = draw_moments(np.array([0, 0, 2]), weekday, np.array([0.0, 23.0, 9.0]), Draws.stream(1))
    hours = [str(as_time(moment).astype("datetime64[h]")) for moment in moments.tolist()]
    assert hours == ["2024-01-01T00", "2024-01-07T23", "2024-01-15T09"]
    assert (moments % 1_000_000 == 0).all()
