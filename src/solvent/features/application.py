"""Features of the application itself: its raw columns, and what they say together."""

from solvent.features.language import (
    Declaration,
    Expression,
    as_number,
    count_present,
    feature,
    is_sentinel,
    largest_present,
    mean_present,
    ratio,
    smallest_present,
    sum_present,
    table,
)
from solvent.tables.schemas import CLIENT, TARGET, Column, ColumnKind, table_schema

application = table("application")

DAYS_PER_YEAR = 365.25

_REASONS_BY_PREFIX = (
    ("EXT_SOURCE", "EXTERNAL_SCORE"),
    ("AMT_INCOME", "INCOME_BURDEN"),
    ("AMT_REQ_CREDIT_BUREAU", "ENQUIRIES"),
    ("AMT_", "LOAN_TERMS"),
    ("NAME_CONTRACT_TYPE", "LOAN_TERMS"),
    ("DAYS_EMPLOYED", "EMPLOYMENT"),
    ("OCCUPATION", "EMPLOYMENT"),
    ("ORGANIZATION", "EMPLOYMENT"),
    ("NAME_INCOME_TYPE", "EMPLOYMENT"),
    ("FLAG_EMP_PHONE", "EMPLOYMENT"),
    ("DAYS_ID", "STABILITY"),
    ("DAYS_REGISTRATION", "STABILITY"),
    ("DAYS_LAST_PHONE", "STABILITY"),
    ("FLAG_DOCUMENT", "STABILITY"),
    ("FLAG_PHONE", "STABILITY"),
    ("FLAG_WORK_PHONE", "STABILITY"),
    ("REGION", "REGION"),
    ("REG_", "REGION"),
    ("LIVE_", "REGION"),
    ("CNT_", "HOUSEHOLD"),
    ("NAME_HOUSING", "HOUSEHOLD"),
    ("FLAG_OWN", "HOUSEHOLD"),
    ("OWN_CAR", "HOUSEHOLD"),
)
_HOUSING_SUFFIXES = ("_AVG", "_MODE", "_MEDI")


def declare_raw_columns(forbidden: frozenset[str]) -> tuple[Declaration, ...]:
    """Declare every raw column of the application that a model may read, in the order of the file."""
    return tuple(
        feature(
            f"application_{column.name.lower()}",
            application.column(column.name),
            unit=column.unit,
            meaning=column.meaning,
            reason=_reason_of(column),
        )
        for column in table_schema("application").columns
        if column.kind is not ColumnKind.KEY and column.name not in {CLIENT, TARGET, *forbidden}
    )


def _reason_of(column: Column) -> str:
    if column.name.endswith(_HOUSING_SUFFIXES):
        return "HOUSEHOLD"
    return next((reason for prefix, reason in _REASONS_BY_PREFIX if column.name.startswith(prefix)), "PROFILE")


_external = (application.EXT_SOURCE_1, application.EXT_SOURCE_2, application.EXT_SOURCE_3)
_income, _credit, _annuity = application.AMT_INCOME_TOTAL, application.AMT_CREDIT, application.AMT_ANNUITY
_heads = application.CNT_CHILDREN + 1.0
_documents = tuple(application.column(f"FLAG_DOCUMENT_{number}") for number in range(2, 22))
_enquiries = tuple(
    application.column(f"AMT_REQ_CREDIT_BUREAU_{period}") for period in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")
)


def _weighted(values: tuple[Expression, ...], weights: tuple[float, ...]) -> Expression:
    """Weighted mean of the values that are there."""
    pairs = tuple(zip(values, weights, strict=True))
    return ratio(
        sum_present(*(value * weight for value, weight in pairs)),
        sum_present(*(value * 0.0 + weight for value, weight in pairs)),
    )


