"""Features of the loans with other lenders, and of their monthly statuses."""

from solvent.features.aggregates import count, distinct, grouped, latest, lookup, maximum, mean, minimum, share, total
from solvent.features.language import Declaration, as_number, exponential, feature, ratio, table, within

bureau = table("bureau")
months = table("bureau_balance")

active = bureau.CREDIT_ACTIVE == "Active"
closed = bureau.CREDIT_ACTIVE == "Closed"
_debt_ratio = ratio(bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM)

debt_active = total(bureau.AMT_CREDIT_SUM_DEBT, where=active)
annuity_active = total(bureau.AMT_ANNUITY, where=active)
credit_active = total(bureau.AMT_CREDIT_SUM, where=active)

_late = months.STATUS.is_in("1", "2", "3", "4", "5")
_level = (
    as_number(months.STATUS == "1")
    + as_number(months.STATUS == "2") * 2.0
    + as_number(months.STATUS == "3") * 3.0
    + as_number(months.STATUS == "4") * 4.0
    + as_number(months.STATUS == "5") * 5.0
)
_loans = grouped(months, by="SK_ID_BUREAU")
_late_share_per_loan = _loans.value(share(_late, where=~months.STATUS.is_in("X")))
_severity_per_loan = _loans.value(total(_level * exponential(months.MONTHS_BALANCE * (1.0 / 12.0))))

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "bureau_loan_count", count(bureau),
        unit="count", meaning="loans with other lenders", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_loan_count_active", count(bureau, where=active),
        unit="count", meaning="open loans with other lenders", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_active_share", share(active),
        unit="share", meaning="share of the bureau loans that are open", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_type_distinct", distinct(bureau.CREDIT_TYPE),
        unit="count", meaning="different types of bureau loans", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_card_share", share(bureau.CREDIT_TYPE == "Credit card"),
        unit="share", meaning="share of credit cards among the bureau loans", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_microloan_count", count(bureau, where=bureau.CREDIT_TYPE == "Microloan"),
        unit="count", meaning="micro-loans with other lenders", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_credit_mean", mean(bureau.DAYS_CREDIT),
        unit="days", meaning="mean start of the bureau loans, relative to the application", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_credit_min", minimum(bureau.DAYS_CREDIT),
        unit="days", meaning="start of the oldest bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_credit_max", maximum(bureau.DAYS_CREDIT),
        unit="days", meaning="start of the newest bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_credit_max_active", maximum(bureau.DAYS_CREDIT, where=active),
        unit="days", meaning="start of the newest open bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_end_max_closed", maximum(bureau.DAYS_ENDDATE_FACT, where=closed),
        unit="days", meaning="end of the bureau loan closed last", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_end_max_active", maximum(bureau.DAYS_CREDIT_ENDDATE, where=active),
        unit="days", meaning="furthest planned end of an open bureau loan", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_early_end_days_mean", mean(bureau.DAYS_CREDIT_ENDDATE - bureau.DAYS_ENDDATE_FACT, where=closed),
        unit="days", meaning="planned less real end of closed bureau loans, mean", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_loan_count_180d", count(bureau, where=within(bureau.DAYS_CREDIT, last=180)),
        unit="count", meaning="bureau loans started within 180 days", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_loan_count_365d", count(bureau, where=within(bureau.DAYS_CREDIT, last=365)),
        unit="count", meaning="bureau loans started within 365 days", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_credit_amount_sum", total(bureau.AMT_CREDIT_SUM),
        unit="currency", meaning="credit of all bureau loans", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_debt_amount_sum_active", debt_active,
        unit="currency", meaning="debt of the open bureau loans", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_debt_credit_ratio", ratio(total(bureau.AMT_CREDIT_SUM_DEBT), total(bureau.AMT_CREDIT_SUM)),
        unit="ratio", meaning="debt over credit, all bureau loans together", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_debt_ratio_max_active", maximum(_debt_ratio, where=active),
        unit="ratio", meaning="highest debt over credit of an open bureau loan", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_debt_ratio_mean_active", mean(_debt_ratio, where=active),
        unit="ratio", meaning="debt over credit of the open bureau loans, mean", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_debt_ratio_mean_last_3", mean(_debt_ratio, last=3, by=bureau.DAYS_CREDIT),
        unit="ratio", meaning="debt over credit of the three newest bureau loans, mean", reason="BUREAU_DEBT",
    ),
    feature(
        "bureau_overdue_amount_sum", total(bureau.AMT_CREDIT_SUM_OVERDUE),
        unit="currency", meaning="amount overdue at other lenders", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_overdue_amount_max", maximum(bureau.AMT_CREDIT_MAX_OVERDUE),
        unit="currency", meaning="largest amount ever overdue at another lender", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_overdue_share", share(bureau.AMT_CREDIT_MAX_OVERDUE > 0),
        unit="share", meaning="share of bureau loans that were ever overdue", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_prolongation_count", total(bureau.CNT_CREDIT_PROLONG),
        unit="count", meaning="prolongations of bureau loans", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_days_update_max", maximum(bureau.DAYS_CREDIT_UPDATE),
        unit="days", meaning="newest information from the bureau", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_type_latest", latest(bureau.CREDIT_TYPE, by=bureau.DAYS_CREDIT),
        unit="category", meaning="type of the newest bureau loan", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_share_mean", mean(_late_share_per_loan),
        unit="share", meaning="share of late months of a bureau loan, mean over loans", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_share_max_active", maximum(lookup(_late_share_per_loan, into=bureau), where=active),
        unit="share", meaning="share of late months of an open bureau loan, highest", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_severity_max", maximum(_severity_per_loan),
        unit="score", meaning="lateness of the worst bureau loan, recent months weighing more", reason="BUREAU_HISTORY",
    ),
    feature(
        "bureau_month_late_latest", maximum(months.MONTHS_BALANCE, where=_late),
        unit="months", meaning="last month in which a bureau loan was late", reason="BUREAU_HISTORY",
    ),
)  # fmt: skip
