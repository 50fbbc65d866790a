"""Features of the loans with other lenders: open and closed ones, by type, by age, one after the other."""

from solvent.features.aggregates import before, count, latest, maximum, mean, minimum, share, slope
from solvent.features.bureau import active, bureau, closed, credit_active, debt_active
from solvent.features.families import Part, Quantity, declare_family
from solvent.features.language import Declaration, Expression, feature, larger, ratio, within

_credit, _debt, _limit = bureau.AMT_CREDIT_SUM, bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM_LIMIT
_started, _planned, _ended = bureau.DAYS_CREDIT, bureau.DAYS_CREDIT_ENDDATE, bureau.DAYS_ENDDATE_FACT

days_credit = Quantity("days_credit", _started, "days", "start of a bureau loan")
days_update = Quantity("days_update", bureau.DAYS_CREDIT_UPDATE, "days", "last information about a bureau loan")
planned_end = Quantity("days_planned_end", _planned, "days", "planned end of a bureau loan")
duration = Quantity("duration_days", _planned - _started, "days", "planned duration of a bureau loan")
early_end = Quantity("early_end_days", _planned - _ended, "days", "planned less real end of a bureau loan")
worst_overdue = Quantity(
    "worst_overdue_amount", bureau.AMT_CREDIT_MAX_OVERDUE, "currency", "largest amount ever overdue on a bureau loan"
)
overdue = Quantity("overdue_amount", bureau.AMT_CREDIT_SUM_OVERDUE, "currency", "amount overdue on a bureau loan")
overdue_days = Quantity("overdue_days", bureau.CREDIT_DAY_OVERDUE, "days", "days overdue on a bureau loan")
credit = Quantity("credit_amount", _credit, "currency", "credit of a bureau loan")
debt = Quantity("debt_amount", _debt, "currency", "debt of a bureau loan")
limit = Quantity("limit_amount", _limit, "currency", "limit of a bureau credit card")
annuity = Quantity("annuity_amount", bureau.AMT_ANNUITY, "currency", "annuity of a bureau loan")
repaid = Quantity("repaid_amount", _credit - _debt, "currency", "credit less debt of a bureau loan")
debt_ratio = Quantity("debt_ratio", ratio(_debt, _credit), "ratio", "debt over credit of a bureau loan")
credit_annuity = Quantity(
    "credit_annuity_ratio", ratio(_credit, bureau.AMT_ANNUITY), "ratio", "credit over annuity of a bureau loan"
)
projected_debt = Quantity(
    "projected_debt_amount", ratio(_debt, -_started) * larger(_planned, 0.0), "currency",
    "debt per day so far times the days left of a bureau loan",
)  # fmt: skip
was_overdue = Quantity("overdue", bureau.AMT_CREDIT_MAX_OVERDUE > 0, "share", "an amount ever overdue")

EVERY = Part("", None, "all bureau loans")
ACTIVE = Part("active", active, "open bureau loans")
CLOSED = Part("closed", closed, "closed bureau loans")

_KINDS = (
    Part("consumer", bureau.CREDIT_TYPE == "Consumer credit", "consumer credits"),
    Part("card", bureau.CREDIT_TYPE == "Credit card", "credit cards"),
    Part("mortgage", bureau.CREDIT_TYPE.is_in("Mortgage", "Real estate loan"), "mortgages"),
    Part("car", bureau.CREDIT_TYPE == "Car loan", "car loans"),
    Part("microloan", bureau.CREDIT_TYPE == "Microloan", "micro-loans"),
)
_WINDOWS = (90, 180, 360, 720, 1500)


def _started_within(days: int) -> Part:
    return Part(f"{days}d", within(_started, last=days), f"bureau loans started within {days} days")


def _count(name: str, where: Expression, meaning: str) -> Declaration:
    return feature(
        f"bureau_loan_count_{name}", count(bureau, where=where), unit="count", meaning=meaning, reason="BUREAU_HISTORY"
    )


BY_STATE: tuple[Declaration, ...] = (
    *declare_family(
        "bureau",
        (
            (days_credit, "std"), (planned_end, "max mean"), (worst_overdue, "mean"), (credit, "mean max"),
            (debt, "sum mean max"), (annuity, "mean max"), (repaid, "mean"), (debt_ratio, "mean max"),
            (overdue_days, "max"),
        ),
        (EVERY,), reason="BUREAU_DEBT",
    ),
    *declare_family(
        "bureau",
        (
            (days_credit, "min mean"), (planned_end, "mean"), (worst_overdue, "max"), (overdue, "sum"),
            (credit, "mean max"), (debt, "mean max"), (limit, "sum"), (repaid, "sum"), (credit_annuity, "mean"),
            (days_update, "mean"), (projected_debt, "sum"), (was_overdue, "share"),
        ),
        (ACTIVE,), reason="BUREAU_DEBT",
    ),
    *declare_family(
        "bureau",
        (
            (days_credit, "max mean"), (duration, "mean"), (early_end, "min max"), (worst_overdue, "max"),
            (credit, "mean"), (was_overdue, "share"),
        ),
        (CLOSED,), reason="BUREAU_HISTORY",
    ),
)  # fmt: skip

