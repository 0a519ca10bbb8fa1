"""Quasi-Newton steps, on a quadratic whose optimum is known."""

import numpy as np
import pytest

from mixtura.em.quasi_newton import QuasiNewton

# Curvatures as EM sees them: 1 where components are apart, near 0 where they overlap.
CURVATURES = np.array([1.0, 0.9, 0.5, 0.1, 0.01, 0.001])


def steps_to(left: float, most: int) -> int:
    point = np.array([1.0, -2.0, 3.0, 5.0, 8.0, 10.0])
    newton = QuasiNewton(point, -CURVATURES * point)
    for count in range(most):
        if 0.5 * float(CURVATURES @ point**2) < left:
            return count
        point = newton.proposal()
        newton.accept()
        newton.move(point, -CURVATURES * point)
    return most


def test_the_first_step_is_that_of_em():
    newton = QuasiNewton(np.array([2.0, 1.0]), np.array([-1.0, 0.5]))
    np.testing.assert_array_equal(newton.proposal(), [1.0, 1.5])


def test_slow_directions_take_few_steps():
    # EM shrinks the slowest by a thousandth each step, and would take about 5000.
    assert steps_to(1e-6, 100) < 40


def test_what_is_left_is_known_once_the_curvature_is():
    point = np.array([1.0, -2.0, 3.0, 5.0, 8.0, 10.0])
    newton = QuasiNewton(point, -CURVATURES * point)
    assert newton.gain_left() == np.inf
    for scale in np.eye(6):
        newton.move(point + scale, -CURVATURES * (point + scale))
        newton.move(point, -CURVATURES * point)
    assert newton.gain_left() == pytest.approx(1.5 * 0.5 * float(CURVATURES @ point**2))


def test_a_refused_step_is_shortened_but_learnt_from():
    point = np.array([1.0, 0.0])
    newton = QuasiNewton(point, np.array([-1.0, 0.0]))
    far = newton.proposal()
    # The gradient there shows four times the curvature.
    newton.reject(far, np.array([3.0, 0.0]))
    assert abs(newton.proposal() - point)[0] == pytest.approx(0.25)


def test_directions_without_curvature_are_not_learnt_but_gone_along_faster():
    point = np.zeros(2)
    newton = QuasiNewton(point, np.array([1.0, 0.0]))
    newton.move(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    np.testing.assert_array_equal(newton.proposal(), [5.0, 0.0])
    newton.move(np.array([5.0, 0.0]), np.array([3.0, 0.0]))
    np.testing.assert_array_equal(newton.proposal(), [17.0, 0.0])
