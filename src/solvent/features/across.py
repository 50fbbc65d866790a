"""Features that set what several tables say against the application."""

from solvent.features import bureau, credit_card, installments, pos_cash, previous_applications
from solvent.features.language import Declaration, coalesce, feature, ratio, table

application = table("application")

_income, _credit, _annuity = application.AMT_INCOME_TOTAL, application.AMT_CREDIT, application.AMT_ANNUITY
_yearly_service = (
    _annuity
    + coalesce(bureau.annuity_active, 0.0)
    + coalesce(previous_applications.annuity_open, 0.0)
    + coalesce(credit_card.minimum_instalment, 0.0)
) * 12.0

DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "across_annuity_payment_ratio_max", ratio(_annuity, installments.payment_max),
        unit="ratio", meaning="annuity over the largest payment so far", reason="INCOME_BURDEN",
    ),
    feature(
        "across_annuity_payment_ratio_mean", ratio(_annuity, installments.payment_mean),
        unit="ratio", meaning="annuity over the mean payment so far", reason="INCOME_BURDEN",
    ),
    feature(
        "across_bureau_debt_income_ratio", ratio(bureau.debt_active, _income),
        unit="ratio", meaning="debt with other lenders over income", reason="BUREAU_DEBT",
    ),
    feature(
        "across_debt_and_credit_income_ratio", ratio(coalesce(bureau.debt_active, 0.0) + _credit, _income),
        unit="ratio", meaning="debt with other lenders and this credit over income", reason="INCOME_BURDEN",
    ),
    feature(
        "across_total_credit_annuity_ratio",
        ratio(
            coalesce(bureau.credit_active, 0.0) + _credit,
            coalesce(bureau.annuity_active, 0.0) + _annuity,
        ),
        unit="ratio", meaning="open credit and this one over their annuities", reason="LOAN_TERMS",
    ),
    feature(
        "across_debt_service_income_ratio", ratio(_yearly_service, _income),
        unit="ratio", meaning="a year of all known instalments, this loan's included, over income",
        reason="INCOME_BURDEN",
    ),
    feature(
        "across_previous_credit_ratio", ratio(previous_applications.credit_mean_approved, _credit),
        unit="ratio", meaning="mean approved credit so far over this credit", reason="LOAN_TERMS",
    ),
    feature(
        "across_previous_annuity_ratio", ratio(previous_applications.annuity_mean_approved, _annuity),
        unit="ratio", meaning="mean approved annuity so far over this annuity", reason="LOAN_TERMS",
    ),
    feature(
        "across_future_payments_income_ratio",
        ratio(pos_cash.remaining_instalments * previous_applications.annuity_mean_approved, _income),
        unit="ratio", meaning="instalments left times mean annuity over income", reason="INCOME_BURDEN",
    ),
)  # fmt: skip
