"""Features of the instalments of earlier loans with us: due, paid, late, in part."""

from solvent.features.aggregates import count, deviation, grouped, maximum, mean, minimum, share, slope
from solvent.features.language import Declaration, as_number, feature, larger, ratio, table, within

instalments = table("installments_payments")

_delay = instalments.DAYS_ENTRY_PAYMENT - instalments.DAYS_INSTALMENT
_late_days = larger(_delay, 0.0)
_late = _delay > 0
_late_30 = _delay >= 30
_paid_ratio = ratio(instalments.AMT_PAYMENT, instalments.AMT_INSTALMENT)
_missing_amount = larger(instalments.AMT_INSTALMENT - instalments.AMT_PAYMENT, 0.0)
_year = within(instalments.DAYS_INSTALMENT, last=365)
_loans = grouped(instalments, by="SK_ID_PREV")
_paid_ratio_per_loan = _loans.value(mean(_paid_ratio, where=within(instalments.DAYS_INSTALMENT, last=1000)))
_late_per_loan = _loans.value(share(_late))

payment_max = maximum(instalments.AMT_PAYMENT)
payment_mean = mean(instalments.AMT_PAYMENT)

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "installments_payment_count", count(instalments),
        unit="count", meaning="payments of instalments", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_entry_days_max", maximum(instalments.DAYS_ENTRY_PAYMENT),
        unit="days", meaning="time of the last payment, relative to the application", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_share", share(_late),
        unit="share", meaning="share of payments after the due date", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_share_12m", share(_late, where=_year),
        unit="share", meaning="share of payments after the due date, last year", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_min_12m", minimum(as_number(_late), where=_year),
        unit="flag 0/1", meaning="whether every payment of the last year was late", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_max", maximum(_late_days),
        unit="days", meaning="most days late", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_max_12m", maximum(_late_days, where=_year),
        unit="days", meaning="most days late in the last year", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_mean", mean(_late_days),
        unit="days", meaning="mean days late, early payments counting as 0", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_delay_days_mean", mean(_delay),
        unit="days", meaning="mean delay, negative when early", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_delay_days_mean_last_10", mean(_delay, last=10, by=instalments.DAYS_INSTALMENT),
        unit="days", meaning="mean delay of the last ten instalments", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_delay_days_std", deviation(_delay),
        unit="days", meaning="spread of the delay", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_delay_days_slope_12m", slope(_delay, over=instalments.DAYS_INSTALMENT, where=_year),
        unit="days per day", meaning="trend of the delay over the last year", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_days_latest", maximum(instalments.DAYS_INSTALMENT, where=_late),
        unit="days", meaning="due date of the last late instalment", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_30_days_latest", maximum(instalments.DAYS_INSTALMENT, where=_late_30),
        unit="days", meaning="due date of the last instalment paid 30 days late or more", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_first_delay_days_max", maximum(_delay, where=instalments.NUM_INSTALMENT_NUMBER <= 4),
        unit="days", meaning="longest delay among the first four instalments of a loan", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_paid_ratio_mean", mean(_paid_ratio),
        unit="ratio", meaning="paid over due, mean", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_paid_ratio_mean_mean_1000d", mean(_paid_ratio_per_loan),
        unit="ratio", meaning="paid over due per loan in 1000 days, mean over loans", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_part_payment_share", share(_missing_amount > 0),
        unit="share", meaning="share of payments below what was due", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_missing_amount_max", maximum(_missing_amount),
        unit="currency", meaning="largest amount that a payment fell short", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_late_share_max_loan", maximum(_late_per_loan),
        unit="share", meaning="share of late payments of the worst loan", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_version_max", maximum(instalments.NUM_INSTALMENT_VERSION),
        unit="count", meaning="highest version of an instalment calendar", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_payment_amount_max", payment_max,
        unit="currency", meaning="largest payment", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_payment_amount_mean", payment_mean,
        unit="currency", meaning="mean payment", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_payment_amount_min", minimum(instalments.AMT_PAYMENT),
        unit="currency", meaning="smallest payment", reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip
