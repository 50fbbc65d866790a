from datetime import UTC, datetime
from xml.etree import ElementTree

from solvent.dashboard.charts.hours import draw_hours

SVG = "{http://www.w3.org/2000/svg}"


def draw(counts: dict[int, int]) -> ElementTree.Element:
    picture = draw_hours(
        [(datetime(2026, 3, 1, hour, tzinfo=UTC), count) for hour, count in counts.items()],
        start=datetime(2026, 3, 1, 4, tzinfo=UTC), end=datetime(2026, 3, 1, 8, tzinfo=UTC),
        x="hour <UTC>", y="requests", highest="40",
    )  # fmt: skip
    return ElementTree.fromstring(picture)  # noqa: S314 - our own


def test_each_hour_has_a_bar_whose_height_is_its_share_of_the_highest() -> None:
    heights = [float(bar.attrib["height"]) for bar in draw({4: 10, 5: 40, 7: 20}).iter(f"{SVG}rect")]
    assert heights == [28.5, 114.0, 0.0, 57.0]


def test_says_the_highest_count_the_full_hours_and_what_the_axes_are() -> None:
    assert [one.text for one in draw({4: 10, 5: 40}).iter(f"{SVG}text")] == [
        "40", "0", "06:00", "requests · hour <UTC>",
    ]  # fmt: skip


def test_a_day_without_requests_has_bars_without_height() -> None:
    assert [float(bar.attrib["height"]) for bar in draw({4: 0}).iter(f"{SVG}rect")] == [0.0] * 4
