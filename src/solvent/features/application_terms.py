"""Features of the application: what the loan costs, and what the client's age, work and home say beside it."""

from solvent.features.application import DAYS_PER_YEAR, application
from solvent.features.language import (
    Declaration,
    Expression,
    as_number,
    count_present,
    exponential,
    feature,
    is_missing,
    largest_present,
    logarithm,
    mean_present,
    ratio,
    smallest_present,
    square_root,
    sum_present,
    when,
)

_income, _credit, _annuity = application.AMT_INCOME_TOTAL, application.AMT_CREDIT, application.AMT_ANNUITY
_goods = application.AMT_GOODS_PRICE
_born, _employed = application.DAYS_BIRTH, application.DAYS_EMPLOYED
_heads = application.CNT_CHILDREN + 1.0
_scores = {number: application.column(f"EXT_SOURCE_{number}") for number in (1, 2, 3)}
_score_mean = mean_present(*_scores.values())
_housing = tuple(
    application.column(f"{name}_AVG")
    for name in (
        "APARTMENTS", "BASEMENTAREA", "YEARS_BEGINEXPLUATATION", "YEARS_BUILD", "COMMONAREA", "ELEVATORS", "ENTRANCES",
        "FLOORSMAX", "FLOORSMIN", "LANDAREA", "LIVINGAPARTMENTS", "LIVINGAREA", "NONLIVINGAPARTMENTS", "NONLIVINGAREA",
    )
)  # fmt: skip
_optional = (
    *_scores.values(), *_housing, _annuity, _goods, _employed, application.OWN_CAR_AGE,
    application.AMT_REQ_CREDIT_BUREAU_YEAR, application.DEF_30_CNT_SOCIAL_CIRCLE, application.DAYS_LAST_PHONE_CHANGE,
)  # fmt: skip

_LOWEST_RATE = 0.085
"""Yearly rates below it are no offer of the lender; found in its earlier loans by the 5th place of the competition."""
_TERMS = tuple(range(6, 61, 6))


def _rate_at(months: int) -> Expression:
    """Yearly rate if repaid in this many months, where plausible: (annuity * n / credit) ** (12 / n) - 1."""
    grown = exponential(logarithm(ratio(_annuity * float(months), _credit)) * (12.0 / months))
    return when(grown - 1.0 > _LOWEST_RATE, grown - 1.0)


_rates = tuple(_rate_at(months) for months in _TERMS)
_RENEWALS = (45.0, 25.0, 20.0)
"""Ages at which the identity document has to be renewed by law, the latest first."""


def _renewal_delay() -> Expression:
    """Years from the last age of renewal that the client has passed to the issue of the document."""
    age, issued = _born * (-1.0 / DAYS_PER_YEAR), (application.DAYS_ID_PUBLISH - _born) * (1.0 / DAYS_PER_YEAR)
    youngest, *others = sorted(_RENEWALS)
    delay = when(age >= youngest, issued - youngest)
    for renewal in others:
        delay = when(age >= renewal, issued - renewal, delay)
    return delay


def _pairs() -> tuple[Declaration, ...]:
    """What two external scores say together; of the second and third there is the product."""
    differences = (
        feature(
            f"application_external_score_difference_{one}_{other}", _scores[one] - _scores[other],
            unit="score", meaning=f"external score {one} less score {other}", reason="EXTERNAL_SCORE",
        )
        for one, other in ((1, 2), (1, 3), (2, 3))
    )  # fmt: skip
    means = (
        feature(
            f"application_external_score_geometric_mean_1_{other}", square_root(_scores[1] * _scores[other]),
            unit="score", meaning=f"geometric mean of the external scores 1 and {other}", reason="EXTERNAL_SCORE",
        )
        for other in (2, 3)
    )  # fmt: skip
    return (*differences, *means)


def _spread(values: tuple[Expression, ...]) -> Expression:
    """Standard deviation, by n, of the values that are there."""
    middle = mean_present(*values)
    return square_root(mean_present(*((value - middle) * (value - middle) for value in values)))


SCORES: tuple[Declaration, ...] = (
    *_pairs(),
    feature(
        "application_external_score_std", _spread(tuple(_scores.values())),
        unit="score", meaning="spread of the external scores that are there", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_employed_ratio", ratio(_score_mean, _employed * (-1.0 / DAYS_PER_YEAR)),
        unit="score per year", meaning="mean external score per year of employment", reason="EXTERNAL_SCORE",
    ),
    feature(
        "application_external_score_credit_ratio", ratio(_score_mean, ratio(_credit, _income)),
        unit="score", meaning="mean external score over credit over income", reason="EXTERNAL_SCORE",
    ),
)  # fmt: skip

