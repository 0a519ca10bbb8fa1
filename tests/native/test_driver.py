"""The driver of runs, on models that are points: what it asks to be swept, by the papers' formulas.

The objective is -½ Σ c x² and EM takes the step c x towards its maximum, so coordinates are such
that the gradient is EM's step, as those of a chart are. By c all is known: EM's rates 1 - c, where
extrapolations land, the curvature, and what is left to gain.
"""

import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.components.kernel import Ended, Limits
from mixtura.errors import ParameterError
from mixtura.native.drivers import Driver, Question
from mixtura.native.runs import Rule

# Curvatures as EM sees them: 1 where components are apart, near 0 where they overlap.
CURVATURES = np.array([1.0, 0.9, 0.5, 0.1, 0.01, 0.001])
FAR = np.array([1.0, -2.0, 3.0, 5.0, 8.0, 10.0])
NEVER = Limits(10_000, accelerate=True, never=True)


class Points:
    """Models that are points; `is_charted` says whether there are quasi-Newton steps."""

    def __init__(self, start, curvatures=1.0, *, is_charted=False):
        self.now = self.best = np.array(start, dtype=float)
        self.curvatures, self.is_charted = curvatures, is_charted
        self.swept, self.extrapolations, self.proposals, self.charts = [], [], [], 0
        self.extrapolations_are_valid = self.proposals_are_valid = True

    def objective(self, point):
        return -0.5 * float((self.curvatures * point**2).sum())

    def gradient(self, point):
        return -self.curvatures * point

    def after_em(self):
        return self.best + self.gradient(self.best)

    def keep(self):
        self.best = self.now

    def located(self):
        return self.after_em()

    def step(self):
        self.next = self.after_em()
        return True

    def extrapolate(self, point):
        self.extrapolations.append(point)
        self.now = point if self.extrapolations_are_valid else self.now
        return self.extrapolations_are_valid

    def chart(self):
        self.charts += 1
        return len(self.best) if self.is_charted else None

    def charted(self, *, rejected):
        point = self.now if rejected else self.best
        return point, self.gradient(point)

    def at_chart(self, point):
        self.proposals.append(point)
        self.now = point if self.proposals_are_valid else self.now
        return self.proposals_are_valid

    def promised(self):
        return 1.0

    def digits(self):
        return 0.0

    def go_back(self):
        self.now = self.best

    def resort(self):
        self.now = self.next


def driver_of(points, limits=NEVER, total_weight=1e9, **changes):
    """Return a driver of points, of so many rows that every step is a small one for each."""
    rule = Rule.of(limits)
    for name, value in changes.items():
        setattr(rule, name, value)
    return Driver(points, rule, total_weight, points.now.size)


def advanced(driver, points, objective=None):
    """Sweep the next point; return why the run ended, if it did."""
    points.swept.append(points.now.copy())
    value = points.objective(points.now) if objective is None else objective
    return driver.advance(value, value)


def left(points):
    return -points.objective(points.best)


def test_it_takes_two_steps_of_em_before_it_extrapolates():
    points = Points([3.0, -1.0], np.array([0.3, 0.1]))
    driver = driver_of(points)
    for _ in range(3):
        assert advanced(driver, points) is None
    rates = 1 - points.curvatures
    np.testing.assert_allclose(points.swept, [rates**n * [3.0, -1.0] for n in range(3)])
    assert len(points.extrapolations) == 1


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_an_extrapolation_is_that_of_varadhan_and_roland(seed, size):
    rng = np.random.default_rng(seed)
    points = Points(rng.normal(size=size), rng.uniform(0.1, 1.5, size))
    driver = driver_of(points)
    for _ in range(3):
        advanced(driver, points)
    start, middle, last = ((1 - points.curvatures) * swept for swept in points.swept)
    r, v = middle - start, last - 2 * middle + start
    alpha = min(np.linalg.norm(r) / np.linalg.norm(v), 4.0)
    if alpha > 1 + 1e-9:
        expected = start + 2 * alpha * r + alpha**2 * v
        np.testing.assert_allclose(points.extrapolations[0], expected, rtol=1e-9, atol=1e-12)
    elif alpha < 1 - 1e-9:
        assert points.extrapolations == []


def test_an_extrapolation_lands_on_the_limit_of_a_geometric_sequence():
    points = Points([3.0, -1.0], 0.3)
    driver = driver_of(points)
    for _ in range(3):
        advanced(driver, points)
    np.testing.assert_allclose(points.now, 0, atol=1e-12)


