"""A program that uses every operation and every statistic of the language."""

from small_programs import application, bureau, compile_all, instalments, months, pos, previous

from solvent.features.aggregates import (
    before,
    count,
    deviation,
    distinct,
    earliest,
    grouped,
    kurtosis,
    latest,
    longest_run,
    lookup,
    maximum,
    mean,
    median,
    minimum,
    quantile,
    run_count,
    share,
    slope,
    total,
    weighted_mean,
)
from solvent.features.language import (
    Expression,
    absolute,
    as_number,
    coalesce,
    exponential,
    is_missing,
    is_sentinel,
    larger,
    largest_present,
    logarithm,
    mean_present,
    ratio,
    smaller,
    square_root,
    when,
    within,
)
from solvent.features.program import Program

_debt, _limit, _started = bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM_LIMIT, bureau.DAYS_CREDIT
_active = bureau.CREDIT_ACTIVE.is_in("Active", "Sold")
_due, _paid = instalments.DAYS_INSTALMENT, instalments.AMT_PAYMENT
_credit, _annuity = application.AMT_CREDIT, application.AMT_ANNUITY
_loans = grouped(instalments, by="SK_ID_PREV")
_paid_per_loan, _newest = _loans.value(total(_paid)), _loans.value(maximum(_due))
_late_share = grouped(months, by="SK_ID_BUREAU").value(share(months.STATUS.is_in("1", "2"), where=months.STATUS != "X"))
_instalments = grouped(instalments, by="SK_ID_PREV", each="NUM_INSTALMENT_NUMBER")
_paid_each = _instalments.value(total(_paid))
_status = grouped(pos, by="SK_ID_PREV").value(latest(pos.NAME_CONTRACT_STATUS, by=pos.MONTHS_BALANCE))
_found_status = lookup(_status, into=previous)
_open = is_sentinel(previous.DAYS_LAST_DUE)


def build_whole_language() -> Program:
    """Every operation and every statistic: over rows, over loans, on a client's values, beside the application."""
    return compile_all(
        *statistics_of(_debt, _active, _started),
        *statistics_of(_paid - _annuity, _due > _credit * -1e-3, _due),
        *statistics_of(_paid_per_loan, _newest > -20, _newest),
        *statistics_of(_paid_each, _paid_each > 2, _instalments.value(maximum(_due))),
        *statistics_of(lookup(_late_share, into=bureau), _active, _started),
        *(one for row in _row_values() for one in (mean(row), latest(row, by=bureau.DAYS_CREDIT_UPDATE))),
        *_client_values(maximum(_debt), minimum(_limit)),
        *_counts_and_categories(),
    )


def statistics_of(value: Expression, flag: Expression, order: Expression) -> list[Expression]:
    """Every statistic, alone, with a filter, and over the last rows."""
    return [
        one
        for take in (total, mean, minimum, maximum, deviation)
        for one in (take(value), take(value, where=flag), take(value, last=2, by=order, where=flag))
    ] + [
        share(flag),
        share(flag, where=is_missing(value) | (value > 2)),
        share(flag, last=3, by=order),
        *(
            one
            for take in (distinct, median, kurtosis, longest_run, run_count)
            for one in (take(value), take(value, where=flag))
        ),
        quantile(value, 0.9, where=flag),
        slope(value, over=order),
        slope(value, over=order, where=flag),
        slope(value, over=order, last=3, by=order),
        latest(value, by=order),
        latest(value, by=order, where=flag),
    ]


def _row_values() -> list[Expression]:
    return [
        absolute(_debt),
        larger(_debt, _limit),
        smaller(_debt, _limit),
        square_root(_debt),
        logarithm(_debt),
        coalesce(_debt, _limit),
        exponential(_started * 0.01),
        exponential(_limit),
        ratio(_debt, _limit),
        ratio(exponential(-_started), exponential(_started)),
        _debt - _limit * 2,
        1 - _debt * _annuity,
        mean_present(_debt, _limit, bureau.AMT_ANNUITY),
        largest_present(_debt, _limit),
        when(_active & ~(_debt < _limit), _debt, _limit),
        when(_debt == _limit, _started),
        when(_active | (_debt <= _credit), _annuity, 3.0),
        as_number((_debt != _limit) | (_limit > 0)),
        as_number(is_missing(_debt)),
        before(_debt, by=_started),
        _debt - before(_limit * before(_limit, by=_started), by=-_started),
    ]


def _client_values(first: Expression, second: Expression) -> list[Expression]:
    return [
        ratio(first, second),
        larger(first, second),
        smaller(first, second),
        coalesce(first, second),
        first * second - 1,
        when(first > second, first),
        when(is_missing(first), 0.0, second),
        square_root(second),
        logarithm(first),
        exponential(second),
        absolute(second),
        -first,
        as_number(~(first == second) & (first <= _credit)),
        first < 5,
        is_missing(first),
    ]


def _counts_and_categories() -> list[Expression]:
    return [
        count(bureau),
        count(bureau, where=_active),
        count(months),
        count(months, where=months.STATUS == "C"),
        count(_loans),
        count(_instalments),
        maximum(_instalments.value(mean(_paid, last=2, by=_due, where=_paid > 1))),
        maximum(_instalments.value(longest_run(_due))),
        count(_loans, where=_paid_per_loan > _annuity * 0.01),
        mean(ratio(_paid_per_loan, _annuity)),
        count(previous, where=_open & within(previous.DAYS_DECISION, last=365)),
        share(_open, last=1, by=previous.DAYS_DECISION),
        share(previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE),
        latest(bureau.CREDIT_TYPE, by=_started),
        distinct(bureau.CREDIT_TYPE),
        latest(_found_status, by=previous.DAYS_DECISION),
        share(_found_status == "Active"),
        earliest(bureau.CREDIT_TYPE, by=_started),
        weighted_mean(_debt, exponential(_started * 0.01), where=_active),
        mean(_paid - before(_paid, by=_due, within_loan=_loans)),
        maximum(_loans.value(mean(_paid, last=2, by=_due, where=_paid > before(_paid, by=_due)))),
        application.NAME_CONTRACT_TYPE,
        as_number(application.ORGANIZATION_TYPE == "Bank"),
        as_number(is_sentinel(application.DAYS_EMPLOYED)),
        as_number(is_sentinel(application.ORGANIZATION_TYPE)),
        as_number(is_missing(application.OCCUPATION_TYPE)),
    ]
