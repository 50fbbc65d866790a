"""Features of the instalments of earlier loans with us in windows of time, by how late they were, and loan by loan."""

from solvent.features.aggregates import (
    count,
    distinct,
    grouped,
    kurtosis,
    latest,
    maximum,
    mean,
    median,
    minimum,
    quartile_range,
    share,
    slope,
    total,
    weighted_mean,
)
from solvent.features.families import Part, Quantity, declare_family
from solvent.features.installments import instalments
from solvent.features.language import Declaration, as_number, exponential, feature, is_missing, larger, ratio, within

_due, _entry = instalments.DAYS_INSTALMENT, instalments.DAYS_ENTRY_PAYMENT
_owed, _paid = instalments.AMT_INSTALMENT, instalments.AMT_PAYMENT
_delay = _entry - _due

delay = Quantity("delay_days", _delay, "days", "delay, negative when early")
late_days = Quantity("late_days", larger(_delay, 0.0), "days", "days late, early payments counting as 0")
early_days = Quantity("early_days", larger(-_delay, 0.0), "days", "days early, late payments counting as 0")
late = Quantity("late", _delay > 0, "share", "payment after the due date")
paid_ratio = Quantity("paid_ratio", ratio(_paid, _owed), "ratio", "paid over due")
shortfall = Quantity("shortfall_amount", _owed - _paid, "currency", "due less paid")
payment = Quantity("payment_amount", _paid, "currency", "payment")
instalment = Quantity("instalment_amount", _owed, "currency", "instalment due")
entry = Quantity("entry_days", _entry, "days", "time of a payment")
version = Quantity("version", instalments.NUM_INSTALMENT_VERSION, "count", "version of an instalment calendar")
over_paid = Quantity("overpaid", _paid > _owed, "share", "payment of more than was due")
full_paid = Quantity("full_paid", ratio(_paid, _owed) >= 0.98, "share", "payment of at least 98 % of what was due")
late_and_paid = Quantity(
    "late_significant",
    (_delay > 0) & (ratio(_paid, _owed) > 0.05),
    "share",
    "late payment of more than 5 % of what was due",
)

_WINDOWS = (60, 180, 360, 720, 1500)
_in_window = {days: within(_due, last=days) for days in _WINDOWS}


def _part(days: int) -> Part:
    return Part(f"{days}d", _in_window[days], f"instalments due within {days} days")


OVERALL: tuple[Declaration, ...] = declare_family(
    "installments",
    (
        (entry, "min mean"), (payment, "sum std"), (instalment, "max mean"), (late_days, "std"),
        (early_days, "mean max"), (paid_ratio, "min std"), (shortfall, "mean sum"), (version, "mean"),
        (over_paid, "share"), (full_paid, "share"), (late_and_paid, "share"),
    ),
    (Part("", None, "all instalments"),), reason="PAYMENT_DELAYS",
)  # fmt: skip

WINDOWS: tuple[Declaration, ...] = declare_family(
    "installments",
    ((late, "share"), (late_days, "max"), (delay, "mean"), (paid_ratio, "mean"), (shortfall, "sum")),
    (_part(days) for days in (60, 180, 720, 1500)), reason="PAYMENT_DELAYS",
)  # fmt: skip

_late_sum = {days: total(larger(_delay, 0.0), where=window) for days, window in _in_window.items()}
_paid_sum = {days: total(_paid, where=window) for days, window in _in_window.items()}
_SEVERE = (7, 30, 60)

