"""Named stories of what can happen to a lender, each with the truth about it: what changed, and who should notice."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from solvent.errors import WorldError
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Table, numbers
from solvent.world.effects import (
    UNCHANGED,
    Effect,
    draw_other_clients,
    hide_columns,
    raise_probability,
    replace_texts,
    scale_columns,
    set_probability,
    shift_latents,
)
from solvent.world.events.arrivals import Calendar, calendar_of, monday

QUIET = "quiet"


class Monitor(StrEnum):
    """What a lender can watch. A scenario names those that should ring."""

    INPUT_DRIFT = "input_drift"
    SCORE_DRIFT = "score_drift"
    MISSING_VALUES = "missing_values"
    OUT_OF_RANGE = "out_of_range"
    UNSEEN_CATEGORIES = "unseen_categories"
    VOLUME = "volume"
    EARLY_SIGNS = "early_signs"
    PERFORMANCE = "performance"
    OUTCOME_DELAY = "outcome_delay"


class Risk(StrEnum):
    """Whether the true probability of default of the planted clients is another than without the scenario."""

    SAME = "same"
    MOVES_WITH_INPUTS = "moves with the inputs"
    MOVES_UNSEEN = "moves, and no input shows it"
    OTHER_CLIENTS = "other clients, same probability given their inputs"


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    `columns` are the application columns that it moves itself; what is correlated with them may follow. `rings` are
    the monitors that should ring, `may_ring` those that may, depending on the model; any other alarm is false.
    `season` is the yearly swing of the volume, `delay_days` how long after it was observed an outcome is reported.
    """

    name: str
    summary: str
    risk: Risk = Risk.SAME
    columns: tuple[str, ...] = ()
    rings: tuple[Monitor, ...] = ()
    may_ring: tuple[Monitor, ...] = ()
    effect: Effect = UNCHANGED
    season: float = 0.0
    delay_days: int = 0


def _forge_application(application: Table, draws: Draws) -> Table:
    """Applications of one ring: stolen identities with good scores, a fresh phone, at night, with the same income."""
    clients = numbers(application, "AMT_INCOME_TOTAL").shape[0]
    return {
        "EXT_SOURCE_2": 0.62 + 0.12 * draws.uniform(clients),
        "EXT_SOURCE_3": 0.62 + 0.12 * draws.uniform(clients),
        "AMT_INCOME_TOTAL": np.full(clients, 315_000.0),
        "DAYS_LAST_PHONE_CHANGE": np.zeros(clients),
        "HOUR_APPR_PROCESS_START": np.floor(1 + 3 * draws.uniform(clients)),
    }


