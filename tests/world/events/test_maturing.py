from collections import Counter

import numpy as np
import pytest

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Floats, Table, numbers, texts
from solvent.world.events.arrivals import DAY
from solvent.world.events.maturing import MONTH, mature

CLIENTS = 20_000


def matured(probability: float, *, defaulted: bool, delay_days: int = 0) -> Table:
    truth: Table = {
        "SK_ID_CURR": np.arange(CLIENTS) + 1,
        "true_probability_default": np.full(CLIENTS, probability),
        "defaulted": np.full(CLIENTS, int(defaulted)),
        "applied_at": np.arange(CLIENTS) * DAY,
    }
    return mature(truth, Draws.stream(5), delay=np.full(CLIENTS, delay_days * DAY))


def kinds_of(outcomes: Table) -> Counter[str]:
    kind = texts(outcomes, "kind")
    return Counter(kind.labels[code] for code in kind.codes.tolist())


def months_of(outcomes: Table, wanted: str) -> Floats:
    rows = texts(outcomes, "kind").equals(wanted)
    applied_at = (numbers(outcomes, "SK_ID_CURR")[rows] - 1) * DAY
    return (numbers(outcomes, "observed_at")[rows] - applied_at) / MONTH


def test_everybody_matures_after_twelve_months_with_a_final_answer() -> None:
    for defaulted in (False, True):
        outcomes = matured(0.1, defaulted=defaulted)
        assert set(months_of(outcomes, "matured")) == {12.0}
        final = numbers(outcomes, "defaulted")[texts(outcomes, "kind").equals("matured")]
        assert final.tolist() == [float(defaulted)] * CLIENTS


def test_a_default_shows_between_month_4_and_12_and_most_in_the_first_half() -> None:
    outcomes = matured(0.1, defaulted=True)
    months = months_of(outcomes, "default")
    assert sorted(set(months)) == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert (months == 4).mean() == pytest.approx(0.16, abs=0.01)
    assert (months <= 7).mean() == pytest.approx(0.61, abs=0.012)
    assert set(numbers(outcomes, "defaulted")[texts(outcomes, "kind").equals("default")]) == {1.0}


def test_early_signs_precede_defaults_and_say_nothing_final() -> None:
    outcomes = matured(0.1, defaulted=True)
    signs = kinds_of(outcomes)
    assert signs["first_payment_missed"] / CLIENTS == pytest.approx(0.16, abs=0.01)
    assert signs["late_30_days"] / CLIENTS == pytest.approx(0.33, abs=0.012)
    assert set(months_of(outcomes, "first_payment_missed")) == {1.0}
    assert set(months_of(outcomes, "late_30_days")) == {3.0}
    early = texts(outcomes, "kind").equals("first_payment_missed", "late_30_days")
    assert np.isnan(numbers(outcomes, "defaulted")[early]).all()


def test_who_repays_shows_early_signs_seldom_and_never_defaults() -> None:
    signs = kinds_of(matured(0.2, defaulted=False))
    assert signs["default"] == 0
    assert signs["first_payment_missed"] / CLIENTS == pytest.approx(0.06, abs=0.007)
    assert signs["late_30_days"] / CLIENTS == pytest.approx(0.10, abs=0.009)


def test_a_delay_moves_the_reports_and_not_what_happened() -> None:
    plain, delayed = matured(0.1, defaulted=True), matured(0.1, defaulted=True, delay_days=182)
    assert (numbers(plain, "reported_at") == numbers(plain, "observed_at")).all()
    assert (numbers(delayed, "reported_at") - numbers(plain, "observed_at") == 182 * DAY).all()
    assert (numbers(delayed, "observed_at") == numbers(plain, "observed_at")).all()


def test_rows_come_client_by_client_in_the_order_of_time() -> None:
    outcomes = matured(0.1, defaulted=True)
    client, seen = numbers(outcomes, "SK_ID_CURR"), numbers(outcomes, "observed_at")
    assert (np.diff(client) >= 0).all()
    assert (np.diff(seen)[np.diff(client) == 0] >= 0).all()
