"""Rows are put in order, and in groups, as the feature language says."""

from math import inf, isnan, nan

from solvent.features.row_order import find_in, group_rows, latest_first, value_before


def test_the_largest_key_comes_first_and_rows_without_it_are_left_out() -> None:
    assert latest_first(range(4), [(-30.0, -10.0, nan, -20.0)]) == [1, 3, 0]


def test_only_the_places_that_are_given_are_put_in_order() -> None:
    assert latest_first([0, 3], [(-30.0, -10.0, nan, -20.0)]) == [3, 0]


def test_ties_go_by_the_next_keys_and_a_missing_one_comes_last() -> None:
    first, second, third = (5.0, 5.0, 5.0, 9.0), (1.0, nan, 1.0, 0.0), (2.0, 8.0, 3.0, 0.0)
    assert latest_first(range(4), [first, second, third]) == [3, 2, 0, 1]


def test_rows_that_are_alike_keep_their_order() -> None:
    assert latest_first(range(3), [(1.0, 1.0, 2.0), (nan, nan, 0.0)]) == [2, 0, 1]


def test_rows_are_grouped_by_their_key_and_left_out_without_one() -> None:
    assert group_rows((7.0, nan, 3.0, 7.0)) == {7.0: [0, 3], 3.0: [2]}


def test_rows_are_grouped_by_two_keys_and_left_out_without_one_of_them() -> None:
    assert group_rows((7.0, 7.0, 3.0, 7.0, nan), (1.0, 2.0, nan, 1.0, 1.0)) == {(7.0, 1.0): [0, 3], (7.0, 2.0): [1]}
    assert group_rows((), ()) == {}


def test_the_value_before_is_that_of_the_next_older_row() -> None:
    found = value_before((10.0, 20.0, 30.0, 40.0), [(-1.0, -3.0, nan, -2.0)])
    assert (found[0], found[3]) == (40.0, 20.0)
    assert isnan(found[1])
    assert isnan(found[2])


def test_the_value_before_within_a_group_stays_in_it() -> None:
    groups = {1.0: [0, 1], 2.0: [2]}
    found = value_before((10.0, 20.0, 30.0), [(-1.0, -3.0, -2.0)], groups)
    assert found[0] == 20.0
    assert isnan(found[1])
    assert isnan(found[2])


def test_a_group_is_found_by_its_key() -> None:
    ask = find_in({7.0: [0, 3], 3.0: [2]}, (0.5, 0.25))
    assert (ask(3.0, inf), ask(4.0, inf)) == (0.25, inf)
    assert find_in(nan, ())(3.0, inf) == inf