SHAPE: tuple[Declaration, ...] = (
    feature(
        "installments_delay_days_median", median(_delay),
        unit="days", meaning="delay in the middle of all, negative when early", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_delay_days_quartile_range", quartile_range(_delay),
        unit="days", meaning="width of the middle half of the delays", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_delay_days_kurtosis", kurtosis(_delay),
        unit="ratio", meaning="how far the delays have outliers: 3 as a normal distribution has them",
        reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip

TRENDS: tuple[Declaration, ...] = (
    *(
        feature(
            f"installments_{name}_ratio_{short}d_{long}d", ratio(sums[short], sums[long]),
            unit="share", meaning=f"{meaning} within {short} days over those within {long}", reason="PAYMENT_DELAYS",
        )
        for name, sums, meaning in (("late_days", _late_sum, "days late"), ("payment_amount", _paid_sum, "payments"))
        for short, long in ((60, 180), (180, 720), (360, 1500))
    ),
    *(
        feature(
            f"installments_delay_days_slope_{days}d", slope(_delay, over=_due, where=_in_window[days]),
            unit="days per day", meaning=f"trend of the delay over {days} days", reason="PAYMENT_DELAYS",
        )
        for days in (180, 720)
    ),
    *(
        feature(
            f"installments_shortfall_slope_{days}d", slope(_owed - _paid, over=_due, where=_in_window[days]),
            unit="currency per day", meaning=f"trend of due less paid over {days} days", reason="PAYMENT_DELAYS",
        )
        for days in (180, 720)
    ),
    feature(
        "installments_delay_days_recent", weighted_mean(_delay, exponential(_due * (1.0 / 180.0))),
        unit="days", meaning="mean delay, each instalment weighing less by its age, by half in 125 days",
        reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_amount_weighted",
        weighted_mean(larger(_delay, 0.0), _owed * exponential(_due * (1.0 / 365.0))),
        unit="days", meaning="mean days late, weighted by the amount due and less by its age", reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip

SEVERITY: tuple[Declaration, ...] = (
    *(
        feature(
            f"installments_late_{days}_share", share(_delay > days),
            unit="share", meaning=f"share of payments more than {days} days late", reason="PAYMENT_DELAYS",
        )
        for days in _SEVERE
    ),
    *(
        feature(
            f"installments_early_{days}_share", share(_delay <= -days),
            unit="share", meaning=f"share of payments {days} days early or more", reason="PAYMENT_DELAYS",
        )
        for days in (15, 30)
    ),
    *(
        feature(
            f"installments_first_late_{days}_number_min",
            minimum(instalments.NUM_INSTALMENT_NUMBER, where=_delay >= days),
            unit="count", meaning=f"earliest instalment of a loan paid {days} days late or more",
            reason="PAYMENT_DELAYS",
        )
        for days in (1, 30)
    ),
    feature(
        "installments_unpaid_count", count(instalments, where=is_missing(_entry)),
        unit="count", meaning="instalments without a payment", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_first_payment_delay_days_mean", mean(_delay, where=instalments.NUM_INSTALMENT_NUMBER == 1),
        unit="days", meaning="mean delay of the first instalments of loans", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_first_paid_ratio_min", minimum(ratio(_paid, _owed), where=instalments.NUM_INSTALMENT_NUMBER <= 4),
        unit="ratio", meaning="least paid over due among the first four instalments of a loan", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_max_last_10", maximum(larger(_delay, 0.0), last=10, by=_due),
        unit="days", meaning="most days late among the last ten instalments", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_share_last_5", share(_delay > 0, last=5, by=_due),
        unit="share", meaning="share of late payments among the last five instalments", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_paid_ratio_mean_last_10", mean(ratio(_paid, _owed), last=10, by=_due),
        unit="ratio", meaning="paid over due of the last ten instalments, mean", reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip

_loans = grouped(instalments, by="SK_ID_PREV")
_newest = _loans.value(maximum(_due))
_count_per_loan = _loans.value(count(instalments))
_versions_per_loan = _loans.value(distinct(instalments.NUM_INSTALMENT_VERSION))
_late_days_max = _loans.value(maximum(larger(_delay, 0.0)))
_late_share = _loans.value(share(_delay > 0))
_paid_per_loan, _owed_per_loan = _loans.value(total(_paid)), _loans.value(total(_owed))

BY_LOAN: tuple[Declaration, ...] = (
    feature(
        "installments_loan_count", count(_loans),
        unit="count", meaning="loans with instalments", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "installments_count_mean_loan", mean(_count_per_loan),
        unit="count", meaning="payments per loan, mean", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "installments_version_change_share_loan", mean(as_number(_versions_per_loan > 1)),
        unit="share", meaning="share of loans whose instalment calendar changed", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_loan_share", mean(as_number(_late_days_max > 0)),
        unit="share", meaning="share of loans with a late payment", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_max_mean_loan", mean(_late_days_max),
        unit="days", meaning="most days late of each loan, mean over loans", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_paid_owed_ratio_min_loan", minimum(ratio(_paid_per_loan, _owed_per_loan)),
        unit="ratio", meaning="paid over due of the loan that is furthest behind", reason="PAYMENT_DELAYS",
    ),
    *(
        feature(
            f"installments_{name}_latest_loan", latest(value, by=_newest),
            unit=unit, meaning=f"{meaning} of the loan with the latest instalment", reason="PAYMENT_DELAYS",
        )
        for name, value, unit, meaning in (
            ("late_days_max", _late_days_max, "days", "most days late"),
            ("late_share", _late_share, "share", "share of late payments"),
            ("paid_owed_ratio", ratio(_paid_per_loan, _owed_per_loan), "ratio", "paid over due"),
        )
    ),
    feature(
        "installments_late_share_mean_last_3_loans", mean(_late_share, last=3, by=_newest),
        unit="share", meaning="share of late payments of the three latest loans, mean", reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*OVERALL, *WINDOWS, *SHAPE, *TRENDS, *SEVERITY, *BY_LOAN)
