"""Compiled runs of counts, categories and mixed columns do what the general loop does."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixtura.components.background import one_pass
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.geometric import GeometricFamily
from mixtura.components.kernel import Limits, Terms
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.noise import NoiseFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.product import ProductFamily
from mixtura.components.weighing import EQUAL, Weighing
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.starts import NeverMet
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(5)

N, K = 211, 3


def continuous(rng, labels, n_columns=2):
    return 2.0 * rng.normal(size=(K, n_columns))[labels] + rng.normal(size=(N, n_columns))


def gaussian(rows, code="VVV"):
    return GaussianFamily.of(structure(code), *column_moments(ArrayRows(rows)))


def case(name, seed):
    """Return rows of overlapping classes, and their family."""
    rng = np.random.default_rng([seed, len(name)])
    labels = rng.integers(K, size=N)
    items = (rng.random((N, 4)) < rng.dirichlet(np.ones(K), 4).T[labels]).astype(np.int32)
    items += rng.integers(0, 2, (N, 4), dtype=np.int32)
    counts = rng.poisson(rng.gamma(2.0, 2.0, (K, 3))[labels]).astype(float)
    yes = (rng.random((N, 5)) < rng.beta(1.0, 1.0, (K, 5))[labels]).astype(float)
    numbers = continuous(rng, labels)
    gaps = items.copy()
    gaps[rng.random(items.shape) < 0.2] = -1
    mixed = np.column_stack([counts, numbers, items])
    few = np.where(rng.random(counts.shape) < 0.2, np.nan, counts)
    some = np.where(rng.random(yes.shape) < 0.2, np.nan, yes)
    exposed = np.column_stack([counts, rng.uniform(0.5, 2.0, N)])
    holed = np.column_stack([few, exposed[:, 3]])
    classes = CategoricalFamily((3,) * 4)
    found = {
        "categories": (items, classes),
        "categories with gaps": (gaps, classes),
        "counts": (counts, PoissonFamily(3)),
        "counts with gaps": (few, PoissonFamily(3)),
        "exposures": (exposed, PoissonFamily(3, exposure=3)),
        "exposures with gaps": (holed, PoissonFamily(3, exposure=3)),
        "yes or no with gaps": (some, BernoulliFamily(5)),
        "mixed with gaps": (
            np.column_stack([few, numbers, some]),
            ProductFamily((PoissonFamily(3), gaussian(numbers), BernoulliFamily(5))),
        ),
        "words": (counts + 1, MultinomialFamily(3)),
        "yes or no": (yes, BernoulliFamily(5)),
        "mixed": (mixed, ProductFamily((PoissonFamily(3), gaussian(numbers), classes))),
        "mixed without numbers": (
            np.column_stack([yes, counts]),
            ProductFamily((BernoulliFamily(5), PoissonFamily(3))),
        ),
        "mixed of one covariance": (
            np.column_stack([numbers, yes]),
            ProductFamily((gaussian(numbers, "EEE"), BernoulliFamily(5))),
        ),
    }
    rows, family = found[name]
    return rows, family.reading(rows)


NAMES = (
    "categories",
    "categories with gaps",
    "counts",
    "counts with gaps",
    "exposures",
    "exposures with gaps",
    "yes or no with gaps",
    "mixed with gaps",
    "words",
    "yes or no",
    "mixed",
    "mixed without numbers",
    "mixed of one covariance",
)


def both(rows, family, weights=None):
    """Return a sweep with its kernel, and one without."""
    sweeps = [Sweep(family, ArrayRows(rows, weights), Serial()) for _ in range(2)]
    sweeps[1].kernel = None
    assert sweeps[0].kernel is not None
    return sweeps


def options_for(sweep, prior="weak", **changes):
    plain = FitOptions(GainLeft(), max_iter=500, prior=sweep.prior(prior, K))
    return replace(plain, **changes)


def started(general, options, seed=0):
    rows = general.source.n_rows
    n_components = K + general.family.has_noise
    shares = np.random.default_rng(seed).dirichlet(np.full(n_components, 0.7), rows)
    return model_from_responsibilities(general, shares, options)


def only_compiled(sweep, model, options):
    limits = options.rule.limits(options.max_iter, accelerate=options.accelerate)
    terms = Terms(options.prior, options.weighing)
    assert sweep.kernel.run(model.log_weights, model.parameters, terms, limits) is not None
    return fit(sweep, [model], options)[0]


def numbers_of(family, model):
    arrays, _ = family.to_arrays(family.in_user_units(model.parameters)[1])
    return np.concatenate([model.log_weights, *(value.ravel() for value in arrays.values())])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("prior", ["weak", "conjugate", None])
@pytest.mark.parametrize("name", NAMES)
def test_sweeps_without_extrapolations_are_those_of_the_general_loop(name, prior, weighted):
    if prior == "conjugate" and "mixed" in name and name != "mixed without numbers":
        pytest.skip("a conjugate prior of Gaussian columns is no pseudo-rows")
    rows, family = case(name, 1)
    weights = np.random.default_rng(2).uniform(0.5, 3.0, N) if weighted else None
    sweep, general = both(rows, family, weights)
    options = options_for(
        sweep, prior, rule=NeverMet(), max_iter=7, weighing=Weighing(concentration=1.3)
    )
    start = started(general, options)
    run, expected = only_compiled(sweep, start, options), fit(general, [start], options)[0]
    assert_allclose(run.history.objective, expected.history.objective, rtol=1e-11)
    assert_allclose(run.history.gap[1:], expected.history.gap[1:], atol=1e-8)
    found, others = numbers_of(sweep.family, run.model), numbers_of(sweep.family, expected.model)
    assert_allclose(found, others, rtol=1e-8, atol=1e-10)
    assert_allclose(
        run.statistics.moments.effective_rows,
        expected.statistics.moments.effective_rows,
        rtol=1e-9,
    )
    after = sweep([run.model])[0]
    assert after.log_likelihood >= run.statistics.log_likelihood - 1e-9 * N


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_an_extrapolating_run_rises_to_an_end_that_em_leaves_as_it_is(name, equal):
    for seed in range(5):
        rows, family = case(name, seed)
        sweep, general = both(rows, family)
        options = options_for(
            sweep, accelerate=True, max_iter=2000, weighing=Weighing(EQUAL if equal else None)
        )
        start = started(general, options, seed)
        run = only_compiled(sweep, start, options)
        assert (np.diff(run.history.objective) >= -1e-9 * N).all()
        assert run.ending.converged
        again = replace(options, rule=NeverMet(), max_iter=50, accelerate=False)
        further = fit(general, [run.model], again)[0]
        assert further.objective - run.objective < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_many_starts_are_tried_as_one_by_one(name):
    rows, family = case(name, 3)
    sweep, general = both(rows, family)
    options = options_for(sweep)
    rng = np.random.default_rng(5)
    sources = [rng.integers(K, size=N), rng.dirichlet(np.ones(K), N), rng.integers(K, size=N)]
    terms = Terms(options.prior, Weighing())
    found = sweep.kernel.tried(sources, K, terms, 4)
    short = replace(options, rule=NeverMet(), max_iter=4)
    softness = family.start_softness
    for source, (objective, _, _) in zip(sources, found, strict=True):
        shares = source
        if source.ndim == 1:
            shares = np.full((N, K), softness / K)
            shares[np.arange(N), source] += 1.0 - softness
        if "mixed" in name and "numbers" not in name:
            # Gaussian columns of a start borrow scatter.
            continue
        start = model_from_responsibilities(general, shares, options)
        assert objective == pytest.approx(fit(general, [start], short)[0].objective, rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_responsibilities_are_those_of_the_general_sweep(name):
    rows, family = case(name, 4)
    sweep, general = both(rows, family)
    model = started(general, options_for(sweep))
    shares = sweep.kernel.responsibilities(model.log_weights, model.parameters)
    assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-12)
    moments = general([model])[0].moments
    assert_allclose(shares.sum(axis=1), moments.effective_rows, rtol=1e-10)


def noisy(seed, code):
    """Return clusters in a box of noise, and their family."""
    rng = np.random.default_rng(seed)
    rows = continuous(rng, rng.integers(K, size=N))
    rows[::8] = rng.uniform(-9, 9, (len(rows[::8]), 2))
    return rows, NoiseFamily.around(
        gaussian(rows, code), BoxBackground.of(smallest_box(one_pass(rows)))
    )


@pytest.mark.parametrize("code", ["EII", "EEI", "EEE", "VII", "VVI", "EVV", "VEV", "VVV"])
@pytest.mark.parametrize("seed", range(3))
def test_noise_is_the_last_component_of_a_compiled_run(code, seed):
    rows, family = noisy(seed, code)
    sweep, general = both(rows, family)
    plain = FitOptions(NeverMet(), max_iter=6, prior=sweep.prior("weak", K + 1))
    start = started(general, plain)
    run, expected = only_compiled(sweep, start, plain), fit(general, [start], plain)[0]
    assert_allclose(run.history.objective, expected.history.objective, rtol=1e-11)
    moments, others = (one.statistics.moments for one in (run, expected))
    assert_allclose(moments.noise, [False] * K + [True])
    # What is shared is the scatter of all components together.
    assert_allclose(moments.inner.scatter.sum(axis=0), others.inner.scatter.sum(axis=0), rtol=1e-9)
    extrapolating = replace(plain, rule=GainLeft(), max_iter=500, accelerate=True)
    ends = [fit(one, [start], extrapolating)[0] for one in (sweep, general)]
    assert ends[0].ending.converged
    assert ends[0].objective >= ends[1].objective - 0.1


def test_what_has_no_segments_is_left_to_the_general_loop():
    counts = np.random.default_rng(0).poisson(3.0, (50, 3)).astype(float)
    assert Sweep(GeometricFamily(3), ArrayRows(counts), Serial()).kernel is None
    two = ProductFamily((gaussian(counts[:, :1]), gaussian(counts[:, 1:])))
    assert Sweep(two, ArrayRows(counts), Serial()).kernel is None


def test_priors_that_are_no_pseudo_rows_are_left_to_it():
    rows, family = case("mixed", 0)
    sweep, general = both(rows, family)
    start = started(general, options_for(sweep))
    told = Terms(sweep.prior("conjugate", K), Weighing())
    assert sweep.kernel.run(start.log_weights, start.parameters, told, Limits(5)) is None
