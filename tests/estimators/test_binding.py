"""Numbers of components held or equal, against direct maximisation, finite differences and laws."""

import pickle
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from bound_problems import likeliest, log_weights, softmax
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logsumexp
from scipy.stats import expon, gamma, geom, nbinom, norm, poisson

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GammaMixture,
    GeometricMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
    load,
)
from mixtura.components.constrained import ConstrainedFamily, Constraints
from mixtura.components.constrained.levels import LevelRule
from mixtura.components.prior import NoPrior
from mixtura.data import ArrayRows
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.inference import (
    bootstrap,
    confidence_intervals,
    gradient,
    information,
    likelihood_ratio_test,
    parameter_names,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Best performing initialization"),
    pytest.mark.drawn(6, among="file"),
]

NAN = np.nan


def answers(n_rows=300, seed=0):
    """Return five yes-or-no answers of two classes, of which the second never says yes to two."""
    rng = np.random.default_rng(seed)
    chances = np.array([[0.9, 0.75, 0.7, 0.8, 0.6], [0.0, 0.3, 0.2, 0.0, 0.25]])
    classes = rng.choice(2, n_rows, p=[0.6, 0.4])
    return (rng.random((n_rows, 5)) < chances[classes]).astype(int)


def counts(n_rows=300, seed=0):
    rng = np.random.default_rng(seed)
    rates = np.array([[1.0, 6.0], [4.0, 2.0], [9.0, 2.0]])
    return rng.poisson(rates[rng.integers(0, 3, n_rows)]).astype(float)


def bernoulli_logs(rows, chances):
    """Return log densities where chances may be 0 or 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        yes, no = np.log(chances), np.log1p(-chances)
    shown = rows[:, None] > 0
    return np.where(shown, yes, no).sum(axis=2)


def tight(model):
    """Return an estimator of pure maximum likelihood that runs to its very end."""
    return model.set_params(prior=None, tol=1e-13, max_iter=20_000, algorithm="squarem")


def test_a_class_that_never_says_yes_is_where_direct_maximisation_puts_it():
    rows = answers()
    fixed = [[NAN] * 5, [0.0, NAN, NAN, 0.0, NAN]]

    def build(point):
        second = np.array([0.0, *expit(point[6:8]), 0.0, expit(point[8])])
        return log_weights(point[:1]), np.stack([expit(point[1:6]), second])

    best, chances = likeliest(rows, build, bernoulli_logs, 9)
    model = tight(BernoulliMixture(2, fix={"probabilities": fixed}, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    assert_allclose(model.probabilities_, chances, atol=2e-3)
    assert_array_equal(model.probabilities_[1, [0, 3]], 0.0)
    assert model.n_parameters_ == 9


def test_equal_rates_are_where_direct_maximisation_puts_them():
    rows = counts()

    def build(point):
        rates = np.column_stack([np.exp(point[2:5]), [np.exp(point[5])] * 3])
        return log_weights(point[:2]), rates

    def logs(rows, rates):
        return poisson(rates).logpmf(rows[:, None]).sum(axis=2)

    best, _ = likeliest(rows, build, logs, 6, about=0.7)
    model = tight(PoissonMixture(3, equal={"rates": [1]}, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    assert np.ptp(model.rates_[:, 1]) == 0.0
    assert model.n_parameters_ == 6


def test_equal_error_rates_of_items_and_classes_are_where_direct_maximisation_puts_them():
    """One error rate for each item, the same for those who should say yes and who should not."""
    rows = answers(seed=3)

    def build(point):
        errors = expit(point[1:6])
        return log_weights(point[:1]), np.stack([1.0 - errors, errors])

    best, _ = likeliest(rows, build, bernoulli_logs, 6, about=-1.0)
    labels = {j: [[2 * j + 1, 2 * j + 2], [2 * j + 2, 2 * j + 1]] for j in range(5)}
    model = tight(CategoricalMixture(2, equal={"probabilities": labels}, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    assert model.n_parameters_ == 6
    one = {j: [[1, 2], [2, 1]] for j in range(5)}
    same = tight(CategoricalMixture(2, equal={"probabilities": one}, random_state=0)).fit(rows)
    assert same.n_parameters_ == 2
    assert len(np.unique(np.round(same.probabilities_, 12))) == 2


def test_some_levels_held_share_what_is_left():
    rng = np.random.default_rng(1)
    chances = np.array([[[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]], [[0.1, 0.2, 0.7], [0.7, 0.2, 0.1]]])
    classes = rng.integers(0, 2, 150)
    rows = np.stack([[rng.choice(3, p=chances[k, j]) for j in range(2)] for k in classes])
    rows = np.column_stack([rows, rows[:, 0] == rng.integers(0, 3, 150)]).astype(int)

    def build(point):
        first = np.stack([[0.1, *(0.9 * softmax(point[1:2]))], softmax(point[2:4])])
        second, third = softmax(point[4:6]), softmax(point[6:8])
        yes = expit(point[8:10])
        return log_weights(point[:1]), (first, np.stack([second, third]), yes)

    def logs(rows, parameters):
        first, second, yes = parameters
        third = np.where(rows[:, 2, None] == 1, np.log(yes), np.log1p(-yes))
        return np.log(first[:, rows[:, 0]]).T + np.log(second[:, rows[:, 1]]).T + third

    best, _ = likeliest(rows, build, logs, 10, n_starts=4)
    fix = {"probabilities": {0: [[0.1, None, None], [None] * 3]}}
    model = tight(CategoricalMixture(2, fix=fix, n_init=4, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-4)
    assert model.probabilities_[0][0, 0] == 0.1
    assert model.n_parameters_ == 10


@pytest.mark.parametrize(
    ("make", "name", "logs"),
    [
        (
            GeometricMixture,
            "probabilities",
            lambda rows, chances: geom(chances, loc=-1).logpmf(rows[:, None]).sum(axis=2),
        ),
        (
            lambda *given, **more: GammaMixture(*given, shape=1.0, **more),
            "rates",
            lambda rows, rates: expon(scale=1 / rates).logpdf(rows[:, None]).sum(axis=2),
        ),
    ],
)
def test_one_number_held_and_others_equal(make, name, logs):
    rng = np.random.default_rng(2)
    means = np.array([[0.5, 4.0], [8.0, 4.0]])
    rows = rng.geometric(1 / (1 + means[rng.integers(0, 2, 300)])) - (name == "probabilities") * 1.0
    link = expit if name == "probabilities" else np.exp

    def build(point):
        return log_weights(point[:1]), np.array(
            [[link(point[1]), link(point[2])], [0.125, link(point[2])]]
        )

    best, _ = likeliest(rows, build, logs, 3)
    fix, equal = {name: {0: [NAN, 0.125]}}, {name: [1]}
    model = tight(make(2, fix=fix, equal=equal, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    assert model.n_parameters_ == 3


def test_words_of_a_known_spectrum():
    rng = np.random.default_rng(4)
    spectra = np.array([[0.5, 0.3, 0.1, 0.1], [0.1, 0.1, 0.2, 0.6], [0.25] * 4])
    rows = np.stack([rng.multinomial(30, spectra[k]) for k in rng.integers(0, 3, 200)])
    known = np.vstack([spectra[:2], np.full(4, NAN)])
    model = tight(MultinomialMixture(3, fix={"probabilities": known}, random_state=0)).fit(rows)
    assert_array_equal(model.probabilities_[:2], spectra[:2])
    assert model.n_parameters_ == 2 + 3
    free = tight(MultinomialMixture(3, random_state=0)).fit(rows)
    assert model.log_likelihood_ <= free.log_likelihood_
    assert free.log_likelihood_ - model.log_likelihood_ < 12


CASES = {
    "bernoulli": (BernoulliMixture, answers, {"probabilities": [[NAN] * 5, [0.0] * 2 + [NAN] * 3]}),
    "poisson": (PoissonMixture, counts, {"rates": [[NAN, 6.0], [4.0, NAN]]}),
    "categorical": (
        CategoricalMixture,
        answers,
        {"probabilities": {1: [[0.2, 0.8], [NAN, NAN]], 4: [[NAN, NAN], [0.9, 0.1]]}},
    ),
}
every_case = pytest.mark.parametrize("case", CASES)


@every_case
def test_what_is_held_never_moves_and_the_objective_never_falls(case):
    make, rows_for, fix = CASES[case]
    model = make(2, fix=fix, random_state=0).fit(rows_for())
    mixture = model.mixture_
    numbers = np.hstack(list(mixture.family.to_arrays(mixture.parameters)[0].values())[:1])
    held = mixture.constraints.fixed
    assert_array_equal(numbers[held], mixture.constraints.values[held])
    objective = np.array(model.history_.objective)
    assert (np.diff(objective) >= -1e-9 * np.abs(objective[1:])).all()
    assert model.history_.certificate.gradient_norm < 0.1


@every_case
def test_holding_is_nested_in_freedom_and_costs_nothing_at_the_free_optimum(case):
    make, rows_for, fix = CASES[case]
    rows = rows_for()
    free = tight(make(2, random_state=0)).fit(rows)
    held = tight(make(2, fix=fix, random_state=0)).fit(rows)
    assert held.log_likelihood_ <= free.log_likelihood_ + 1e-7
    name = next(iter(fix))
    there = tight(make(2, fix={name: getattr(free, f"{name}_")}, random_state=0)).fit(rows)
    assert_allclose(there.log_likelihood_, free.log_likelihood_, atol=1e-6)
    assert_allclose(there.weights_, free.weights_, atol=1e-4)
    assert there.n_parameters_ == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_components_follow_what_is_held_of_them(order):
    rows = counts()
    held = np.array([[1.0, 6.0], [NAN, NAN], [9.0, NAN]])
    model = PoissonMixture(3, fix={"rates": held}, random_state=0).fit(rows)
    turned = PoissonMixture(3, fix={"rates": held[list(order)]}, random_state=0).fit(rows)
    assert_allclose(turned.log_likelihood_, model.log_likelihood_, atol=2e-3)
    assert_allclose(turned.rates_, model.rates_[list(order)], rtol=0.02)


@given(st.integers(0, 10_000))
def test_the_m_step_of_levels_is_better_than_what_else_obeys(seed):
    """Feasible points are drawn along the constraints' own directions."""
    rng = np.random.default_rng(seed)
    rule = LevelRule((0, 3, 5), 7, by_level=False)
    values, ties = np.full((2, 7), NAN), np.zeros((2, 7), dtype=np.int64)
    kind = rng.integers(0, 4)
    if kind == 0:
        values[0, 0], values[1, 3] = 0.25, 1.0
    elif kind == 1:
        ties[:, 0] = 1
        ties[:, 5:] = [2, 3]
    elif kind == 2:
        ties[0, 3:5], ties[1, 3:5], ties[0, 5:], ties[1, 5:] = [1, 2], [2, 1], [1, 2], [2, 1]
    else:
        values[:, 0] = 0.1
        ties[:, 1] = 4
        ties[0, 3:5] = 5
    constraints = rule.completed(Constraints(values, ties))
    sums = rng.gamma(1.0, 10.0, (2, 7))
    found = rule.shared_out(constraints, sums, None)
    assert_allclose(np.add.reduceat(found, rule.starts, axis=1), 1.0, atol=1e-12)
    best = float((sums * np.log(np.maximum(found, 1e-300))).sum())
    for _ in range(20):
        other = rule.shared_out(constraints, rng.gamma(0.5, 10.0, (2, 7)), None)
        near = found + 10.0 ** -rng.integers(0, 5) * (other - found)
        assert float((sums * np.log(np.maximum(near, 1e-300))).sum()) <= best + 1e-9 * abs(best)


@every_case
def test_parameters_are_counted_as_inference_names_them(case):
    make, rows_for, fix = CASES[case]
    model = make(2, fix=fix, random_state=0).fit(rows_for())
    names = parameter_names(model.mixture_)
    assert len(names) == model.n_parameters_ == len(set(names))
    assert model.bic(rows_for()) == pytest.approx(
        -2 * model.log_likelihood_ + len(names) * np.log(300)
    )


def test_ties_are_counted_as_inference_names_them():
    rows = answers()
    for equal in (
        {j: [[2 * j + 1, 2 * j + 2], [2 * j + 2, 2 * j + 1]] for j in range(5)},
        {j: [[1, 2], [2, 1]] for j in range(5)},
        [0, 3],
        {0: [[1, 0], [1, 0]], 2: [[5, 5], [0, 0]]},
    ):
        model = CategoricalMixture(2, equal={"probabilities": equal}, random_state=0).fit(rows)
        assert len(parameter_names(model.mixture_)) == model.n_parameters_


def hessian(function, point, step=1e-4):
    """Return second derivatives by central differences."""
    size = len(point)
    steps = step * np.eye(size)
    found = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            found[a, b] = sum(
                s * t * function(point + s * steps[a] + t * steps[b])
                for s in (1, -1)
                for t in (1, -1)
            ) / (4 * step * step)
    return found


