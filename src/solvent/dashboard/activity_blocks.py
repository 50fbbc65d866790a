"""The block of requests by hour, for the pages that show it."""

from solvent.dashboard.blocks import Note, Table, card, show_chart, show_note
from solvent.dashboard.charts.activity import draw_volume
from solvent.dashboard.charts.theme import HEIGHT
from solvent.dashboard.numbers import format_count
from solvent.dashboard.texts import overview as texts
from solvent.dashboard.visit import Visit
from solvent.decision_log.figures.overview import Activity
from solvent.decision_log.figures.questions import Answer, Scope


def show_volume(visit: Visit, activity: Answer[Activity], scope: Scope, *, height: int = HEIGHT) -> None:
    """A line of all requests by hour, decided ones and failed ones."""
    with card(visit, texts.VOLUME):
        volume = activity.value.volume()
        figure = draw_volume(volume, x=visit.say(texts.HOUR), y=visit.say(texts.REQUESTS), height=height)
        count = format_count(activity.count, visit.language)
        show_chart(figure, alt=visit.say(texts.VOLUME_ALT, count=count), key="volume")
        rows = [(hour.isoformat(), number) for hour, number in volume]
        show_note(visit, Note(activity.query, activity.count, scope), Table("volume", ("hour", "requests"), rows))
