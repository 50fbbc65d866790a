import numpy as np

from solvent.world.drawing.exact import multiply, settle


def test_multiplies_matrices_and_vectors() -> None:
    left = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert multiply(left, np.array([[1.0, 0.0], [1.0, -1.0]])).tolist() == [[3.0, -2.0], [7.0, -4.0]]
    assert multiply(left, np.array([10.0, 1.0])).tolist() == [12.0, 34.0]


def test_the_last_bits_of_a_fit_are_dropped() -> None:
    assert settle(np.array([0.1234565 + 2e-7 + 1e-13])).tolist() == settle(np.array([0.1234565 + 2e-7])).tolist()
    assert settle(np.array([1 / 3])).tolist() == [0.333333]
