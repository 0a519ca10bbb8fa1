"""Moves from two components in one place to two places under one component."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from nightly import first
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

import mixtura.em.solve as solving
from mixtura import GaussianMixture
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.multinomial import MultinomialFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.crossing import best_crossed
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.responsibilities import mixture_of, model_from_labels
from mixtura.em.split_and_merge import raced, split_and_merged
from mixtura.em.splits import split_all
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import Ending, GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(4)

Float = NDArray[np.float64]

CENTRES = np.array([[0.0, 0.0], [40.0, 0.0], [46.0, 0.0], [0.0, 40.0]])
STARTS = StartOptions(0)


def clusters() -> tuple[Float, NDArray[np.intp]]:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 150)
    return CENTRES[labels] + rng.normal(size=(600, 2)), labels


def sweep_over(rows: Float, name: str = "VVV") -> Sweep:
    source = ArrayRows(rows)
    return Sweep(GaussianFamily.of(structure(name), *column_moments(source)), source, Serial())


def options_for(sweep: Sweep) -> FitOptions:
    weak = sweep.family.prior("weak", sweep.shared, 4)
    return FitOptions(GainLeft(), max_iter=500, prior=weak, fallback=weak, accelerate=True)


def misplaced(sweep: Sweep, rows: Float, labels: NDArray[np.intp]) -> Model:
    """Return a start with two components in the first cluster and one over two neighbours."""
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    return model_from_labels(sweep, wrong, 4, options_for(sweep))


def objective(sweep: Sweep, model: Model) -> float:
    return fit(sweep, [model], options_for(sweep))[0].objective


@pytest.mark.parametrize("name", CODES)
def test_a_misplaced_component_is_moved_in_every_structure(name: str) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows, name)
    start = misplaced(sweep, rows, labels)
    right = objective(sweep, model_from_labels(sweep, labels, 4, options_for(sweep)))
    assert objective(sweep, start) < right - 50
    found = split_and_merged(sweep, [start], options_for(sweep), STARTS)
    assert objective(sweep, found) == pytest.approx(right, abs=0.01)


def test_a_run_that_will_not_reach_what_it_has_to_is_ended_on_the_way() -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    wrong = misplaced(sweep, rows, labels)
    (alone,) = raced(sweep, [wrong], options_for(sweep))
    (hopeless,) = raced(sweep, [wrong], options_for(sweep), alone.objective + 1000)
    (hopeful,) = raced(sweep, [wrong], options_for(sweep), alone.objective - 1000)
    assert hopeless.n_iter < alone.n_iter == hopeful.n_iter


def test_what_is_right_already_stays() -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    start = model_from_labels(sweep, labels, 4, options_for(sweep))
    found = split_and_merged(sweep, [start], options_for(sweep), STARTS)
    assert objective(sweep, found) == pytest.approx(objective(sweep, start), abs=1e-6)


def test_where_components_have_hardly_the_rows_they_need_and_all_collapse_none_is_moved() -> None:
    rows = np.random.default_rng(3).normal(size=(100, 20))
    sweep = sweep_over(rows)
    options = replace(options_for(sweep), fallback=sweep.family.prior("rescue", sweep.shared, 4))
    # Of 15 rows all lie in a plane of 20 columns; components have 25 on average, and need 23.
    labels = np.repeat(np.arange(4), [15, 28, 28, 29])
    start = model_from_labels(sweep, labels, 4, options)
    (end,) = fit(sweep, [start], options)
    assert end.recovery is not None
    assert split_and_merged(sweep, [start], options, STARTS) is start


def test_a_fit_ends_no_lower_for_being_split_and_merged() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(400, 2)) + 2.5 * rng.integers(3, size=(400, 2))
        sweep = sweep_over(rows)
        start = model_from_labels(sweep, rng.integers(4, size=400), 4, options_for(sweep))
        found = split_and_merged(sweep, [start], options_for(sweep), STARTS)
        assert objective(sweep, found) >= objective(sweep, start) - 0.01


def test_splitting_a_component_gains_at_least_what_its_own_rows_say() -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    model = misplaced(sweep, rows, labels)
    mixture = mixture_of(sweep, model)
    density, shares = mixture.density_and_responsibilities(rows)
    own = mixture.component_log_density(rows)
    gains = []
    for k, children in enumerate(split_all(sweep, model, options_for(sweep))):
        replaced = children.log_density(rows)
        bound = float(shares[:, k] @ (replaced - own[:, k]))
        joint = own + np.log(mixture.weights)
        joint[:, k] = replaced + np.log(mixture.weights[k])
        reached = float((np.logaddexp.reduce(joint, axis=1) - density).sum())
        assert reached >= bound - 1e-9
        gains.append(bound)
    # The second component lies over two clusters.
    assert int(np.argmax(gains)) == 1
    assert gains[1] > 50


def test_a_component_of_one_value_is_not_parted_into_nothing() -> None:
    rows = np.vstack([np.zeros((50, 2)), clusters()[0]])
    fitted = GaussianMixture(5, random_state=0).fit(rows)
    assert np.isfinite(fitted.log_likelihood_)
    assert fitted.weights_.min() * len(rows) > 10


def test_a_start_that_is_given_is_not_split_and_merged() -> None:
    rows, _ = clusters()
    means = np.array([[-0.5, 0.0], [0.5, 0.0], [43.0, 0.0], [0.0, 40.0]])
    given = GaussianMixture(4, means_init=means, random_state=0).fit(rows)
    free = GaussianMixture(4, random_state=0).fit(rows)
    assert free.log_likelihood_ > given.log_likelihood_ + 50
    again = GaussianMixture(4, responsibilities_init=given.predict_proba(rows)).fit(rows)
    assert again.log_likelihood_ == pytest.approx(given.log_likelihood_, abs=0.1)


def test_split_and_merged_fits_have_the_same_bits_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(9000, 2)) + 3.0 * rng.integers(3, size=(9000, 2))
    one = GaussianMixture(9, random_state=0, n_jobs=1).fit(rows)
    two = GaussianMixture(9, random_state=0, n_jobs=2).fit(rows)
    assert_array_equal(one.means_, two.means_)
    assert one.log_likelihood_ == two.log_likelihood_


def test_classes_of_items_are_moved_too() -> None:
    rng = np.random.default_rng(2)
    labels = np.repeat(np.arange(4), 300)
    # The second and third class are alike but for four items.
    typical = np.full((4, 20), 0.1)
    typical[1, 4:12] = typical[2, 8:16] = typical[3, 14:] = 0.9
    rows = (rng.random((1200, 20)) < typical[labels]).astype(float)
    sweep = Sweep(BernoulliFamily(20), ArrayRows(rows), Serial())
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    start = model_from_labels(sweep, wrong, 4, options_for(sweep))
    right = objective(sweep, model_from_labels(sweep, labels, 4, options_for(sweep)))
    assert objective(sweep, start) < right - 50
    found = split_and_merged(sweep, [start], options_for(sweep), STARTS)
    assert objective(sweep, found) == pytest.approx(right, abs=0.01)


def test_wide_counts_are_moved_though_they_have_more_items_than_rows() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(4), 60)
    typical = rng.dirichlet(np.full(400, 0.1), 4)
    typical[2] = 0.7 * typical[1] + 0.3 * typical[2]
    rows = rng.multinomial(50, typical[labels]).astype(float)
    sweep = Sweep(MultinomialFamily(400), ArrayRows(rows), Serial())
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (np.arange(240) % 2 == 0)] = 3
    start = model_from_labels(sweep, wrong, 4, options_for(sweep))
    right = objective(sweep, model_from_labels(sweep, labels, 4, options_for(sweep)))
    lacking = right - objective(sweep, start)
    assert lacking > 200
    found = split_and_merged(sweep, [start], options_for(sweep), STARTS)
    assert right - objective(sweep, found) < 0.05 * lacking


@pytest.mark.parametrize("name", ["full", "VVE", "diag"])
@pytest.mark.parametrize("seed", first(1, range(3)))
def test_more_starts_hold_what_fewer_find(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, 3)) + 2.0 * rng.integers(3, size=(400, 3))
    ends = [
        GaussianMixture(7, covariance_type=name, n_init=n, random_state=seed).fit(rows)
        for n in (1, 2, 3, 5)
    ]
    reached = [end.history_.objective[-1] for end in ends]
    assert (np.diff(reached) > -0.01).all()


def test_an_interrupt_while_a_further_start_is_looked_for_keeps_the_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, _ = clusters()
    one = GaussianMixture(4, random_state=0).fit(rows)
    asked = []

    def interrupted(*arguments: Any) -> Model:
        asked.append(True)
        if len(asked) > 1:
            raise KeyboardInterrupt
        return best_crossed(*arguments)

    monkeypatch.setattr(solving, "best_crossed", interrupted)
    with pytest.warns(ConvergenceWarning):
        kept = GaussianMixture(4, n_init=6, random_state=0).fit(rows)
    assert kept.log_likelihood_ == pytest.approx(one.log_likelihood_, abs=0.01)
    assert kept.ending_ is Ending.INTERRUPTED
