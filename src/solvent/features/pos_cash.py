"""Features of the monthly balances of point-of-sale and cash loans with us."""

from solvent.features.aggregates import count, grouped, latest, maximum, mean, share, slope, total
from solvent.features.language import Declaration, feature, ratio, table, within

pos = table("POS_CASH_balance")

_late = pos.SK_DPD > 0
_late_tolerant = pos.SK_DPD_DEF > 0
_loans = grouped(pos, by="SK_ID_PREV")
_remaining = _loans.value(latest(pos.CNT_INSTALMENT_FUTURE, by=pos.MONTHS_BALANCE))
_term = _loans.value(latest(pos.CNT_INSTALMENT, by=pos.MONTHS_BALANCE))
_newest = _loans.value(maximum(pos.MONTHS_BALANCE))
_completed = _loans.value(count(pos, where=pos.NAME_CONTRACT_STATUS == "Completed"))
_longest_term = _loans.value(maximum(pos.CNT_INSTALMENT))

remaining_instalments = total(_remaining, where=within(_newest, last=2))

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "pos_month_count", count(pos),
        unit="count", meaning="months of balances", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_share", share(_late),
        unit="share", meaning="share of months with days past due", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_share_12m", share(_late, where=within(pos.MONTHS_BALANCE, last=12)),
        unit="share", meaning="share of months with days past due, last 12 months", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_tolerant_share", share(_late_tolerant),
        unit="share", meaning="share of months past due beyond the tolerance", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_days_max_24m", maximum(pos.SK_DPD, where=within(pos.MONTHS_BALANCE, last=24)),
        unit="days", meaning="most days past due in 24 months", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_tolerant_days_max", maximum(pos.SK_DPD_DEF),
        unit="days", meaning="most days past due beyond the tolerance", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_month_latest", maximum(pos.MONTHS_BALANCE, where=_late),
        unit="months", meaning="last month with days past due", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_late_days_slope_12m",
        slope(pos.SK_DPD, over=pos.MONTHS_BALANCE, where=within(pos.MONTHS_BALANCE, last=12)),
        unit="days per month", meaning="trend of the days past due over 12 months", reason="PAYMENT_DELAYS",
    ),
    feature(
        "pos_remaining_instalments_sum", remaining_instalments,
        unit="count", meaning="instalments left on the loans seen in the last two months", reason="LOAN_TERMS",
    ),
    feature(
        "pos_remaining_ratio_mean", mean(ratio(_remaining, _term)),
        unit="share", meaning="instalments left over term of each loan, mean", reason="LOAN_TERMS",
    ),
    feature(
        "pos_loan_count", count(_loans),
        unit="count", meaning="loans with monthly balances", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "pos_early_completion_share", share(_term < _longest_term, where=_completed > 0),
        unit="share", meaning="share of completed loans that ended before their first term", reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip
