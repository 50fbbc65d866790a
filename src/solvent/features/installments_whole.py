"""Features of whole instalments: what was paid in parts is added up before it is compared with what was due."""

from solvent.features.aggregates import count, grouped, maximum, mean, minimum, share, total
from solvent.features.installments import instalments
from solvent.features.language import Declaration, feature, larger, ratio, within

_whole = grouped(instalments, by="SK_ID_PREV", each="NUM_INSTALMENT_NUMBER")
_paid = _whole.value(total(instalments.AMT_PAYMENT))
_owed = _whole.value(maximum(instalments.AMT_INSTALMENT))
_due = _whole.value(maximum(instalments.DAYS_INSTALMENT))
_last_part = _whole.value(maximum(instalments.DAYS_ENTRY_PAYMENT))
_part_count = _whole.value(count(instalments))
_delay = _last_part - _due
_paid_ratio = ratio(_paid, _owed)

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "installments_whole_paid_ratio_mean", mean(_paid_ratio),
        unit="ratio", meaning="all parts paid over due per instalment, mean", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_whole_paid_ratio_min", minimum(_paid_ratio),
        unit="ratio", meaning="all parts paid over due of the instalment that was paid least", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_whole_short_share", share(_paid_ratio < 0.98),
        unit="share", meaning="share of instalments of which all parts are below 98 % of what was due",
        reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_whole_part_share", share(_part_count > 1),
        unit="share", meaning="share of instalments paid in parts", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_whole_delay_days_mean", mean(_delay),
        unit="days", meaning="mean delay of the last part of an instalment, negative when early",
        reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_whole_late_share", share(_delay > 0),
        unit="share", meaning="share of instalments whose last part came after the due date", reason="PAYMENT_DELAYS",
    ),
    feature(
        "installments_whole_late_days_max_12m", maximum(larger(_delay, 0.0), where=within(_due, last=365)),
        unit="days", meaning="most days until the last part of an instalment of the last year came",
        reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip
