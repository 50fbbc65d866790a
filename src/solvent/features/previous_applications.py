"""Features of the client's earlier applications with us."""

from solvent.features.aggregates import count, latest, maximum, mean, minimum, share, total
from solvent.features.language import Declaration, feature, is_sentinel, ratio, table, within

application = table("application")
previous = table("previous_application")

approved = previous.NAME_CONTRACT_STATUS == "Approved"
refused = previous.NAME_CONTRACT_STATUS == "Refused"
open_loan = approved & is_sentinel(previous.DAYS_LAST_DUE)
simple_interest = ratio(
    ratio(previous.AMT_ANNUITY * previous.CNT_PAYMENT, previous.AMT_CREDIT) - 1.0, previous.CNT_PAYMENT
)

annuity_open = total(previous.AMT_ANNUITY, where=open_loan)
credit_mean_approved = mean(previous.AMT_CREDIT, where=approved)
annuity_mean_approved = mean(previous.AMT_ANNUITY, where=approved)

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "previous_application_count", count(previous),
        unit="count", meaning="earlier applications with us", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_approved_share", share(approved),
        unit="share", meaning="share of earlier applications that were approved", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_refused_share", share(refused),
        unit="share", meaning="share of earlier applications that were refused", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_refused_share_last_3", share(refused, last=3, by=previous.DAYS_DECISION),
        unit="share", meaning="share of refusals in the last three applications", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_refused_share_last_5", share(refused, last=5, by=previous.DAYS_DECISION),
        unit="share", meaning="share of refusals in the last five applications", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_refused_days_latest", maximum(previous.DAYS_DECISION, where=refused),
        unit="days", meaning="time of the last refusal, relative to the application", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_scoring_refusal_share", share(previous.CODE_REJECT_REASON.is_in("SCO", "SCOFR", "HC")),
        unit="share", meaning="share of applications refused by score or policy", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_days_decision_mean", mean(previous.DAYS_DECISION),
        unit="days", meaning="mean time of the earlier decisions", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_days_decision_min", minimum(previous.DAYS_DECISION),
        unit="days", meaning="time of the first decision about this client", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_days_decision_max_approved", maximum(previous.DAYS_DECISION, where=approved),
        unit="days", meaning="time of the last approval", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_application_count_365d", count(previous, where=within(previous.DAYS_DECISION, last=365)),
        unit="count", meaning="applications with us within a year", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_credit_amount_mean_approved", credit_mean_approved,
        unit="currency", meaning="mean credit of the approved applications", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_annuity_mean_approved", annuity_mean_approved,
        unit="currency", meaning="mean annuity of the approved applications", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_credit_annuity_ratio_mean_approved",
        mean(ratio(previous.AMT_CREDIT, previous.AMT_ANNUITY), where=approved),
        unit="ratio", meaning="credit over annuity of approved applications, mean", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_down_payment_rate_mean", mean(previous.RATE_DOWN_PAYMENT),
        unit="share", meaning="mean rate of down payment", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_term_months_mean_approved", mean(previous.CNT_PAYMENT, where=approved),
        unit="months", meaning="mean term of the approved loans", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_simple_interest_mean", mean(simple_interest, where=approved),
        unit="share", meaning="interest per instalment over credit of approved loans, mean",
        reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_open_loan_count", count(previous, where=open_loan),
        unit="count", meaning="loans with us that are still open", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_first_drawing_days_max", maximum(previous.DAYS_FIRST_DRAWING),
        unit="days", meaning="newest first drawing of a revolving credit", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_early_end_days_mean_approved",
        mean(previous.DAYS_LAST_DUE_1ST_VERSION - previous.DAYS_LAST_DUE, where=approved),
        unit="days", meaning="planned less real last instalment of approved loans, mean",
        reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_product_latest", latest(previous.PRODUCT_COMBINATION, by=previous.DAYS_DECISION),
        unit="category", meaning="product of the last application", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_yield_group_latest", latest(previous.NAME_YIELD_GROUP, by=previous.DAYS_DECISION),
        unit="category", meaning="interest group of the last application", reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_same_contract_share", share(previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE),
        unit="share", meaning="share of earlier applications for the product asked for now",
        reason="PREVIOUS_APPLICATIONS",
    ),
    feature(
        "previous_larger_credit_count",
        count(previous, where=approved & (previous.AMT_CREDIT >= application.AMT_CREDIT)),
        unit="count", meaning="approved loans at least as large as the one asked for now",
        reason="PREVIOUS_APPLICATIONS",
    ),
)  # fmt: skip
