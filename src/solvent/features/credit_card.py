"""Features of the monthly statements of credit cards with us."""

from solvent.features.aggregates import count, latest, maximum, mean, share, slope, total
from solvent.features.language import Declaration, feature, ratio, table, within

card = table("credit_card_balance")

_use = ratio(card.AMT_BALANCE, card.AMT_CREDIT_LIMIT_ACTUAL)

minimum_instalment = latest(card.AMT_INST_MIN_REGULARITY, by=card.MONTHS_BALANCE)

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "card_month_count", count(card),
        unit="count", meaning="months of card statements", reason="CARD_USE",
    ),
    feature(
        "card_use_ratio_mean", mean(_use),
        unit="ratio", meaning="balance over limit, mean", reason="CARD_USE",
    ),
    feature(
        "card_use_ratio_max", maximum(_use),
        unit="ratio", meaning="highest balance over limit", reason="CARD_USE",
    ),
    feature(
        "card_use_ratio_max_2m", maximum(_use, where=within(card.MONTHS_BALANCE, last=2)),
        unit="ratio", meaning="highest balance over limit in two months", reason="CARD_USE",
    ),
    feature(
        "card_use_ratio_slope_6m", slope(_use, over=card.MONTHS_BALANCE, where=within(card.MONTHS_BALANCE, last=6)),
        unit="ratio per month", meaning="trend of balance over limit in six months", reason="CARD_USE",
    ),
    feature(
        "card_limit_amount_max", maximum(card.AMT_CREDIT_LIMIT_ACTUAL),
        unit="currency", meaning="highest limit", reason="CARD_USE",
    ),
    feature(
        "card_atm_share", ratio(total(card.AMT_DRAWINGS_ATM_CURRENT), total(card.AMT_DRAWINGS_CURRENT)),
        unit="share", meaning="cash machine drawings over all drawings", reason="CARD_USE",
    ),
    feature(
        "card_drawing_count_mean_12m", mean(card.CNT_DRAWINGS_CURRENT, where=within(card.MONTHS_BALANCE, last=12)),
        unit="count", meaning="drawings per month in a year, mean", reason="CARD_USE",
    ),
    feature(
        "card_atm_month_latest", maximum(card.MONTHS_BALANCE, where=card.AMT_DRAWINGS_ATM_CURRENT > 0),
        unit="months", meaning="last month with a drawing at a cash machine", reason="CARD_USE",
    ),
    feature(
        "card_minimum_payer_share",
        share(card.AMT_PAYMENT_CURRENT <= card.AMT_INST_MIN_REGULARITY, where=card.AMT_INST_MIN_REGULARITY > 0),
        unit="share", meaning="share of months in which at most the minimum was paid", reason="CARD_USE",
    ),
    feature(
        "card_late_share", share(card.SK_DPD > 0),
        unit="share", meaning="share of months with days past due", reason="PAYMENT_DELAYS",
    ),
    feature(
        "card_late_tolerant_days_max", maximum(card.SK_DPD_DEF),
        unit="days", meaning="most days past due beyond the tolerance", reason="PAYMENT_DELAYS",
    ),
)  # fmt: skip