BY_TYPE: tuple[Declaration, ...] = (
    *(
        _count(kind.name, kind.where, f"{kind.meaning} with other lenders")
        for kind in _KINDS
        if kind.where is not None and kind.name != "microloan"
    ),
    *declare_family(
        "bureau",
        (
            (days_credit, "max"), (credit, "mean"), (debt, "sum"),
        ),
        (kind for kind in _KINDS if kind.name in ("card", "mortgage", "microloan")), reason="BUREAU_HISTORY",
    ),
)  # fmt: skip

_in_window = {days: count(bureau, where=within(_started, last=days)) for days in _WINDOWS}

BY_AGE: tuple[Declaration, ...] = (
    *(
        _count(f"{days}d", within(_started, last=days), f"bureau loans started within {days} days")
        for days in _WINDOWS
        if days != 180
    ),
    *declare_family(
        "bureau",
        ((worst_overdue, "max"), (credit, "sum"), (debt, "sum"), (was_overdue, "share")),
        (_started_within(days) for days in (180, 720)), reason="BUREAU_HISTORY",
    ),
    *(
        feature(
            f"bureau_loan_count_ratio_{short}d_{long}d", ratio(_in_window[short], _in_window[long]),
            unit="share", meaning=f"bureau loans of {short} days over those of {long}", reason="BUREAU_HISTORY",
        )
        for short, long in ((90, 360), (360, 1500))
    ),
)  # fmt: skip

_gap = _started - before(_started, by=_started)

SEQUENCE: tuple[Declaration, ...] = (
    *(
        feature(
            f"bureau_gap_days_{word}", take(_gap),
            unit="days", meaning=f"{meaning} between the starts of two bureau loans in a row", reason="BUREAU_HISTORY",
        )
        for word, take, meaning in (
            ("mean", mean, "mean time"), ("min", minimum, "shortest time"),
        )
    ),
    feature(
        "bureau_gap_days_latest", latest(_gap, by=_started),
        unit="days", meaning="time between the two newest bureau loans", reason="BUREAU_HISTORY",
    ),
    *(
        feature(
            f"bureau_{quantity.name}_{word}", take(quantity.value, by=_started, where=where),
            unit=quantity.unit, meaning=f"{quantity.meaning}, {meaning}", reason="BUREAU_HISTORY",
        )
        for word, take, where, meaning in (
            ("latest", latest, None, "the newest one"), ("latest_active", latest, active, "the newest open one"),
        )
        for quantity in (credit, worst_overdue)
    ),
    feature(
        "bureau_debt_ratio_latest", latest(debt_ratio.value, by=_started),
        unit="ratio", meaning="debt over credit of the newest bureau loan", reason="BUREAU_DEBT",
    ),
    *(
        feature(
            f"bureau_{quantity.name}_slope", slope(quantity.value, over=_started),
            unit=f"{quantity.unit} per day", meaning=f"trend of {quantity.meaning} from loan to loan",
            reason="BUREAU_HISTORY",
        )
        for quantity in (credit, debt, annuity)
    ),
    feature(
        "bureau_overdue_share_last_3", share(was_overdue.value, last=3, by=_started),
        unit="share", meaning="share of the three newest bureau loans that were ever overdue", reason="BUREAU_HISTORY",
    ),
)  # fmt: skip

TOTALS: tuple[Declaration, ...] = (
    feature(
        "bureau_debt_credit_ratio_active", ratio(debt_active, credit_active),
        unit="ratio", meaning="debt over credit, open bureau loans together", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_future_end_share", share(_planned > 0),
        unit="share", meaning="share of bureau loans that are planned to end after the application",
        reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_past_end_active_count", count(bureau, where=active & (_planned < 0)),
        unit="count", meaning="open bureau loans whose planned end has passed", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_sold_count", count(bureau, where=bureau.CREDIT_ACTIVE.is_in("Sold", "Bad debt")),
        unit="count", meaning="bureau loans that were sold or are bad debt", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_worst_overdue_latest", maximum(_started, where=was_overdue.value),
        unit="days", meaning="start of the newest bureau loan that was ever overdue", reason="BUREAU_HISTORY",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*BY_STATE, *BY_TYPE, *BY_AGE, *SEQUENCE, *TOTALS)