def test_while_a_step_gains_much_for_each_row_em_goes_on():
    points = Points([3.0, -1.0], 0.3)
    driver = driver_of(points, total_weight=1.0)
    for _ in range(5):
        advanced(driver, points)
    np.testing.assert_allclose(points.swept, [0.7**n * np.array([3.0, -1.0]) for n in range(5)])


def test_extrapolations_that_leave_the_space_are_shortened_and_then_given_up():
    points = Points([1.0], 0.1)
    points.extrapolations_are_valid = False
    driver = driver_of(points)
    for _ in range(3):
        advanced(driver, points)
    assert len(points.extrapolations) > 1
    # Each is nearer to where the last EM step led than the one before.
    assert (np.diff(np.abs(np.ravel(points.extrapolations) - 0.9**3)) < 0).all()
    np.testing.assert_allclose(points.now, 0.9**3)


def test_an_extrapolation_that_is_worse_is_not_taken_and_the_next_is_shorter():
    rates = np.array([0.999, 0.5])
    points = Points([1.0, 30.0], 1 - rates)
    driver = driver_of(points)
    for _ in range(3):
        advanced(driver, points)
    worse = points.objective(points.best) - 1
    assert advanced(driver, points, worse) is None
    assert driver.course.n_rejected == 1
    np.testing.assert_allclose(points.now, points.next)


def test_nothing_is_left_where_only_the_last_digits_of_the_objective_change():
    points = Points([0.0, 0.0])
    driver = driver_of(points)
    for objective in (-2040.7081114822827, -2040.7081114822822, -2040.7081114822827):
        advanced(driver, points, objective)
        assert driver.course.gain_left == np.inf
    for objective in (-2040.7081114822827, -2040.7081114822822):
        advanced(driver, points, objective)
    assert driver.course.gain_left == 0


def test_nothing_is_left_where_the_objective_only_rocks_on_its_last_digits():
    # Both ways, and by more than digits of itself: sums about an origin far away do that.
    points = Points([0.0], 0.3)
    driver = driver_of(points, Limits(100, accelerate=True, nats=1e-3))
    rocking = [-597.4 - 4.5e-10 * (step % 2) for step in range(100)]
    ends = (advanced(driver, points, objective) for objective in rocking)
    assert next(end for end in ends if end is not None) == Ended.RULE
    assert driver.course.gain_left == 0


@pytest.mark.parametrize("seed", [1, 2, 3, 6, 11])
def test_a_rate_that_extrapolations_hide_still_counts(seed):
    rates = np.array([0.998, 0.99, 0.95, 0.8, 0.5])
    start = np.random.default_rng(seed).normal(size=5) * np.array([1, 2, 4, 8, 10])
    points, seen = Points(start, 1 - rates), 0
    driver = driver_of(points)
    for count in range(75):
        advanced(driver, points)
        if count > 15 and np.isfinite(driver.course.gain_left):
            assert left(points) <= 3 * driver.course.gain_left
            seen += 1
    assert seen > 10


def finishing(curvatures=CURVATURES, start=FAR, limits=NEVER, **changes):
    """Return points and their driver, just after it has begun quasi-Newton steps."""
    points = Points(start, curvatures, is_charted=True)
    driver = driver_of(points, limits, **changes)
    while not points.proposals:
        advanced(driver, points)
    return points, driver


def dense_inverse(visited, gradient, begun=1.0):
    """Return the inverse of BFGS by dense matrices, after the points that were visited."""
    inverse = begun * np.eye(len(visited[0]))
    for before, after in pairwise(visited):
        s, y = after - before, gradient(before) - gradient(after)
        if s @ y > 1e-10 * (s @ s):
            turn = np.eye(len(s)) - np.outer(s, y) / (s @ y)
            inverse = turn @ inverse @ turn.T + np.outer(s, s) / (s @ y)
    return inverse


def test_the_first_quasi_newton_step_is_that_of_em():
    points, _ = finishing()
    np.testing.assert_allclose(points.now, points.best + points.gradient(points.best))


def test_steps_are_those_of_bfgs_with_dense_matrices():
    points, driver = finishing()
    begun = len(points.swept) - 1
    for _ in range(12):
        advanced(driver, points)
        if driver.course.n_rejected:
            break
        inverse = dense_inverse(points.swept[begun:], points.gradient)
        step = inverse @ points.gradient(points.best)
        # A step is at most twice as long as the longest that was taken.
        found = points.now - points.best
        scale = min(1.0, np.linalg.norm(found) / np.linalg.norm(step))
        np.testing.assert_allclose(found, scale * step, rtol=1e-6, atol=1e-9)
    assert len(points.swept) > begun + 8


def test_slow_directions_take_few_steps():
    # EM shrinks the slowest by a thousandth each step, and would take about 5000.
    points, driver = finishing()
    while left(points) > 1e-6:
        advanced(driver, points)
    assert len(points.swept) < 40