DECLARATIONS: tuple[Declaration, ...] = (
    feature(
        "application_external_score_mean", mean_present(*_external),
        unit="score", meaning="mean of the external scores that are there", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_min", smallest_present(*_external),
        unit="score", meaning="lowest external score", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_max", largest_present(*_external),
        unit="score", meaning="highest external score", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_product", _external[0] * _external[1] * _external[2],
        unit="score", meaning="product of the three external scores, if all are there", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_product_2_3", _external[1] * _external[2],
        unit="score", meaning="product of the second and third external score", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_weighted", _weighted(_external, (2.0, 1.0, 3.0)),
        unit="score", meaning="external scores weighted 2:1:3, over those that are there", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_count", count_present(*_external),
        unit="count", meaning="number of external scores that are there", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_credit_annuity_ratio", ratio(_credit, _annuity),
        unit="ratio", meaning="credit over annuity: about the term, interest included", reason="LOAN_TERMS",
    ),
    feature(
        "application_credit_goods_ratio", ratio(_credit, application.AMT_GOODS_PRICE),
        unit="ratio", meaning="credit over the price of the goods", reason="LOAN_TERMS",
    ),
    feature(
        "application_goods_credit_difference", application.AMT_GOODS_PRICE - _credit,
        unit="currency", meaning="price of the goods less credit", reason="LOAN_TERMS",
    ),
    feature(
        "application_annuity_income_ratio", ratio(_annuity, _income),
        unit="ratio", meaning="annuity over income", reason="INCOME_BURDEN",
    ),
    feature(
        "application_credit_income_ratio", ratio(_credit, _income),
        unit="ratio", meaning="credit over income", reason="INCOME_BURDEN",
    ),
    feature(
        "application_residual_income_per_head", ratio(_income - _annuity * 12.0, _heads),
        unit="currency", meaning="income less twelve annuities, per head of applicant and children",
        reason="INCOME_BURDEN",
    ),
    feature(
        "application_income_per_head", ratio(_income, _heads),
        unit="currency", meaning="income per head of applicant and children", reason="INCOME_BURDEN",
    ),
    feature(
        "application_employed_age_ratio", ratio(application.DAYS_EMPLOYED, application.DAYS_BIRTH),
        unit="share", meaning="share of life in the current employment", reason="EMPLOYMENT",
    ),
    feature(
        "application_income_employed_ratio", ratio(_income, -application.DAYS_EMPLOYED),
        unit="currency per day", meaning="income per day in the current employment", reason="EMPLOYMENT",
    ),
    feature(
        "application_not_employed_flag", as_number(is_sentinel(application.DAYS_EMPLOYED)),
        unit="flag 0/1", meaning="the days of employment hold the mark of those who have none", reason="EMPLOYMENT",
    ),
    feature(
        "application_age_at_id_years", (application.DAYS_ID_PUBLISH - application.DAYS_BIRTH) * (1.0 / DAYS_PER_YEAR),
        unit="years", meaning="age when the identity document was issued", reason="STABILITY",
    ),
    feature(
        "application_age_at_registration_years",
        (application.DAYS_REGISTRATION - application.DAYS_BIRTH) * (1.0 / DAYS_PER_YEAR),
        unit="years", meaning="age when the registration last changed", reason="STABILITY",
    ),
    feature(
        "application_phone_change_employed_ratio", ratio(application.DAYS_LAST_PHONE_CHANGE, application.DAYS_EMPLOYED),
        unit="ratio", meaning="days since the last change of phone over days employed", reason="STABILITY",
    ),
    feature(
        "application_document_count", sum_present(*_documents),
        unit="count", meaning="number of optional documents provided", reason="STABILITY",
    ),
    feature(
        "application_enquiry_count", sum_present(*_enquiries),
        unit="count", meaning="enquiries about the client at the bureau within a year", reason="ENQUIRIES",
    ),
    feature(
        "application_circle_default_30_ratio",
        ratio(application.DEF_30_CNT_SOCIAL_CIRCLE, application.OBS_30_CNT_SOCIAL_CIRCLE),
        unit="share", meaning="share of the observed social circle that was 30 days late", reason="PROFILE",
    ),
)  # fmt: skip