def test_standard_errors_are_those_of_the_constrained_likelihood():
    rows = answers(seed=5)
    fix = {"probabilities": [[NAN] * 5, [0.0, NAN, NAN, 0.0, 0.25]]}
    equal = {"probabilities": {2: [1, 1]}}
    model = tight(BernoulliMixture(2, fix=fix, equal=equal, random_state=0)).fit(rows)

    def value(point):
        share, first, second = point[0], point[1:6], np.array([0.0, 0, 0, 0, 0.25])
        second[1:3] = point[6], point[3]
        logs = bernoulli_logs(rows, np.stack([first, second]))
        return float(logsumexp(np.log([share, 1 - share]) + logs, axis=1).sum())

    own = model.probabilities_
    point = np.concatenate([model.weights_[:1], own[0], own[1, [1]]])
    expected = np.sqrt(np.diag(np.linalg.inv(-hessian(value, point))))
    told = information(model.mixture_, rows)
    errors = told.standard_errors()
    assert_allclose(errors["weights"], expected[0], rtol=1e-4)
    assert_allclose(errors["probabilities"][0], expected[1:6], rtol=1e-4)
    assert_allclose(errors["probabilities"][1, [1, 2]], expected[[6, 3]], rtol=1e-4)
    assert np.isnan(errors["probabilities"][1, [0, 3, 4]]).all()
    assert len(told.names) == model.n_parameters_ == 7
    lower = confidence_intervals(model.mixture_, rows)["probabilities"].lower
    assert np.isnan(lower[1, 0])
    assert np.isfinite(lower[1, 1])
    assert_allclose(gradient(model.mixture_, rows).free, 0.0, atol=1e-2)


def test_standard_errors_of_equal_levels_are_those_of_the_constrained_likelihood():
    rows = answers(seed=6)
    labels = {j: [[2 * j + 1, 2 * j + 2], [2 * j + 2, 2 * j + 1]] for j in range(5)}
    model = tight(CategoricalMixture(2, equal={"probabilities": labels}, random_state=0)).fit(rows)

    def value(point):
        logs = bernoulli_logs(rows, np.stack([1.0 - point[1:], point[1:]]))
        return float(logsumexp(np.log([point[0], 1 - point[0]]) + logs, axis=1).sum())

    point = np.array([model.weights_[0], *(item[1, 1] for item in model.probabilities_)])
    expected = np.sqrt(np.diag(np.linalg.inv(-hessian(value, point))))
    errors = information(model.mixture_, rows).standard_errors()["probabilities"]
    alike = np.broadcast_to(expected[1:, None], (2, 5, 2))
    assert_allclose(errors.reshape(2, 5, 2), alike, rtol=1e-4)


def test_replicates_of_the_bootstrap_hold_what_was_held():
    rows = answers()
    fix = {"probabilities": [[NAN] * 5, [0.0, NAN, NAN, 0.0, NAN]]}
    model = BernoulliMixture(2, fix=fix, random_state=0).fit(rows)
    drawn = bootstrap(model.mixture_, rows, n_replicates=8, random_state=0)
    assert_array_equal(drawn.standard_errors()["probabilities"][1, [0, 3]], 0.0)
    with pytest.raises(ParameterError, match="held or equal"):
        likelihood_ratio_test(model.mixture_, rows, n_replicates=2)


@every_case
def test_files_keep_what_is_held(case, tmp_path):
    make, rows_for, fix = CASES[case]
    rows = rows_for()
    model = make(2, fix=fix, random_state=0).fit(rows)
    model.save(tmp_path / "m.mixtura")
    again = load(tmp_path / "m.mixtura")
    assert again.mixture_.constraints == model.mixture_.constraints
    assert again.n_parameters_ == again.mixture_.n_parameters == model.n_parameters_
    assert_array_equal(again.predict_proba(rows), model.predict_proba(rows))
    refitted = again.fit(rows)
    assert_allclose(refitted.log_likelihood_, model.log_likelihood_, atol=1e-9)
    assert pickle.loads(pickle.dumps(model.mixture_)).constraints == model.mixture_.constraints


