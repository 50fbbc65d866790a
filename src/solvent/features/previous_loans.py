"""Features of earlier applications with us: by outcome and product, lately, and beside the one of now."""

from solvent.features.aggregates import (
    before,
    count,
    deviation,
    earliest,
    grouped,
    latest,
    lookup,
    maximum,
    mean,
    minimum,
    share,
    slope,
    total,
)
from solvent.features.families import Part, Quantity, declare_family
from solvent.features.installments import instalments
from solvent.features.language import (
    Declaration,
    Expression,
    absolute,
    as_number,
    feature,
    larger,
    ratio,
    smaller,
    within,
)
from solvent.features.previous_applications import (
    application,
    approved,
    open_loan,
    previous,
    refused,
    simple_interest,
)

_decided = previous.DAYS_DECISION
_credit, _asked, _annuity = previous.AMT_CREDIT, previous.AMT_APPLICATION, previous.AMT_ANNUITY
_goods, _term = previous.AMT_GOODS_PRICE, previous.CNT_PAYMENT

decided = Quantity("days_decision", _decided, "days", "time of a decision")
credit = Quantity("credit_amount", _credit, "currency", "credit of an earlier application")
annuity = Quantity("annuity_amount", _annuity, "currency", "annuity of an earlier application")
term = Quantity("term_months", _term, "months", "term of an earlier application")
down = Quantity("down_payment_amount", previous.AMT_DOWN_PAYMENT, "currency", "down payment")
down_rate = Quantity("down_payment_rate", previous.RATE_DOWN_PAYMENT, "share", "rate of down payment")
asked_credit = Quantity("asked_credit_ratio", ratio(_asked, _credit), "ratio", "amount asked for over credit")
asked_less = Quantity("asked_credit_difference", _asked - _credit, "currency", "amount asked for less credit")
credit_goods = Quantity("credit_goods_ratio", ratio(_credit, _goods), "ratio", "credit over the price of the goods")
credit_annuity = Quantity("credit_annuity_ratio", ratio(_credit, _annuity), "ratio", "credit over annuity")
interest = Quantity("simple_interest", simple_interest, "share", "interest per instalment over credit")
first_due = Quantity("days_first_due", previous.DAYS_FIRST_DUE, "days", "first due date")
last_due = Quantity("days_last_due", previous.DAYS_LAST_DUE, "days", "last due date")
planned_end = Quantity("days_planned_end", previous.DAYS_LAST_DUE_1ST_VERSION, "days", "first planned last due date")
early_end = Quantity(
    "early_end_days", previous.DAYS_LAST_DUE_1ST_VERSION - previous.DAYS_LAST_DUE, "days", "planned less real end"
)
ending = Quantity("days_termination", previous.DAYS_TERMINATION, "days", "end of the contract")
insured = Quantity("insured", previous.NFLAG_INSURED_ON_APPROVAL == 1, "share", "an insurance")
x_sell = Quantity("x_sell", previous.NAME_PRODUCT_TYPE == "x-sell", "share", "an offer to a known client")
walk_in = Quantity("walk_in", previous.NAME_PRODUCT_TYPE == "walk-in", "share", "a client who walked in")
through_bank = Quantity(
    "bank_payment", previous.NAME_PAYMENT_TYPE == "Cash through the bank", "share", "payment in cash"
)
was_refused = Quantity("refused", refused, "share", "a refusal")
high_yield = Quantity("high_yield", previous.NAME_YIELD_GROUP == "high", "share", "a high interest group")

_canceled = previous.NAME_CONTRACT_STATUS.is_in("Canceled", "Unused offer")
_cash = previous.NAME_CONTRACT_TYPE == "Cash loans"
_consumer = previous.NAME_CONTRACT_TYPE == "Consumer loans"
_revolving = previous.NAME_CONTRACT_TYPE == "Revolving loans"

