"""Held-out rows survive their file, and two models share what both held out."""

import hmac

import numpy as np
import pytest
from example_report import HELD_OUT
from store_examples import pseudonym

from solvent.errors import TrainingError
from solvent.training.applicants import Applicants
from solvent.training.held_out import HeldOut, draw_pseudonyms, hold_out
from solvent.training.measures import ScoredOutcomes


def rows(client_ids: list[int], defaulted: list[float]) -> HeldOut:
    probabilities = np.array([number / 100 for number in client_ids])
    outcomes = ScoredOutcomes(np.log(probabilities), probabilities, np.array(defaulted))
    return hold_out(np.array(client_ids), outcomes, threshold=0.05, applicants=None)


def test_rows_come_back_from_their_file() -> None:
    again = HeldOut.from_parquet(HELD_OUT.to_parquet())
    assert again.client_ids.tolist() == [1, 2, 3, 4]
    assert again.outcomes.probabilities.tolist() == [0.05, 0.08, 0.12, 0.27]
    assert again.refused.tolist() == [False, False, True, True]
    assert again.labels["sex"].tolist() == ["F", "M", "F", ""]


def test_rows_of_two_models_meet_under_pseudonyms_that_name_no_client() -> None:
    one, other = rows([1, 2, 3], [0.0, 1.0, 0.0]).under(pseudonym), rows([3, 2, 9], [0.0, 1.0, 0.0]).under(pseudonym)
    digests = sorted(hmac.digest(b"a key of these tests", str(number).encode(), "sha256")[:8] for number in (1, 2, 3))
    assert sorted(value.to_bytes(8, "big", signed=True) for value in one.client_ids.tolist()) == digests
    assert (np.diff(one.client_ids) > 0).all()
    mine, theirs = one.shared_with(other)
    assert (
        sorted(mine.outcomes.probabilities.tolist()) == sorted(theirs.outcomes.probabilities.tolist()) == [0.02, 0.03]
    )


def test_names_under_a_key_that_nobody_keeps_are_others_each_time() -> None:
    held_out = rows([1, 2, 3], [0.0, 1.0, 0.0])
    one, other = held_out.under(draw_pseudonyms()), held_out.under(draw_pseudonyms())
    assert len(one.shared_with(other)[0]) == 0


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(TrainingError, match="held-out rows are damaged: train the model again"):
        HeldOut.from_parquet(HELD_OUT.to_parquet()[:-20])


def test_rows_stand_by_client_with_the_decision_of_the_policy() -> None:
    found = rows([7, 3, 5], [1.0, 0.0, 0.0])
    assert found.client_ids.tolist() == [3, 5, 7]
    assert found.outcomes.defaulted.tolist() == [0.0, 0.0, 1.0]
    assert found.refused.tolist() == [False, True, True]
    assert found.labels["sex"].tolist() == ["", "", ""]


def test_labels_follow_their_clients() -> None:
    outcomes = ScoredOutcomes(np.zeros(2), np.full(2, 0.1), np.zeros(2))
    applicants = Applicants(np.array([9, 4]), {"sex": np.array(["M", "F"]), "age_band": np.array(["", ""])})
    found = hold_out(np.array([9, 4]), outcomes, threshold=0.5, applicants=applicants)
    assert (found.client_ids.tolist(), found.labels["sex"].tolist()) == ([4, 9], ["F", "M"])


def test_two_models_share_clients_with_one_outcome() -> None:
    one, other = rows([1, 2, 3, 4], [0.0, 1.0, 0.0, 1.0]).shared_with(rows([4, 3, 2, 9], [1.0, 1.0, 1.0, 0.0]))
    assert one.client_ids.tolist() == other.client_ids.tolist() == [2, 4]


def known(sexes: str, bands: str) -> HeldOut:
    labels = {"sex": np.array([*sexes]), "age_band": np.array([*bands])}
    numbers = np.arange(1, len(sexes) + 1)
    outcomes = ScoredOutcomes(np.zeros(len(sexes)), np.full(len(sexes), 0.1), np.zeros(len(sexes)))
    return hold_out(numbers, outcomes, threshold=0.5, applicants=Applicants(numbers, labels))


def test_numbers_that_two_sets_of_tables_gave_to_different_people_are_not_shared() -> None:
    assert len(known("FFMM", "1234").shared_with(known("FMMF", "4231"))[0]) == 0


def test_of_a_minority_of_such_numbers_no_row_is_compared() -> None:
    one, other = known("FFMMF", "12341").shared_with(known("FFMFM", "12341"))
    assert one.client_ids.tolist() == other.client_ids.tolist() == [1, 2, 3]


def test_who_tells_neither_sex_nor_age_counts_as_the_client_of_that_number() -> None:
    assert len(known("FFMM", "1234").shared_with(rows([1, 2, 3, 4], [0.0] * 4))[0]) == 4
