"""Features of the monthly balances of point-of-sale and cash loans in windows of time, and loan by loan."""

from itertools import pairwise

from solvent.features.aggregates import count, grouped, latest, maximum, mean, minimum, share, slope, total
from solvent.features.families import Part, Quantity, declare_family
from solvent.features.language import Declaration, as_number, feature, ratio, within
from solvent.features.pos_cash import pos

_month = pos.MONTHS_BALANCE

late = Quantity("late", pos.SK_DPD > 0, "share", "days past due")
late_tolerant = Quantity("late_tolerant", pos.SK_DPD_DEF > 0, "share", "days past due beyond the tolerance")
late_days = Quantity("late_days", pos.SK_DPD, "days", "days past due in a month")
late_tolerant_days = Quantity("late_tolerant_days", pos.SK_DPD_DEF, "days", "days past due beyond the tolerance")
future = Quantity("future_instalments", pos.CNT_INSTALMENT_FUTURE, "count", "instalments left in a month")
term = Quantity("term_months", pos.CNT_INSTALMENT, "months", "term of the loan in a month")

_WINDOWS = (6, 12, 60)
_in_window = {last: within(_month, last=last) for last in _WINDOWS}


def _part(last: int) -> Part:
    return Part(f"{last}m", _in_window[last], f"last {last} months")


_late_sum = {last: total(pos.SK_DPD, where=window) for last, window in _in_window.items()}
_tolerant_sum = {last: total(pos.SK_DPD_DEF, where=window) for last, window in _in_window.items()}
_STATUSES = {
    "completed": "Completed", "returned": "Returned to the store", "demand": "Demand",
}  # fmt: skip

MONTHS: tuple[Declaration, ...] = (
    *declare_family(
        "pos",
        ((late_days, "mean max"), (late_tolerant_days, "mean"), (future, "mean"), (term, "mean max")),
        (Part("", None, "all months"),), reason="PAYMENT_DELAYS",
    ),
    *declare_family(
        "pos",
        ((late_tolerant, "share"), (late_days, "mean")),
        (_part(last) for last in _WINDOWS), reason="PAYMENT_DELAYS",
    ),
    *declare_family("pos", ((late_tolerant_days, "max"),), (_part(60),), reason="PAYMENT_DELAYS"),
    *(
        feature(
            f"pos_{name}_ratio_{short}m_{long}m", ratio(sums[short], sums[long]),
            unit="share", meaning=f"{meaning} within {short} months over those within {long}", reason="PAYMENT_DELAYS",
        )
        for name, sums, meaning in (
            ("late_days", _late_sum, "days past due"),
            ("late_tolerant_days", _tolerant_sum, "days past due beyond the tolerance"),
        )
        for short, long in pairwise(_WINDOWS)
    ),
    *(
        feature(
            f"pos_{name}_slope_{last}m", slope(value, over=_month, where=_in_window[last]),
            unit=f"{unit} per month", meaning=f"trend of {meaning} over {last} months", reason="PAYMENT_DELAYS",
        )
        for name, value, unit, meaning, last in (
            ("late_tolerant_days", pos.SK_DPD_DEF, "days", "the days past due beyond the tolerance", 12),
            ("late_days", pos.SK_DPD, "days", "the days past due", 60),
            ("future_instalments", pos.CNT_INSTALMENT_FUTURE, "count", "the instalments left", 60),
        )
    ),
    *(
        feature(
            f"pos_{name}_share", share(pos.NAME_CONTRACT_STATUS.is_in(status)),
            unit="share", meaning=f"share of months with the status {status}", reason="PREVIOUS_APPLICATIONS",
        )
        for name, status in _STATUSES.items()
    ),
    feature(
        "pos_late_tolerant_month_latest", maximum(_month, where=pos.SK_DPD_DEF > 0),
        unit="months", meaning="last month past due beyond the tolerance", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_month_first", minimum(_month),
        unit="months", meaning="oldest month of a balance", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "pos_month_count_12m", count(pos, where=_in_window[12]),
        unit="count", meaning="months of balances in the last 12, over all loans", reason="PREVIOUS_APPLICATIONS",
    ),
)  # fmt: skip

_loans = grouped(pos, by="SK_ID_PREV")
_newest = _loans.value(maximum(_month))
_late_share = _loans.value(share(pos.SK_DPD > 0))
_late_count = _loans.value(count(pos, where=pos.SK_DPD > 0))
_late_days_max = _loans.value(maximum(pos.SK_DPD))
_length = _loans.value(count(pos))
_left = _loans.value(latest(pos.CNT_INSTALMENT_FUTURE, by=_month))
_is_completed = _loans.value(count(pos, where=pos.NAME_CONTRACT_STATUS == "Completed")) > 0

LOANS: tuple[Declaration, ...] = (
    feature(
        "pos_completed_loan_share", share(_is_completed),
        unit="share", meaning="share of loans that are completed", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "pos_late_loan_share", mean(as_number(_late_days_max > 0)),
        unit="share", meaning="share of loans that were ever past due", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_share_max_loan", maximum(_late_share),
        unit="share", meaning="share of months past due of the worst loan", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_count_sum_last_3_loans", total(_late_count, last=3, by=_newest),
        unit="count", meaning="months past due of the three latest loans", reason="PAYMENT_DELAYS",
    ),
    *(
        feature(
            f"pos_{name}_latest_loan", latest(value, by=_newest),
            unit=unit, meaning=f"{meaning} of the loan with the latest balance", reason="PAYMENT_DELAYS",
        )
        for name, value, unit, meaning in (
            ("late_share", _late_share, "share", "share of months past due"),
            ("late_days_max", _late_days_max, "days", "most days past due"),
            ("month_count", _length, "count", "months"),
            ("remaining_instalments", _left, "count", "instalments left"),
        )
    ),
    feature(
        "pos_month_count_mean_loan", mean(_length),
        unit="count", meaning="months per loan, mean", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "pos_open_loan_count", count(_loans, where=within(_newest, last=2) & (_left > 0)),
        unit="count", meaning="loans seen in the last two months with instalments left", reason="LOAN_TERMS",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*MONTHS, *LOANS)
