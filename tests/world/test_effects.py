import numpy as np
import pytest

from solvent.world.blocks import Lender
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Table, numbers, texts
from solvent.world.effects import (
    UNCHANGED,
    Effect,
    draw_other_clients,
    hide_columns,
    raise_probability,
    replace_texts,
    scale_columns,
    set_probability,
    shift_latents,
)

HALF = np.array([True, False])


def test_without_an_effect_everything_stays_as_it_is(lender: Lender) -> None:
    latents = lender.copula.draw(Draws.stream(1), 2)
    table: Table = {"a": np.array([1.0, 2.0])}
    assert UNCHANGED.on_latents(latents, HALF) is latents
    assert UNCHANGED.on_probability(np.array([0.1, 0.2]), HALF).tolist() == [0.1, 0.2]
    assert UNCHANGED.on_record(table, HALF, Draws.stream(1)) is table


def test_a_shift_moves_one_latent_of_the_affected_clients(lender: Lender) -> None:
    latents = lender.copula.draw(Draws.stream(1), 2)
    moved = Effect(latents=shift_latents({"AMT_INCOME_TOTAL": -0.5})).on_latents(latents, HALF)
    difference = moved.values - latents.values
    assert difference[0, latents.copula.names.index("AMT_INCOME_TOTAL")] == pytest.approx(-0.5)
    assert np.count_nonzero(difference) == 1


def test_other_clients_have_columns_that_hang_together_as_ever(lender: Lender) -> None:
    latents = lender.copula.draw(Draws.stream(1), 2)
    moved = draw_other_clients({"DAYS_BIRTH": 1.2})(latents) - latents.values
    names = latents.copula.names
    covariance = latents.copula.factor @ latents.copula.factor.T
    assert moved[0, names.index("DAYS_BIRTH")] == pytest.approx(1.2, abs=1e-5)
    assert moved[0] == pytest.approx(1.2 * covariance[names.index("DAYS_BIRTH")], abs=1e-5)
    assert moved[0].tolist() == pytest.approx(moved[1].tolist(), abs=1e-12)


def test_a_raised_probability_moves_on_the_normal_scale() -> None:
    # Normal quantiles of .5 and .0668072 are 0 and -1.5; .6914625 and .1586553 are the shares below .5 and -1.
    raised = raise_probability(0.5)(np.array([0.5, 0.0668072]))
    assert raised == pytest.approx([0.6914625, 0.1586553], abs=1e-6)


def test_a_probability_is_set_for_the_affected_alone() -> None:
    effect = Effect(probability=set_probability(0.9))
    assert effect.on_probability(np.array([0.1, 0.2]), HALF).tolist() == [0.9, 0.2]


def test_a_changed_record_hides_scales_and_renames() -> None:
    table: Table = {
        "amount": np.array([2000.0, 4000.0]),
        "score": np.array([0.5, 0.6]),
        "job": Coded(np.array([0, -1]), ("Drivers",)),
    }
    both, draws = np.array([True, True]), Draws.stream(1)
    assert np.isnan(numbers(Effect(record=hide_columns("score")).on_record(table, both, draws), "score")).all()
    scaled = Effect(record=scale_columns(0.001, "amount")).on_record(table, HALF, draws)
    assert numbers(scaled, "amount").tolist() == [2.0, 4000.0]
    renamed = texts(Effect(record=replace_texts(job="Couriers")).on_record(table, both, draws), "job")
    assert [renamed.labels[code] if code >= 0 else None for code in renamed.codes.tolist()] == ["Couriers", None]
