"""Features of the monthly statuses of the loans with other lenders, per loan and over all of them."""

from itertools import pairwise

from solvent.features.aggregates import (
    count,
    grouped,
    longest_run,
    lookup,
    maximum,
    mean,
    minimum,
    run_count,
    share,
    slope,
    total,
)
from solvent.features.bureau import active, bureau, months
from solvent.features.language import Declaration, Expression, as_number, feature, ratio, within

_month = months.MONTHS_BALANCE
_late = months.STATUS.is_in("1", "2", "3", "4", "5")
_known = ~months.STATUS.is_in("X", "C")
_unknown = months.STATUS == "X"
_repaid = months.STATUS == "C"
level = sum(
    (as_number(months.STATUS.is_in(str(step))) * float(step) for step in range(2, 6)), as_number(months.STATUS == "1")
)
"""Months behind, 1 to 5; 0 also for closed and unknown months: combine with a filter."""

loans = grouped(months, by="SK_ID_BUREAU")
_month_count = loans.value(count(months))
_level_max = loans.value(maximum(level, where=_known))
_level_mean = loans.value(mean(level, where=_known))
_late_newest = loans.value(maximum(_month, where=_late))
_late_oldest = loans.value(minimum(_month, where=_late))
_first_month = loans.value(minimum(_month))
_unknown_share = loans.value(share(_unknown))
_repaid_share = loans.value(share(_repaid))
_recent_late_share = loans.value(share(_late, where=within(_month, last=12) & _known))

_late_run = loans.value(longest_run(_month, where=_late))
_late_runs = loans.value(run_count(_month, where=_late))
_worse_runs = loans.value(run_count(_month, where=level >= 2))

_WINDOWS = (6, 12, 24)


def _windows(name: str, of: dict[int, Expression], unit: str, meaning: str) -> tuple[Declaration, ...]:
    return tuple(
        feature(
            f"bureau_month_{name}_{last}m", value,
            unit=unit, meaning=f"{meaning}, {last} months", reason="BUREAU_HISTORY",
        )
        for last, value in of.items()
    )  # fmt: skip


_recent = {last: within(_month, last=last) for last in _WINDOWS}
_level_sum = {last: total(level, where=recent) for last, recent in _recent.items()}

DECLARATIONS: tuple[Declaration, ...] = (
    *_windows("level_sum", _level_sum, "months", "months behind on bureau loans, added up"),
    *_windows(
        "late_share", {last: share(_late, where=recent & _known) for last, recent in _recent.items()},
        "share", "share of late months among those known and open",
    ),
    *_windows(
        "level_max", {last: maximum(level, where=recent) for last, recent in _recent.items()},
        "months", "most months behind on a bureau loan",
    ),
    *(
        feature(
            f"bureau_month_level_ratio_{short}m_{long}m", ratio(_level_sum[short], _level_sum[long]),
            unit="share", meaning=f"months behind within {short} months over those within {long}",
            reason="BUREAU_HISTORY",
        )
        for short, long in pairwise(_WINDOWS)
    ),
    feature(
        "bureau_month_level_slope_24m", slope(level, over=_month, where=_recent[24] & _known),
        unit="months per month", meaning="trend of the months behind over 24 months", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_level_2_latest", maximum(_month, where=level >= 2),
        unit="months", meaning="last month in which a bureau loan was two months behind or more",
        reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_repaid_share_mean", mean(_repaid_share),
        unit="share", meaning="share of months after the repayment of a bureau loan, mean over loans",
        reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_unknown_share_mean", mean(_unknown_share),
        unit="share", meaning="share of months without information of a bureau loan, mean over loans",
        reason="BUREAU_HISTORY",
    ),
    *(
        feature(
            f"bureau_month_count_{word}", take(_month_count),
            unit="count", meaning=f"months known of a bureau loan, {meaning}", reason="BUREAU_HISTORY",
        )
        for word, take, meaning in (
            ("sum", total, "all together"), ("mean", mean, "mean over loans"), ("max", maximum, "the longest"),
        )
    ),
    feature(
        "bureau_month_first", minimum(_first_month),
        unit="months", meaning="oldest month known of a bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_loan_count", count(loans),
        unit="count", meaning="bureau loans with monthly statuses", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_loan_share", share(_level_max > 0),
        unit="share", meaning="share of bureau loans that were ever a month behind", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_level_mean_max", maximum(_level_mean),
        unit="months", meaning="mean months behind of the worst bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_delay_min", minimum(_late_oldest - _first_month),
        unit="months", meaning="months from the first known one to the first late one, quickest loan",
        reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_run_max", maximum(_late_run),
        unit="months", meaning="most months on end that a bureau loan was behind", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_roll_rate_late", ratio(total(_late_runs), count(months, where=months.STATUS == "0")),
        unit="ratio", meaning="runs of late months of bureau loans, per month on time",
        reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_roll_rate_worse", ratio(total(_worse_runs), count(months, where=months.STATUS == "1")),
        unit="ratio", meaning="runs of months two or more behind of bureau loans, per month one behind",
        reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_level_max_active", maximum(lookup(_level_max, into=bureau), where=active),
        unit="months", meaning="most months behind on an open bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_newest_active", maximum(lookup(_late_newest, into=bureau), where=active),
        unit="months", meaning="last month in which an open bureau loan was late", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_recent_late_share_mean_active", mean(lookup(_recent_late_share, into=bureau), where=active),
        unit="share", meaning="share of late months in a year of an open bureau loan, mean", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_debt_sum",
        total(bureau.AMT_CREDIT_SUM_DEBT, where=lookup(_level_max, into=bureau) > 0),
        unit="currency", meaning="debt on bureau loans that were ever a month behind", reason="BUREAU_DEBT",
    ),
)  # fmt: skip