BY_OUTCOME: tuple[Declaration, ...] = (
    *declare_family(
        "previous",
        (
            (decided, "max std"), (credit, "max mean"), (annuity, "max mean"), (term, "mean max"), (down, "mean"),
            (asked_credit, "min max mean"), (asked_less, "mean"), (credit_goods, "mean"),
            (high_yield, "share"), (insured, "share"),
        ),
        (Part("", None, "all applications"),), reason="PREVIOUS_APPLICATIONS",
    ),
    *declare_family(
        "previous",
        (
            (decided, "min mean"), (credit, "max sum"), (annuity, "max"), (down_rate, "max"), (term, "max"),
            (asked_credit, "mean"), (credit_goods, "mean"), (credit_annuity, "max"), (interest, "min max"),
            (first_due, "max min"), (last_due, "max"), (planned_end, "max"), (early_end, "max"), (ending, "max"),
        ),
        (Part("approved", approved, "approved applications"),), reason="PREVIOUS_APPLICATIONS",
    ),
    *declare_family(
        "previous",
        ((decided, "mean"), (credit, "max mean"), (annuity, "mean"), (term, "mean"), (asked_credit, "mean")),
        (Part("refused", refused, "refused applications"),), reason="PREVIOUS_APPLICATIONS",
    ),
    *declare_family(
        "previous",
        ((credit, "sum"), (annuity, "max"), (term, "mean"), (decided, "max"), (planned_end, "max")),
        (Part("open", open_loan, "loans that are still open"),), reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_refused_count", count(previous, where=refused),
        unit="count", meaning="earlier applications that were refused", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_canceled_share", share(_canceled),
        unit="share", meaning="share of earlier applications that were cancelled or not used",
        reason="PREVIOUS_APPLICATIONS",
    ),
)  # fmt: skip

BY_PRODUCT: tuple[Declaration, ...] = (
    *declare_family(
        "previous",
        ((was_refused, "share"), (credit, "mean max"), (annuity, "mean"), (decided, "max"), (interest, "mean")),
        (Part("cash", _cash, "cash loans"), Part("consumer", _consumer, "consumer loans")),
        reason="PREVIOUS_APPLICATIONS",
    ),
    *declare_family(
        "previous", ((was_refused, "share"), (credit, "mean"), (decided, "max")),
        (Part("revolving", _revolving, "revolving loans"),), reason="PREVIOUS_APPLICATIONS",
    ),
)  # fmt: skip

_REASONS = ("HC", "LIMIT", "SCO", "SCOFR")


def _refused_lately(last: int, order: Expression, name: str, meaning: str) -> Declaration:
    return feature(
        f"previous_refused_share_{name}_{last}", share(refused, last=last, by=order),
        unit="share", meaning=f"share of refusals in the {meaning} {last} applications", reason="PREVIOUS_APPLICATIONS",
    )  # fmt: skip


_gap = _decided - before(_decided, by=_decided)

LATELY: tuple[Declaration, ...] = (
    *(_refused_lately(last, _decided, "last", "last") for last in (1, 10)),
    *(_refused_lately(first, -_decided, "first", "first") for first in (2, 4)),
    *(
        feature(
            f"previous_reject_{reason.lower()}_share", share(previous.CODE_REJECT_REASON.is_in(reason)),
            unit="share", meaning=f"share of applications with {reason} as the reason of the outcome",
            reason="PREVIOUS_APPLICATIONS",
        )
        for reason in _REASONS
    ),
    *(
        feature(
            f"previous_{quantity.name}_{statistic}_last_3",
            take(quantity.value, last=3, by=_decided),
            unit=quantity.unit, meaning=f"{words} {quantity.meaning}, last three applications",
            reason="PREVIOUS_APPLICATIONS",
        )
        for quantity, statistic, take, words in (
            (term, "mean", mean, "mean of"), (decided, "mean", mean, "mean of"), (credit, "mean", mean, "mean of"),
            (asked_credit, "mean", mean, "mean of"), (credit_goods, "mean", mean, "mean of"),
            (x_sell, "share", share, "share with"), (walk_in, "share", share, "share with"),
            (through_bank, "share", share, "share with"),
        )
    ),
    *declare_family(
        "previous",
        (
            (credit, "sum"), (annuity, "mean"), (interest, "mean"), (was_refused, "share"),
        ),
        (
            Part(f"{days}d", within(_decided, last=days), f"applications decided within {days} days")
            for days in (180, 730)
        ),
        reason="PREVIOUS_APPLICATIONS",
    ),
    *(
        feature(
            f"previous_gap_days_{word}", take(_gap),
            unit="days", meaning=f"{meaning} between two decisions in a row", reason="PREVIOUS_APPLICATIONS",
        )
        for word, take, meaning in (("mean", mean, "mean time"), ("min", minimum, "shortest time"),
                                    ("std", deviation, "spread of the time"))
    ),
    feature(
        "previous_credit_amount_slope", slope(_credit, over=_decided),
        unit="currency per day", meaning="trend of the credit from application to application",
        reason="PREVIOUS_APPLICATIONS",
    ),
    *(
        feature(
            f"previous_{name}_{word}", take(column, by=_decided),
            unit="category", meaning=f"{meaning} of the {which} application", reason="PREVIOUS_APPLICATIONS",
        )
        for name, column, meaning in (
            ("goods_category", previous.NAME_GOODS_CATEGORY, "category of goods"),
            ("channel", previous.CHANNEL_TYPE, "channel"),
            ("status", previous.NAME_CONTRACT_STATUS, "outcome"),
            ("client_type", previous.NAME_CLIENT_TYPE, "new or known client"),
        )
        for word, take, which in (("latest", latest, "last"),)
    ),
    feature(
        "previous_product_earliest", earliest(previous.PRODUCT_COMBINATION, by=_decided),
        unit="category", meaning="product of the first application", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_reject_reason_latest", latest(previous.CODE_REJECT_REASON, by=_decided, where=refused),
        unit="category", meaning="reason of the last refusal", reason="PREVIOUS_APPLICATIONS",
    ),
)  # fmt: skip