@pytest.mark.parametrize(
    ("make", "settings", "columns"),
    [
        (MultinomialMixture, {"equal": {"probabilities": [0]}}, 1),
        (CategoricalMixture, {"equal": {"probabilities": True}}, 1),
        (
            MultinomialMixture,
            {
                "fix": {"probabilities": [[0.2, 0.3, NAN], [0.4, 0.1, NAN]]},
                "equal": {"probabilities": [2]},
            },
            3,
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:column 0 holds")
def test_levels_without_a_choice_are_held_and_tied_no_more(make, settings, columns, tmp_path):
    rows = np.random.default_rng(0).integers(2, 9, (40, columns))
    if make is CategoricalMixture:
        rows = np.ones((40, columns), dtype=int)
    model = make(2, random_state=0, **settings).fit(rows)
    bound = model.mixture_.constraints
    assert not (bound.fixed & (bound.ties > 0)).any()
    assert (model.n_parameters_, len(parameter_names(model.mixture_))) == (1, 1)
    model.save(tmp_path / "m.mixtura")
    again = load(tmp_path / "m.mixtura")
    assert again.mixture_.constraints == bound
    assert again.summary() == model.summary()


def test_equal_levels_have_equal_parts_left_by_what_is_held():
    rows = np.random.default_rng(0).integers(2, 9, (40, 3))
    fix = {"probabilities": [[0.2, 0.3, NAN], [0.4, 0.3, NAN]]}
    with pytest.raises(ParameterError, match=r"fix leaves \[0\.3.*, 0\.5\]"):
        MultinomialMixture(2, fix=fix, equal={"probabilities": [2]}).fit(rows)


def test_a_bound_family_can_be_sent():
    rule = LevelRule((0,), 2, by_level=True)
    family = BernoulliMixture(1).fit(answers()).mixture_.family
    bound = ConstrainedFamily(family, Constraints(np.full((1, 5), NAN), np.ones((1, 5), np.int64)))
    again = pickle.loads(pickle.dumps(bound))
    assert again.constraints == bound.constraints
    assert again.name == "bernoulli"
    assert rule.columns("probabilities") == [[0], [1]]
    with pytest.raises(AttributeError):
        _ = bound.nothing
    assert isinstance(NoPrior(), NoPrior)


def test_summaries_say_what_is_bound():
    make, rows_for, fix = CASES["poisson"]
    told = make(2, fix=fix, random_state=0).fit(rows_for()).summary()
    assert "\nrates: 2 of 4 held\n" in told
    equal = make(2, equal={"rates": True}, random_state=0).fit(rows_for()).summary()
    assert "\nrates: 4 equal by 2 value(s)\n" in equal


def test_nothing_compiled_runs_where_numbers_are_bound():
    make, rows_for, fix = CASES["bernoulli"]
    family = make(2).fit(rows_for()).mixture_.family
    values = np.array(fix["probabilities"])
    bound = ConstrainedFamily(family, Constraints(values, np.zeros((2, 5), dtype=np.int64)))
    rows = ArrayRows(rows_for().astype(float), None)
    sweep = Sweep(bound, rows, Serial())
    assert sweep.kernel is None
    assert bound.chart() is None
    assert sweep.freed.kernel is not None


def test_engines_agree_on_what_is_held():
    make, rows_for, fix = CASES["poisson"]
    fits = [
        make(2, fix=fix, engine=engine, random_state=0).fit(rows_for())
        for engine in ("serial", "threads", "processes")
    ]
    assert {fit.log_likelihood_ for fit in fits} == {fits[0].log_likelihood_}


def test_known_rows_and_responsibilities_bind_by_number():
    rows = counts()
    known = np.where(rows[:, 0] > 12, 1, -1)
    fix = {"rates": [[NAN, NAN], [9.0, NAN], [1.0, NAN]]}
    model = PoissonMixture(3, fix=fix, use_y=True, random_state=0).fit(rows, known)
    assert_array_equal(model.rates_[1:, 0], [9.0, 1.0])
    shares = np.random.default_rng(0).dirichlet(np.ones(3), len(rows))
    model = PoissonMixture(3, fix=fix, responsibilities_init=shares).fit(rows)
    assert_array_equal(model.rates_[1:, 0], [9.0, 1.0])
    model.set_params(warm_start=True, fix={"rates": [[NAN, NAN], [8.0, NAN], [1.0, NAN]]})
    assert_array_equal(model.fit(rows).rates_[1:, 0], [8.0, 1.0])


def test_missing_cells_are_left_out_beside_what_is_held():
    rows = counts()
    rows[::7, 0] = NAN
    fix, equal = {"rates": [[NAN, NAN], [9.0, NAN]]}, {"rates": [1]}
    model = PoissonMixture(2, fix=fix, equal=equal, missing="marginal", random_state=0)
    tight(model)
    model.fit(rows)

    def build(point):
        second = np.exp(point[2])
        return log_weights(point[:1]), np.array([[np.exp(point[1]), second], [9.0, second]])

    def logs(rows, rates):
        return np.nansum(
            poisson(rates).logpmf(np.nan_to_num(rows, nan=0.0)[:, None])
            * np.where(np.isnan(rows), 0.0, 1.0)[:, None],
            axis=2,
        )

    best, _ = likeliest(rows, build, logs, 3, about=0.7)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)


def test_searches_bind_every_size():
    rows = answers()
    model = CategoricalMixture(equal={"probabilities": [1, 4]}, random_state=0)
    found = model.select(rows, range(1, 4))
    for candidate in found.candidates:
        items = candidate.result.mixture.family.items(candidate.result.mixture.parameters)
        assert np.ptp(items[1], axis=0).max() < 1e-12
        assert (
            candidate.result.n_parameters
            == candidate.n_components - 1 + 3 * (candidate.n_components) + 2
        )
    with pytest.raises(ParameterError, match="there are 1 components"):
        CategoricalMixture(fix={"probabilities": {0: [[0.5, 0.5]] * 2}}).select(rows, range(1, 3))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fix": [[0.5]]}, "fix should be a dict"),
        ({"fix": {"rates": [[0.5]]}}, "such components have probabilities"),
        ({"fix": {"probabilities": [[0.5] * 5]}}, "there are 2 components"),
        ({"fix": {"probabilities": [["a"] * 5] * 2}}, "no such array"),
        ({"fix": {"probabilities": [[1.5] * 5] * 2}}, "between 0 and 1"),
        ({"fix": {"probabilities": {7: [0.5, 0.5]}}}, "there is no column 7"),
        ({"fix": {"probabilities": {"age": [0.5, 0.5]}}}, "'age'; columns have no names here"),
        ({"equal": {"probabilities": [9]}}, "there is no column 9"),
        ({"equal": {"probabilities": [[-1] * 5] * 2}}, "no such array"),
        (
            {"fix": {"probabilities": {0: [0.5, NAN]}}, "equal": {"probabilities": [0]}},
            "fix and equal both",
        ),
    ],
)
def test_what_cannot_be_held_is_refused_in_words(settings, words):
    with pytest.raises(ParameterError, match=words):
        BernoulliMixture(2, **settings).fit(answers())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fix": {"probabilities": {0: [[0.9, 0.3], [NAN, NAN]]}}}, "sum to one"),
        ({"fix": {"probabilities": {0: [[0.9, 0.05], [NAN, NAN]]}}}, "sum to one"),
        ({"equal": {"probabilities": {0: [[1, 1], [0, 0]], 1: [[1, 0], [0, 0]]}}}, "as often"),
    ],
)
def test_levels_that_cannot_be_are_refused_in_words(settings, words):
    with pytest.raises(ParameterError, match=words):
        CategoricalMixture(2, **settings).fit(answers())