def test_what_is_left_is_half_the_newton_decrement_once_the_curvature_is_known():
    points, driver = finishing()
    begun = len(points.swept) - 1
    for _ in range(9):
        advanced(driver, points)
    visited = points.swept[begun:]
    flattest = max(
        ((s @ s) / (s @ (CURVATURES * s)) for s in np.diff(visited, axis=0)), default=1.0
    )
    gradient = points.gradient(points.best)
    newton = dense_inverse(visited, points.gradient, max(1.0, flattest)) @ gradient
    assert driver.course.gain_left == pytest.approx(1.5 * 0.5 * gradient @ newton, rel=1e-6)


def test_a_refused_step_is_shortened_but_learnt_from():
    points, driver = finishing(np.array([1.0, 0.1]), [1e-3, 1.0])
    begun, far = points.best, points.now
    # The gradient there shows four times the curvature.
    points.curvatures = 4 - np.array([0.0, 3.6])
    points.gradient = lambda point: -0.1 * begun - 4 * 0.1 * (point - begun)
    step = far - begun
    assert advanced(driver, points, points.objective(begun) - 1) is None
    assert driver.course.n_rejected == 1
    # By way of EM's step, from where it was.
    assert np.linalg.norm(points.now - begun) > 0
    advanced(driver, points, 0.0)
    shorter = np.linalg.norm(points.now - points.best)
    assert shorter <= 0.25 * np.linalg.norm(step) * (1 + 1e-12)


def test_along_a_saddle_each_step_is_longer_than_the_one_before():
    points, driver = finishing(np.array([0.5, 0.4]), [1.0, 0.5])
    # From here on the gradient grows along the steps.
    points.gradient = lambda point: points.now * 0 + np.array([1.0, 0.0]) * len(points.swept)
    lengths = []
    for count in range(4):
        advanced(driver, points, float(count))
        found = points.now - points.best
        lengths.append(np.linalg.norm(found) / np.linalg.norm(points.gradient(points.best)))
    np.testing.assert_allclose(np.divide(lengths[1:], lengths[:-1]), 2.0)


def test_proposals_that_are_no_mixture_end_the_quasi_newton_steps():
    points, driver = finishing()
    points.proposals_are_valid = False
    charts = points.charts
    while points.charts == charts:
        advanced(driver, points)
    assert len(points.proposals) >= 3


def test_a_run_ends_where_less_than_the_tolerance_is_left_after_a_look_beyond():
    points = Points(FAR, CURVATURES)
    driver = driver_of(points, Limits(10_000, accelerate=True, nats=1e-3))
    ended = None
    while ended is None:
        ended = advanced(driver, points)
    assert ended == Ended.RULE
    assert left(points) < 1e-3
    # The last sweep was of a probe, which is not where the run ends.
    assert driver.course.n_rejected >= 1
    assert points.now is points.best


def test_a_probe_that_finds_more_lets_the_run_go_on():
    points = Points([1e-4], -0.5)
    driver = driver_of(points, Limits(30, accelerate=True, nats=1e9))
    ended, count = None, 0
    while ended is None:
        ended, count = advanced(driver, points, 1e11 * count), count + 1
    assert ended == Ended.LIMIT
    assert count == 30


@pytest.mark.parametrize(
    ("limits", "changes", "ended"),
    [
        (Limits(7), {}, Ended.LIMIT),
        (Limits(9, nats=1e9), {}, Ended.RULE),
        (Limits(9, mean_change=1e9), {}, Ended.RULE),
        (Limits(9), {"ahead": 1e6}, Ended.OUTRUN),
        (Limits(9, best=1e6, reach=4.0), {}, Ended.RULE),
        (Limits(9, never=True, nats=1e9), {}, Ended.LIMIT),
    ],
)
def test_a_rule_ends_a_run(limits, changes, ended):
    points = Points(FAR, CURVATURES)
    driver = driver_of(points, limits, **changes)
    found = None
    while found is None:
        found = advanced(driver, points)
    assert found == ended


@pytest.mark.parametrize("steps_past", [False, True])
def test_the_last_m_step_counts_where_the_rule_steps_past_it(steps_past):
    points = Points(FAR, CURVATURES)
    driver = driver_of(points, Limits(9, mean_change=1e9, steps_past=steps_past))
    advanced(driver, points)
    assert advanced(driver, points) == Ended.RULE
    expected = points.after_em() if steps_past else points.best
    np.testing.assert_array_equal(points.now, expected)