BESIDE_NOW: tuple[Declaration, ...] = (
    *(
        feature(
            f"previous_{name}_now_ratio_{word}", take(ratio(value, now)),
            unit="ratio", meaning=f"{meaning} of earlier applications over that of now, {words}", reason="LOAN_TERMS",
        )
        for name, value, now, meaning in (
            ("credit", _credit, application.AMT_CREDIT, "credit"),
            ("annuity", _annuity, application.AMT_ANNUITY, "annuity"),
        )
        for word, take, words in (("max", maximum, "largest"), ("min", minimum, "smallest"))
    ),
    *(
        feature(
            f"previous_{name}_now_ratio_mean_last_3", mean(ratio(value, now), last=3, by=_decided),
            unit="ratio", meaning=f"{meaning} of the last three applications over that of now, mean",
            reason="LOAN_TERMS",
        )
        for name, value, now, meaning in (
            ("credit", _credit, application.AMT_CREDIT, "credit"),
            ("annuity", _annuity, application.AMT_ANNUITY, "annuity"),
        )
    ),
    feature(
        "previous_hour_difference_mean",
        mean(absolute(previous.HOUR_APPR_PROCESS_START - application.HOUR_APPR_PROCESS_START)),
        unit="hours", meaning="distance of the hour of earlier applications from that of now, mean", reason="PROFILE",
    ),
    feature(
        "previous_same_weekday_share",
        share(previous.WEEKDAY_APPR_PROCESS_START == application.WEEKDAY_APPR_PROCESS_START),
        unit="share", meaning="share of earlier applications on the weekday of now", reason="PROFILE",
    ),
)  # fmt: skip

_paid = lookup(grouped(instalments, by="SK_ID_PREV").value(total(instalments.AMT_PAYMENT)), into=previous)
_late_payments = grouped(instalments, by="SK_ID_PREV").value(
    count(instalments, where=instalments.DAYS_ENTRY_PAYMENT > instalments.DAYS_INSTALMENT)
)
_with_late = lookup(_late_payments, into=previous) > 0
_due_so_far = smaller(previous.DAYS_FIRST_DUE * (-12.0 / 365.25) + 1.0, _term)
_left = larger(_term - _due_so_far, 0.0) * _annuity

OBLIGATIONS: tuple[Declaration, ...] = (
    feature(
        "previous_remaining_amount_sum_open", total(_credit - _paid, where=open_loan),
        unit="currency", meaning="credit less payments so far of the open loans", reason="INCOME_BURDEN",
    ),
    feature(
        "previous_repaid_ratio_mean_open", mean(ratio(_paid, _credit), where=open_loan),
        unit="ratio", meaning="payments so far over credit of the open loans, mean", reason="INCOME_BURDEN",
    ),
    feature(
        "previous_future_payment_sum_open", total(_left, where=open_loan),
        unit="currency", meaning="annuities still to come on the open loans", reason="INCOME_BURDEN",
    ),
    feature(
        "previous_future_payment_max_open", maximum(_left, where=open_loan),
        unit="currency", meaning="most that is still to come on an open loan", reason="INCOME_BURDEN",
    ),
    feature(
        "previous_late_loan_share_approved", mean(as_number(_with_late), where=approved),
        unit="share", meaning="share of approved loans with a late payment, of those with payments",
        reason="PAYMENT_DELAYS",
    ),
    *declare_family(
        "previous",
        ((decided, "max"), (credit, "mean"), (interest, "mean")),
        (Part("late", _with_late, "loans with a late payment"),), reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*BY_OUTCOME, *BY_PRODUCT, *LATELY, *BESIDE_NOW, *OBLIGATIONS)
