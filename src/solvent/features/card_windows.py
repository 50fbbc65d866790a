"""Features of the monthly statements of credit cards in windows of time: use, drawings, payments and their trends."""

from solvent.features.aggregates import (
    before,
    earliest,
    grouped,
    latest,
    maximum,
    mean,
    share,
    slope,
    total,
)
from solvent.features.credit_card import card
from solvent.features.families import Part, Quantity, declare_family
from solvent.features.language import Declaration, feature, ratio, within

_month, _limit, _balance = card.MONTHS_BALANCE, card.AMT_CREDIT_LIMIT_ACTUAL, card.AMT_BALANCE
_drawn, _cash, _paid = card.AMT_DRAWINGS_CURRENT, card.AMT_DRAWINGS_ATM_CURRENT, card.AMT_PAYMENT_TOTAL_CURRENT
_cards = grouped(card, by="SK_ID_PREV")
_change = _balance - before(_balance, by=_month, within_loan=_cards)

use = Quantity("use_ratio", ratio(_balance, _limit), "ratio", "balance over limit")
balance = Quantity("balance_amount", _balance, "currency", "balance")
drawn = Quantity("drawing_amount", _drawn, "currency", "drawings of a month")
drawn_ratio = Quantity("drawing_limit_ratio", ratio(_drawn, _limit), "ratio", "drawings of a month over limit")
cash = Quantity("atm_amount", _cash, "currency", "drawings at cash machines in a month")
cash_count = Quantity("atm_count", card.CNT_DRAWINGS_ATM_CURRENT, "count", "drawings at cash machines in a month")
drawing_count = Quantity("drawing_count", card.CNT_DRAWINGS_CURRENT, "count", "drawings in a month")
paid = Quantity("payment_amount", _paid, "currency", "payments of a month")
paid_ratio = Quantity(
    "payment_minimum_ratio", ratio(card.AMT_PAYMENT_CURRENT, card.AMT_INST_MIN_REGULARITY), "ratio",
    "payment over minimum instalment",
)  # fmt: skip
repaid_ratio = Quantity(
    "payment_receivable_ratio", ratio(_paid, card.AMT_TOTAL_RECEIVABLE), "ratio", "payments over what is owed"
)
minimum_due = Quantity("minimum_amount", card.AMT_INST_MIN_REGULARITY, "currency", "minimum instalment")
late_days = Quantity("late_days", card.SK_DPD, "days", "days past due in a month")
late_tolerant_days = Quantity("late_tolerant_days", card.SK_DPD_DEF, "days", "days past due beyond the tolerance")
change = Quantity("balance_change", _change, "currency", "change of the balance from month to month")
over_limit = Quantity("over_limit", _balance > _limit, "share", "a balance above the limit")
in_use = Quantity("in_use", _balance > 0, "share", "a balance to pay")
with_cash = Quantity("atm_use", _cash > 0, "share", "a drawing at a cash machine")

_WINDOWS = (3, 6, 12, 24)
_in_window = {last: within(_month, last=last) for last in _WINDOWS}

MONTHS: tuple[Declaration, ...] = (
    *declare_family(
        "card",
        (
            (use, "std"), (balance, "mean max"), (drawn, "mean max"), (drawn_ratio, "mean"), (cash, "mean"),
            (cash_count, "mean max"), (drawing_count, "mean"), (paid, "mean"), (paid_ratio, "mean"),
            (repaid_ratio, "mean"), (minimum_due, "mean"), (late_days, "max"), (change, "mean max"),
            (over_limit, "share"), (in_use, "share"), (with_cash, "share"),
        ),
        (Part("", None, "all months"),), reason="CARD_USE",
    ),
    *declare_family(
        "card",
        (
            (use, "mean max"), (drawn, "mean"), (cash_count, "mean"), (paid, "mean"), (late_tolerant_days, "max"),
        ),
        (Part(f"{last}m", window, f"last {last} months") for last, window in _in_window.items() if last in (3, 12)),
        reason="CARD_USE",
    ),
)  # fmt: skip

TRENDS: tuple[Declaration, ...] = (
    *(
        feature(
            f"card_{quantity.name}_slope_{last}m", slope(quantity.value, over=_month, where=within(_month, last=last)),
            unit=f"{quantity.unit} per month", meaning=f"trend of {quantity.meaning} over {last} months",
            reason="CARD_USE",
        )
        for last in (6, 18)
        for quantity in (use, balance, drawn)
        if (quantity.name, last) != ("use_ratio", 6)
    ),
    feature(
        "card_drawing_amount_ratio_6m_24m",
        ratio(total(_drawn, where=_in_window[6]), total(_drawn, where=_in_window[24])),
        unit="share", meaning="drawings within 6 months over those within 24", reason="CARD_USE",
    ),
    *(
        feature(
            f"card_{quantity.name}_latest", latest(quantity.value, by=_month),
            unit=quantity.unit, meaning=f"{quantity.meaning}, last month", reason="CARD_USE",
        )
        for quantity in (use, paid)
    ),
    feature(
        "card_limit_amount_latest", latest(_limit, by=_month),
        unit="currency", meaning="limit of the last month", reason="CARD_USE",
    ),
    feature(
        "card_limit_change_ratio", ratio(latest(_limit, by=_month), earliest(_limit, by=_month)),
        unit="ratio", meaning="limit of the last month over that of the first", reason="CARD_USE",
    ),
    feature(
        "card_zero_balance_month_latest", maximum(_month, where=_balance <= 0),
        unit="months", meaning="last month without a balance to pay", reason="CARD_USE",
    ),
    feature(
        "card_late_month_latest", maximum(_month, where=card.SK_DPD > 0),
        unit="months", meaning="last month with days past due", reason="PAYMENT_DELAYS",
    ),
    feature(
        "card_instalment_count_mean_card", mean(_cards.value(maximum(card.CNT_INSTALMENT_MATURE_CUM))),
        unit="count", meaning="instalments paid on a card, mean over cards", reason="CARD_USE",
    ),
    feature(
        "card_full_payment_share", share(ratio(_paid, card.AMT_TOTAL_RECEIVABLE) >= 0.95, where=_balance > 0),
        unit="share", meaning="share of months with a balance in which at least 95 % was paid", reason="CARD_USE",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*MONTHS, *TRENDS)