def falling(promised, digits, **changes):
    """Return why a run ends of which the third objective is lower by one."""
    points = Points([1.0])
    points.promised, points.digits = (lambda: promised), (lambda: digits)
    driver = driver_of(points, Limits(9, never=True), total_weight=1.0, **changes)
    assert advanced(driver, points, 4.0) is None
    assert advanced(driver, points, 5.0) is None
    return advanced(driver, points, 4.0)


def test_a_fall_is_told_from_rounding():
    assert falling(-3.0, 0.5) == Ended.FELL
    assert falling(-3.0, 0.5, no_bound=True) == Ended.FELL
    assert falling(-3.0, 1.5) == Ended.ROUNDING
    # The M-step did raise Q.
    assert falling(0.1, 0.5) == Ended.ROUNDING
    assert falling(0.1, 0.5, no_bound=True) == Ended.ROUNDING
    assert falling(-3.0, 0.5, may_fall=True) is None
    assert falling(np.nan, np.nan) == Ended.FELL


def test_what_the_prior_gained_counts_as_promised():
    points = Points([1.0])
    points.promised = lambda: -2.0
    driver = driver_of(points, Limits(9, never=True), total_weight=1.0)
    driver.advance(10.0, 5.0)
    # The log prior has risen from -5 to -2, the likelihood fallen by more.
    assert driver.advance(6.0, 4.0) == Ended.ROUNDING


def test_an_objective_that_is_no_number_is_a_fall():
    assert advanced(driver := driver_of(points := Points([1.0])), points, 4.0) is None
    assert advanced(driver, points, np.nan) == Ended.FELL


def estimate_of(objectives, n_earlier=0):
    """Return what is thought to be left after plain steps, the first of an earlier run."""
    rule = Rule.of(Limits(100, never=True))
    rule.may_fall = True
    driver = Driver(Points([1.0]), rule, 1.0, 0, objectives[:n_earlier])
    for objective in objectives[n_earlier:]:
        driver.advance(objective, objective)
    return driver.course.gain_left


@given(
    limit=st.floats(-1e4, 1e4),
    ratio=st.floats(0.05, 0.995),
    first_gap=st.floats(1.0, 1e4),
    length=st.integers(4, 12),
)
def test_the_estimate_is_exact_for_a_geometric_sequence(limit, ratio, first_gap, length):
    objectives = [limit - first_gap * ratio**step for step in range(length)]
    remaining = limit - objectives[-1]
    rounding = 1e-11 * (abs(limit) + first_gap) / (1 - ratio) ** 2 / min(ratio**length, 1)
    expected = pytest.approx(remaining, rel=1e-6, abs=rounding)
    assert estimate_of(objectives) == expected
    assert estimate_of(objectives, n_earlier=length - 1) == expected


@pytest.mark.parametrize(
    ("objectives", "expected"),
    [
        ([], np.inf),
        ([1.0, 2.0, 2.5], np.inf),
        ([1.0, 2.0, 3.0, 4.0], np.inf),
        ([1.0, 2.0, 3.0, 6.0], np.inf),
        ([4.0, 5.0, 5.0, 5.0], 0.0),
        ([4.0, 5.0, 5.5, 5.4], 0.0),
        ([0.0, 4.0, 6.0, 6.5], 0.5),
        ([5.0, 5.0, 5.0, 6.0], np.inf),
    ],
)
def test_the_estimate_of_short_flat_and_speeding_sequences(objectives, expected):
    assert estimate_of(objectives) == expected


ASKED = {
    Question.KEEP: "keep",
    Question.LOCATE: "located",
    Question.STEP: "step",
    Question.EXTRAPOLATE: "extrapolate",
    Question.CHART: "chart",
    Question.CHARTED: "charted",
    Question.TRY: "at_chart",
    Question.PROMISE: "promised",
    Question.RESORT: "resort",
}


@pytest.mark.parametrize("name", ASKED.values())
@pytest.mark.parametrize("error", [ParameterError, KeyboardInterrupt, SystemExit])
def test_what_a_model_raises_is_raised_again_and_not_printed(name, error, capfd):
    points = Points(FAR, CURVATURES, is_charted=True)
    driver = driver_of(points)

    def raising(*_, **__):
        raise error("for a reason")

    setattr(points, name, raising)
    with pytest.raises(error, match="for a reason"):
        for _ in range(100):
            advanced(driver, points)
    assert capfd.readouterr() == ("", "")


def test_a_run_that_is_let_go_leaves_nothing_behind():
    points = Points(FAR, CURVATURES, is_charted=True)
    driver = driver_of(points)
    advanced(driver, points)
    gone = weakref.ref(points)
    gc.disable()
    try:
        del points, driver
        assert gone() is None
    finally:
        gc.enable()