TERMS: tuple[Declaration, ...] = (
    feature(
        "application_goods_income_ratio", ratio(_goods, _income),
        unit="ratio", meaning="price of the goods over income", reason="INCOME_BURDEN",
    ),
    feature(
        "application_residual_income_month", _income * (1.0 / 12.0) - _annuity,
        unit="currency", meaning="income of a month less the annuity", reason="INCOME_BURDEN",
    ),
    feature(
        "application_credit_per_head", ratio(_credit, _heads),
        unit="currency", meaning="credit per head of applicant and children", reason="INCOME_BURDEN",
    ),
    feature(
        "application_income_age_ratio", ratio(_income, _born * (-1.0 / DAYS_PER_YEAR)),
        unit="currency per year", meaning="income over age", reason="INCOME_BURDEN",
    ),
    feature(
        "application_credit_employed_ratio", ratio(_credit, _employed * (-1.0 / DAYS_PER_YEAR)),
        unit="currency per year", meaning="credit per year in the current employment", reason="EMPLOYMENT",
    ),
    feature(
        "application_age_at_end_years",
        _born * (-1.0 / DAYS_PER_YEAR) + ratio(_credit, _annuity) * (1.0 / 12.0),
        unit="years", meaning="age when the loan is repaid, credit over annuity taken for its months",
        reason="LOAN_TERMS",
    ),
    *(
        feature(
            f"application_possible_rate_{statistic}", take(*_rates),
            unit="share per year", meaning=f"{word} yearly rate over the terms of 6 to 60 months that are plausible",
            reason="LOAN_TERMS",
        )
        for statistic, take, word in (
            ("min", smallest_present, "smallest"), ("mean", mean_present, "mean")
        )
    ),
    feature(
        "application_possible_rate_range", largest_present(*_rates) - smallest_present(*_rates),
        unit="share per year", meaning="largest less smallest plausible yearly rate", reason="LOAN_TERMS",
    ),
    feature(
        "application_possible_rate_count", count_present(*_rates),
        unit="count", meaning="terms of 6 to 60 months at which the yearly rate is plausible", reason="LOAN_TERMS",
    ),
)  # fmt: skip


def _share_of_life(name: str, days: Expression, meaning: str, reason: str) -> Declaration:
    return feature(
        f"application_{name}_age_ratio", ratio(days, _born), unit="share", meaning=f"{meaning}, over age", reason=reason
    )


LIFE: tuple[Declaration, ...] = (
    _share_of_life("id_publish", application.DAYS_ID_PUBLISH, "time since the document was issued", "STABILITY"),
    _share_of_life("registration", application.DAYS_REGISTRATION, "time since the registration changed", "STABILITY"),
    _share_of_life("phone_change", application.DAYS_LAST_PHONE_CHANGE, "time since the phone changed", "STABILITY"),
    _share_of_life("car", application.OWN_CAR_AGE * -DAYS_PER_YEAR, "age of the car", "HOUSEHOLD"),
    feature(
        "application_age_at_employment_years", (_employed - _born) * (1.0 / DAYS_PER_YEAR),
        unit="years", meaning="age when the current employment began", reason="EMPLOYMENT",
    ),
    feature(
        "application_id_renewal_delay_years", _renewal_delay(),
        unit="years", meaning="from the last age of legal renewal to the issue of the identity document",
        reason="STABILITY",
    ),
    feature(
        "application_enquiry_count_recent",
        sum_present(*(application.column(f"AMT_REQ_CREDIT_BUREAU_{one}") for one in ("HOUR", "DAY", "WEEK", "MON"))),
        unit="count", meaning="enquiries about the client within a month", reason="ENQUIRIES",
    ),
    feature(
        "application_enquiry_recent_share",
        ratio(
            application.AMT_REQ_CREDIT_BUREAU_MON + application.AMT_REQ_CREDIT_BUREAU_QRT,
            application.AMT_REQ_CREDIT_BUREAU_QRT + application.AMT_REQ_CREDIT_BUREAU_YEAR,
        ),
        unit="ratio", meaning="enquiries of the last month and quarter over those of quarter and year",
        reason="ENQUIRIES",
    ),
    feature(
        "application_circle_default_60_ratio",
        ratio(application.DEF_60_CNT_SOCIAL_CIRCLE, application.OBS_60_CNT_SOCIAL_CIRCLE),
        unit="share", meaning="share of the observed social circle that was 60 days late", reason="PROFILE",
    ),
    feature(
        "application_circle_default_difference",
        application.DEF_30_CNT_SOCIAL_CIRCLE - application.DEF_60_CNT_SOCIAL_CIRCLE,
        unit="count", meaning="of the social circle, late by 30 days but not by 60", reason="PROFILE",
    ),
    feature(
        "application_housing_mean", mean_present(*_housing),
        unit="share", meaning="mean of the normalised facts about the building", reason="HOUSEHOLD",
    ),
    feature(
        "application_housing_std", _spread(_housing),
        unit="share", meaning="spread of the normalised facts about the building", reason="HOUSEHOLD",
    ),
    feature(
        "application_housing_missing_count", sum_present(*(as_number(is_missing(value)) for value in _housing)),
        unit="count", meaning="missing facts about the building, of 14", reason="HOUSEHOLD",
    ),
    feature(
        "application_missing_count", sum_present(*(as_number(is_missing(value)) for value in _optional)),
        unit="count", meaning=f"missing values among {len(_optional)} optional ones", reason="PROFILE",
    ),
    feature(
        "application_address_mismatch_count",
        sum_present(
            *(
                application.column(name)
                for name in (
                    "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "REG_CITY_NOT_LIVE_CITY",
                    "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY",
                )
            )
        ),
        unit="count", meaning="addresses of registration, home and work that differ, of five comparisons",
        reason="REGION",
    ),
)  # fmt: skip

DECLARATIONS: tuple[Declaration, ...] = (*SCORES, *TERMS, *LIFE)
