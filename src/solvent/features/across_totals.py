"""Features that set totals of several tables against the application: burden, means so far, and time."""

from solvent.features import bureau, credit_card, installments, previous_applications
from solvent.features.aggregates import maximum, mean, minimum, total
from solvent.features.bureau_loans import annuity as bureau_annuity
from solvent.features.bureau_loans import credit as bureau_credit
from solvent.features.installments_windows import instalment, payment
from solvent.features.language import (
    Declaration,
    Expression,
    coalesce,
    feature,
    is_missing,
    mean_present,
    ratio,
    table,
    when,
)
from solvent.features.previous_loans import credit_annuity as previous_credit_annuity
from solvent.features.previous_loans import decided, term

application = table("application")

_income, _credit, _annuity = application.AMT_INCOME_TOTAL, application.AMT_CREDIT, application.AMT_ANNUITY
_previous = previous_applications
_score = mean_present(application.EXT_SOURCE_1, application.EXT_SOURCE_2, application.EXT_SOURCE_3)
_card_balance = total(credit_card.card.AMT_BALANCE, where=credit_card.card.MONTHS_BALANCE >= -1)
_delay_mean = mean(installments.instalments.DAYS_ENTRY_PAYMENT - installments.instalments.DAYS_INSTALMENT)


def _against(name: str, value: Expression, by: Expression, meaning: str, reason: str) -> Declaration:
    return feature(f"across_{name}", ratio(value, by), unit="ratio", meaning=meaning, reason=reason)


BURDEN: tuple[Declaration, ...] = (
    _against(
        "bureau_annuity_income_ratio", bureau.annuity_active, _income,
        "annuities of the open bureau loans over income", "INCOME_BURDEN",
    ),
    _against(
        "bureau_credit_income_ratio", bureau.credit_active, _income,
        "credit of the open bureau loans over income", "INCOME_BURDEN",
    ),
    _against(
        "bureau_credit_mean_income_ratio", mean(bureau_credit.value), _income,
        "mean credit of a bureau loan over income", "BUREAU_DEBT",
    ),
    _against(
        "open_annuity_income_ratio", _previous.annuity_open, _income,
        "annuities of the open loans with us over income", "INCOME_BURDEN",
    ),
    _against("card_balance_income_ratio", _card_balance, _income, "balance of the cards over income", "INCOME_BURDEN"),
    _against(
        "card_minimum_annuity_ratio", credit_card.minimum_instalment, _annuity,
        "minimum instalment of the card over the annuity of now", "INCOME_BURDEN",
    ),
    _against(
        "debt_credit_ratio", bureau.debt_active, _credit,
        "debt with other lenders over the credit of now", "BUREAU_DEBT",
    ),
    _against(
        "total_debt_annuity_ratio",
        coalesce(bureau.debt_active, 0.0) + coalesce(_card_balance, 0.0) + _credit, _annuity,
        "debt with other lenders, balance of the cards and credit of now over the annuity of now", "INCOME_BURDEN",
    ),
)  # fmt: skip

SO_FAR: tuple[Declaration, ...] = (
    *(
        _against(
            f"payment_annuity_ratio_{word}", value, _annuity, f"{meaning} over the annuity of now", "INCOME_BURDEN"
        )
        for word, value, meaning in (
            ("min", minimum(payment.value), "smallest payment so far"),
            ("instalment_max", maximum(instalment.value), "largest instalment so far"),
            ("instalment_mean", mean(instalment.value), "mean instalment so far"),
        )
    ),
    *(
        _against(
            f"approved_credit_ratio_{word}", take(_previous.previous.AMT_CREDIT, where=_previous.approved), _credit,
            f"{meaning} approved credit so far over the credit of now", "LOAN_TERMS",
        )
        for word, take, meaning in (("min", minimum, "smallest"), ("max", maximum, "largest"), ("sum", total, "all"))
    ),
    _against(
        "approved_annuity_ratio_max", maximum(_previous.previous.AMT_ANNUITY, where=_previous.approved), _annuity,
        "largest approved annuity so far over that of now", "LOAN_TERMS",
    ),
    *(
        _against(
            f"credit_annuity_now_ratio_{word}", take(previous_credit_annuity.value, where=_previous.approved),
            ratio(_credit, _annuity), f"{meaning} credit over annuity of approved loans over that of now", "LOAN_TERMS",
        )
        for word, take, meaning in (("max", maximum, "largest"), ("mean", mean, "mean"))
    ),
    _against(
        "term_now_ratio", mean(term.value, where=_previous.approved), ratio(_credit, _annuity),
        "mean term of approved loans over credit over annuity of now", "LOAN_TERMS",
    ),
    _against(
        "bureau_annuity_annuity_ratio", mean(bureau_annuity.value), _annuity,
        "mean annuity of a bureau loan over the annuity of now", "LOAN_TERMS",
    ),
    _against(
        "bureau_credit_credit_ratio_mean", mean(bureau_credit.value), _credit,
        "mean credit of a bureau loan over the credit of now", "LOAN_TERMS",
    ),
    _against(
        "bureau_credit_credit_ratio_max", maximum(bureau_credit.value), _credit,
        "largest credit of a bureau loan over the credit of now", "LOAN_TERMS",
    ),
)  # fmt: skip

TIME: tuple[Declaration, ...] = (
    *(
        _against(
            f"{name}_{beside}_ratio", value, days, f"{meaning} over {words}", "STABILITY"
        )
        for name, value, meaning in (
            ("approval_days", mean(decided.value, where=_previous.approved), "mean time of approvals"),
            ("bureau_days_credit", mean(bureau.bureau.DAYS_CREDIT), "mean start of bureau loans"),
        )
        for beside, days, words in (
            ("age", application.DAYS_BIRTH, "age"), ("employed", application.DAYS_EMPLOYED, "time employed"),
        )
    ),
    feature(
        "across_first_credit_days",
        when(
            is_missing(minimum(bureau.bureau.DAYS_CREDIT)), minimum(decided.value),
            minimum(bureau.bureau.DAYS_CREDIT),
        ),
        unit="days", meaning="start of the oldest bureau loan, or the first decision of ours if there is none",
        reason="BUREAU_HISTORY",
    ),
    feature(
        "across_external_score_debt_ratio", ratio(bureau.debt_active, _income) * (1.0 - _score),
        unit="ratio", meaning="debt with other lenders over income, times one less the mean external score",
        reason="BUREAU_DEBT",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*BURDEN, *SO_FAR, *TIME)