_ENQUIRIES = tuple(f"AMT_REQ_CREDIT_BUREAU_{span}" for span in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR"))
_FORGED = (
    *("EXT_SOURCE_2", "EXT_SOURCE_3", "AMT_INCOME_TOTAL", "DAYS_LAST_PHONE_CHANGE"),
    "HOUR_APPR_PROCESS_START",
)
_ALL = (
    Scenario(QUIET, "Nothing happens."),
    Scenario(
        "income_shock",
        "Incomes fall by about 30 % and external scores follow; what is asked for stays.",
        Risk.MOVES_WITH_INPUTS,
        columns=("AMT_INCOME_TOTAL", "EXT_SOURCE_2", "EXT_SOURCE_3"),
        rings=(Monitor.INPUT_DRIFT,),
        may_ring=(Monitor.SCORE_DRIFT, Monitor.EARLY_SIGNS, Monitor.PERFORMANCE),
        effect=Effect(latents=shift_latents({"AMT_INCOME_TOTAL": -0.7, "EXT_SOURCE_2": -0.4, "EXT_SOURCE_3": -0.4})),
    ),
    Scenario(
        "bureau_outage",
        "The credit bureau does not answer: external scores and enquiries are missing; earlier loans are known.",
        columns=("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", *_ENQUIRIES),
        rings=(Monitor.MISSING_VALUES, Monitor.INPUT_DRIFT, Monitor.SCORE_DRIFT),
        may_ring=(Monitor.PERFORMANCE,),
        effect=Effect(record=hide_columns("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", *_ENQUIRIES)),
    ),
    Scenario(
        "unit_error",
        "Annuity and goods price arrive in thousands.",
        columns=("AMT_ANNUITY", "AMT_GOODS_PRICE"),
        rings=(Monitor.OUT_OF_RANGE, Monitor.INPUT_DRIFT),
        may_ring=(Monitor.MISSING_VALUES, Monitor.SCORE_DRIFT, Monitor.PERFORMANCE),
        effect=Effect(record=scale_columns(0.001, "AMT_ANNUITY", "AMT_GOODS_PRICE")),
    ),
    Scenario(
        "new_channel",
        "Half of the applications come through a new channel: younger people, later in the day.",
        Risk.OTHER_CLIENTS,
        columns=("DAYS_BIRTH", "HOUR_APPR_PROCESS_START"),
        rings=(Monitor.INPUT_DRIFT,),
        may_ring=(Monitor.SCORE_DRIFT, Monitor.MISSING_VALUES, Monitor.EARLY_SIGNS, Monitor.PERFORMANCE),
        effect=Effect(share=0.5, latents=draw_other_clients({"DAYS_BIRTH": 1.2, "HOUR_APPR_PROCESS_START": 1.2})),
    ),
    Scenario(
        "fraud_burst",
        "Every fourth application is forged and nearly never paid back.",
        Risk.MOVES_UNSEEN,
        columns=_FORGED,
        rings=(Monitor.INPUT_DRIFT, Monitor.EARLY_SIGNS, Monitor.PERFORMANCE),
        may_ring=(Monitor.SCORE_DRIFT, Monitor.MISSING_VALUES),
        effect=Effect(share=1 / 4, probability=set_probability(0.9), record=_forge_application),
    ),
    Scenario(
        "recession",
        "The same applicants as ever default nearly twice as often.",
        Risk.MOVES_UNSEEN,
        rings=(Monitor.EARLY_SIGNS, Monitor.PERFORMANCE),
        effect=Effect(probability=raise_probability(0.4)),
    ),
    Scenario(
        "seasonal_rhythm",
        "The volume swings by 40 % in the year, as every year: nothing is wrong.",
        season=0.4,
    ),
    Scenario(
        "label_delay",
        "Outcomes are reported half a year late.",
        rings=(Monitor.OUTCOME_DELAY,),
        delay_days=182,
    ),
    Scenario(
        "new_category",
        "Every eighth applicant has an occupation and an income type that no table had before.",
        columns=("NAME_INCOME_TYPE", "OCCUPATION_TYPE"),
        rings=(Monitor.UNSEEN_CATEGORIES,),
        may_ring=(Monitor.INPUT_DRIFT, Monitor.MISSING_VALUES, Monitor.SCORE_DRIFT, Monitor.PERFORMANCE),
        effect=Effect(
            share=1 / 8, record=replace_texts(NAME_INCOME_TYPE="Platform worker", OCCUPATION_TYPE="Couriers")
        ),
    ),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


@dataclass(frozen=True, slots=True)
class Timeline:
    """How long applications arrive, and which scenario is planted in which part of that time.

    `from_share` and `until_share` are shares of the time, rounded up to whole weeks; a season covers all of it.
    """

    months: int = 24
    scenario: str = QUIET
    from_share: float = 0.5
    until_share: float = 1.0

    @property
    def calendar(self) -> Calendar:
        return calendar_of(self.months, season=SCENARIOS[self.scenario].season)

    @property
    def planted_weeks(self) -> range:
        """The weeks in which applications are planted; none if the scenario is quiet."""
        calendar = self.calendar
        if self.scenario == QUIET:
            return range(0)
        return range(calendar.first_week_from(self.from_share), calendar.first_week_from(self.until_share))


@dataclass(frozen=True, slots=True)
class PlantedScenario:
    """The ground truth of one timeline, ready to be written as JSON; moments are ISO texts in UTC, the end excluded."""

    scenario: str
    summary: str
    starts_at: str | None
    ends_at: str | None
    columns: tuple[str, ...]
    affected_share: float
    risk: str
    rings: tuple[str, ...]
    may_ring: tuple[str, ...]
    outcome_delay_days: int


def check_timeline(timeline: Timeline) -> None:
    """Return if the timeline makes sense; raises WorldError that says what to give instead."""
    if timeline.scenario not in SCENARIOS:
        raise WorldError(f"unknown scenario: choose one of {', '.join(SCENARIOS)}")
    if timeline.months <= 0:
        raise WorldError("applications must arrive for at least one month: give --months a positive number")
    if not 0.0 <= timeline.from_share < timeline.until_share <= 1.0:
        raise WorldError(
            "a scenario lasts from a share of the time to a later one: 0 <= --from-share < --until-share <= 1"
        )
    if timeline.scenario != QUIET and not timeline.planted_weeks:
        raise WorldError("the scenario would not last a whole week: give it a longer share of the time, or more months")


def planted_scenario(timeline: Timeline) -> PlantedScenario:
    """Return what is planted in a timeline that makes sense."""
    scenario, weeks = SCENARIOS[timeline.scenario], timeline.planted_weeks
    return PlantedScenario(
        scenario=scenario.name,
        summary=scenario.summary,
        starts_at=_iso(weeks.start) if weeks else None,
        ends_at=_iso(weeks.stop) if weeks else None,
        columns=scenario.columns,
        affected_share=1.0 if scenario.delay_days else scenario.effect.share,
        risk=scenario.risk.value,
        rings=tuple(monitor.value for monitor in scenario.rings),
        may_ring=tuple(monitor.value for monitor in scenario.may_ring),
        outcome_delay_days=scenario.delay_days,
    )


def _iso(week: int) -> str:
    return f"{np.datetime64(monday(week), 'us').astype('datetime64[s]')}Z"