def test_shapes_held_or_equal_are_where_direct_maximisation_puts_them():
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 2, 300)
    rows = rng.gamma(np.array([2.0, 8.0])[classes], np.array([1.0, 1.5])[classes])[:, None]

    def logs(rows, parameters):
        shapes, rates = parameters
        return gamma(shapes, scale=1.0 / rates).logpdf(rows)

    def held(point):
        return log_weights(point[:1]), (
            np.array([2.0, np.exp(point[1])]),
            np.exp(point[2:4]),
        )

    def equal(point):
        return log_weights(point[:1]), (np.exp(point[[1, 1]]), np.exp(point[2:4]))

    for build, told in (
        (held, {"fix": {"shapes": {0: [2.0, NAN]}}}),
        (equal, {"equal": {"shapes": True}}),
    ):
        best, _ = likeliest(rows, build, logs, 4)
        model = tight(GammaMixture(2, **told, random_state=0)).fit(rows)
        assert_allclose(model.log_likelihood_, best, atol=1e-5)
        assert model.n_parameters_ == len(parameter_names(model.mixture_)) == 4


def test_sizes_held_are_where_direct_maximisation_puts_them():
    rng = np.random.default_rng(4)
    means = np.array([2.0, 12.0])[rng.integers(0, 2, 300)]
    rows = rng.poisson(rng.gamma(3.0, means / 3.0))[:, None].astype(float)

    def build(point):
        return log_weights(point[:1]), np.exp(point[1:])

    def logs(rows, means):
        return nbinom(3.0, 3.0 / (3.0 + means)).logpmf(rows)

    best, _ = likeliest(rows, build, logs, 3, about=1.0)
    fix = {"sizes": [[3.0], [3.0]]}
    model = tight(NegativeBinomialMixture(2, fix=fix, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    assert model.n_parameters_ == len(parameter_names(model.mixture_)) == 3


def test_means_held_alone_leave_sizes_where_direct_maximisation_puts_them():
    """The means are not those of the rows, which are more spread about them for that."""
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 300)
    rows = rng.poisson(rng.gamma(4.0, np.array([2.0, 14.0])[label] / 4.0))[:, None].astype(float)

    def build(point):
        return log_weights(point[:1]), (np.array([3.0, np.exp(point[1])]), np.exp(point[2:4]))

    def logs(rows, parameters):
        means, sizes = parameters
        return nbinom(sizes, sizes / (sizes + means)).logpmf(rows)

    best, _ = likeliest(rows, build, logs, 4, about=1.0, spread=0.7)
    fix = {"means": [[3.0], [NAN]]}
    model = tight(NegativeBinomialMixture(2, fix=fix, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    assert model.means_[0, 0] == 3.0
    assert model.n_parameters_ == len(parameter_names(model.mixture_)) == 4


def test_rates_held_alone_leave_shapes_where_direct_maximisation_puts_them():
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 2, 300)
    rows = rng.gamma(np.array([2.0, 8.0])[classes], np.array([1.0, 1.5])[classes])[:, None]

    def logs(rows, parameters):
        shapes, rates = parameters
        return gamma(shapes, scale=1.0 / rates).logpdf(rows)

    def one(point):
        return log_weights(point[:1]), (np.exp(point[1:3]), np.array([1.3, np.exp(point[3])]))

    def both(point):
        return log_weights(point[:1]), (np.exp(point[[1, 1]]), np.array([1.3, np.exp(point[2])]))

    held = {"fix": {"rates": {0: [1.3, NAN]}}}
    for build, size, told in ((one, 4, held), (both, 3, held | {"equal": {"shapes": True}})):
        best, _ = likeliest(rows, build, logs, size)
        model = tight(GammaMixture(2, **told, random_state=0)).fit(rows)
        assert_allclose(model.log_likelihood_, best, atol=1e-5)
        assert model.rates_[0, 0] == 1.3
        assert model.n_parameters_ == len(parameter_names(model.mixture_)) == size


@pytest.mark.parametrize(
    ("make", "told", "words"),
    [
        (NegativeBinomialMixture, {"equal": {"means": True}}, "none can be equal"),
        (GammaMixture, {"equal": {"rates": True}}, "shapes can be held or equal"),
        (GammaMixture, {"fix": {"shapes": {0: [0.0, NAN]}}}, "above 0"),
        (GammaMixture, {"fix": {"shapes": {0: [np.inf, NAN]}}}, "above 0 and finite"),
        (PoissonMixture, {"fix": {"rates": {0: [np.inf, NAN]}}}, "finite and not below 0"),
    ],
)
def test_numbers_without_an_m_step_under_what_is_held_are_refused(make, told, words):
    with pytest.raises(ParameterError, match=words):
        make(2, **told).fit(counts() + 1.0)


def test_rows_that_are_impossible_everywhere_are_named():
    rows = answers()
    with pytest.raises(DataError, match=r"a row such as \[1, \d, [\d, ]*\] is impossible"):
        BernoulliMixture(2, fix={"probabilities": {0: [0.0, 0.0]}}).fit(rows)
    with pytest.raises(DataError, match="is impossible in every component"):
        CategoricalMixture(2, fix={"probabilities": {0: [[1.0, 0.0]] * 2}}).fit(rows)
    with pytest.raises(DataError, match="is impossible"):
        PoissonMixture(2, fix={"rates": {0: [0.0, 0.0]}}).fit(counts())
    possible = PoissonMixture(2, fix={"rates": {0: [0.0, NAN]}}, random_state=0).fit(counts())
    assert np.isfinite(possible.log_likelihood_)


def test_blocks_of_mixed_columns_obey_each_by_itself(tmp_path):
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 250)
    numbers = rng.normal([[0.0], [3.0]], 1.0, (2, 250))[classes, np.arange(250)]
    says = (rng.random(250) < np.array([0.2, 0.0])[classes]).astype(int)
    rates = rng.poisson(np.array([2.0, 5.0])[classes])
    rows = pd.DataFrame({"says": says, "number": numbers, "count": rates})
    told = {"gaussian": ["number"], "categorical": ["says"], "poisson": ["count"]}
    fix = {
        "gaussian.means": {"number": [0.0, NAN]},
        "gaussian.covariances": [[[1.0]], None],
        "categorical.probabilities": {"says": [[None, None], [1.0, 0.0]]},
    }
    model = tight(MixedMixture(2, told, fix=fix, random_state=0)).fit(rows)

    def build(point):
        return log_weights(point[:1]), point[1:]

    def logs(rows, point):
        mean, width, yes, first, second = point[0], np.exp(point[1]), expit(point[2]), *point[3:]
        found = np.column_stack(
            [norm.logpdf(numbers), norm(mean, width).logpdf(numbers)]
        ) + poisson(np.exp([first, second])).logpmf(rates[:, None])
        with np.errstate(divide="ignore"):
            return found + np.where(says[:, None] > 0, np.log([yes, 0.0]), np.log([1 - yes, 1.0]))

    best, _ = likeliest(rows, build, logs, 6, n_starts=4, spread=1.0, about=0.5)
    assert_allclose(model.log_likelihood_, best, atol=1e-4)
    assert model.n_parameters_ == len(parameter_names(model.mixture_)) == 6
    model.save(tmp_path / "m.mixtura")
    assert load(tmp_path / "m.mixtura").n_parameters_ == 6
    same = MixedMixture(2, told, equal={"poisson.rates": ["count"]}, random_state=0).fit(rows)
    assert np.ptp(same.mixture_.parameters.parts[2].rates) == 0.0
    with pytest.raises(ParameterError, match=r"gaussian\.means and"):
        MixedMixture(2, told, fix={"means": [[0.0], [NAN]]}).fit(rows)


def test_columns_are_named_beside_an_exposure():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(counts(), columns=["first", "second"])
    rows.insert(1, "time", rng.uniform(0.5, 2.0, len(rows)))
    model = PoissonMixture(2, exposure="time", equal={"rates": ["second"]}, random_state=0).fit(
        rows
    )
    assert np.ptp(model.rates_[:, 1]) == 0.0
    assert np.ptp(model.rates_[:, 0]) > 0.0


def test_an_array_of_items_with_as_many_levels_each_is_read_like_the_fitted_list():
    rows = answers()
    free = CategoricalMixture(2, random_state=0).fit(rows)
    held = [np.asarray(item).round(2) for item in free.probabilities_]
    fits = [
        CategoricalMixture(2, fix={"probabilities": told}, random_state=0).fit(rows)
        for told in (held, np.array(held))
    ]
    assert fits[0].log_likelihood_ == fits[1].log_likelihood_
    assert fits[0].n_parameters_ == fits[1].n_parameters_ == 1
