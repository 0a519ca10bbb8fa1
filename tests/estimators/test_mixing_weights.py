"""Mixing weights held equal or at given numbers, against EM in plain NumPy and laws."""

import warnings
from itertools import permutations

import numpy as np
import pytest
from discrete_cases import ESTIMATORS, rows_for
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm, poisson
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from mixtura import (
    CategoricalMixture,
    Dirichlet,
    GaussianMixture,
    MixedMixture,
    ParameterError,
    PoissonMixture,
    load,
    select,
)
from mixtura.components.gaussian.structures import CODES
from mixtura.em.sweep import Sweep

pytestmark = [
    pytest.mark.filterwarnings("ignore:Best performing initialization"),
    pytest.mark.drawn(5),
]

SWEEPS = 12
HELD = {"equal": [1 / 3] * 3, "given": [0.2, 0.5, 0.3]}
every_holding = pytest.mark.parametrize("held", HELD)


def given(held):
    """Return what an estimator is told."""
    return "equal" if held == "equal" else HELD[held]


def overlapping(n_rows=200, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [2.5, 0.5], [1.0, 3.0]])
    return centres[rng.choice(3, n_rows, p=[0.5, 0.3, 0.2])] + rng.normal(size=(n_rows, 2))


def soft(n_rows, n_components=3, seed=1):
    return np.random.default_rng(seed).dirichlet(np.full(n_components, 0.7), n_rows)


def plain_em(rows, shares, held, family, *, weights=None, allowed=None, sweeps=SWEEPS):
    """Return ℓ of each sweep from an M-step on, and the weights at the end.

    `family` maps rows and weighted shares (N, K) to log densities (N, K); it is told the last ones.
    Shares have a further column where there is noise.
    """
    mass = np.ones(len(shares)) if weights is None else weights
    held, found = np.asarray(held), []
    for _ in range(sweeps):
        weighted = shares * mass[:, None]
        densities = family(rows, weighted)
        mixing = held
        if densities.shape[1] > len(held):
            noise = weighted[:, -1].sum() / mass.sum()
            mixing = np.append((1 - noise) * held, noise)
        joint = np.log(mixing) + densities
        if allowed is not None:
            joint = np.where(allowed, joint, -np.inf)
        total = logsumexp(joint, axis=1)
        found.append(float(mass @ total))
        shares = np.exp(joint - total[:, None])
    return found, mixing


def gaussians(code, volume=None):
    """Return the exact M-step of a structure, and the densities it leads to."""

    def densities(rows, shares):
        parts = shares if volume is None else shares[:, :-1]
        n_k, n_columns = parts.sum(axis=0), rows.shape[1]
        means = (parts.T @ rows) / n_k[:, None]
        gaps = rows[:, None] - means
        scatter = np.einsum("nk,nki,nkj->kij", parts, gaps, gaps)
        if code == "VVV":
            covariances = scatter / n_k[:, None, None]
        elif code == "EEE":
            covariances = np.repeat(
                scatter.sum(axis=0, keepdims=True) / n_k.sum(), len(n_k), axis=0
            )
        elif code == "VVI":
            covariances = scatter * np.eye(n_columns) / n_k[:, None, None]
        else:
            widths = np.trace(scatter, axis1=1, axis2=2) / n_columns
            widths = widths / n_k if code == "VII" else np.full(len(n_k), widths.sum() / n_k.sum())
            covariances = widths[:, None, None] * np.eye(n_columns)
        pairs = zip(means, covariances, strict=True)
        found = np.column_stack([multivariate_normal(*pair).logpdf(rows) for pair in pairs])
        return (
            found
            if volume is None
            else np.column_stack([found, np.full(len(rows), -np.log(volume))])
        )

    return densities


def items(rows, shares):
    """Return the M-step and densities of two items of three levels."""
    shown = np.eye(3)[rows]
    chances = np.einsum("nk,njl->kjl", shares, shown) / shares.sum(axis=0)[:, None, None]
    return np.einsum("njl,kjl->nk", shown, np.log(chances))


def counts(rows, shares):
    rates = (shares.T @ rows) / shares.sum(axis=0)[:, None]
    return poisson(rates).logpmf(rows[:, None]).sum(axis=2)


def mixed(rows, shares):
    """Return those of a number beside an item."""
    return gaussians("VVV")(rows[:, :1], shares) + items(
        np.repeat(rows[:, 1:].astype(int), 1, axis=1), shares
    )


def told(held, shares, **settings):
    """Return settings of plain EM from responsibilities."""
    return {
        "algorithm": "em",
        "tol": 0.0,
        "max_iter": SWEEPS,
        "prior": None,
        "mixing_weights": given(held),
        "responsibilities_init": shares,
        **settings,
    }


@pytest.fixture(params=["compiled", "general"])
def loop(request, monkeypatch):
    """Run each test by compiled runs and by the general loop."""
    if request.param == "general":
        monkeypatch.setattr(Sweep, "kernel", None)


@every_holding
@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII", "EII"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gaussian_sweeps_are_those_of_plain_em(code, held, weighted, loop):
    rows, shares = overlapping(), soft(200)
    weights = np.random.default_rng(2).integers(1, 4, 200).astype(float) if weighted else None
    expected, _ = plain_em(rows, shares, HELD[held], gaussians(code), weights=weights)
    model = GaussianMixture(3, covariance_type=code, **told(held, shares))
    model.fit(rows, sample_weight=weights)
    assert_allclose(model.history_.log_likelihood, expected, rtol=1e-10)
    assert_allclose(model.weights_, HELD[held], rtol=1e-14)


@every_holding
def test_noise_keeps_a_weight_of_its_own(held, loop):
    rows, shares, volume = overlapping(), soft(200, 4), 60.0
    expected, mixing = plain_em(rows, shares, HELD[held], gaussians("VVV", volume))
    settings = told(held, shares, noise="uniform", noise_volume=volume)
    model = GaussianMixture(3, **settings).fit(rows)
    assert_allclose(model.history_.log_likelihood, expected, rtol=1e-10)
    after = model.weights_[:-1] / model.weights_[:-1].sum()
    assert_allclose(after, HELD[held], rtol=1e-14)
    assert mixing[-1] > 0.01
    assert model.weights_[-1] != pytest.approx(1 / 4, abs=1e-3)


@every_holding
def test_rows_of_known_components_are_excluded_from_the_others(held, loop):
    rows, shares = overlapping(), soft(200)
    y = np.where(np.arange(200) % 5 == 0, np.arange(200) % 3, -1)
    allowed = (y[:, None] == np.arange(3)) | (y[:, None] < 0)
    expected, _ = plain_em(rows, shares, HELD[held], gaussians("VVV"), allowed=allowed)
    model = GaussianMixture(3, use_y=True, **told(held, shares)).fit(rows, y)
    assert_allclose(model.history_.log_likelihood, expected, rtol=1e-10)


@every_holding
def test_missing_cells_are_left_out(held):
    rows, shares = overlapping(), soft(200)
    rows[np.random.default_rng(3).random(rows.shape) < 0.2] = np.nan
    rows[np.isnan(rows).all(axis=1), 0] = 1.0
    seen, state = ~np.isnan(rows), {}

    def densities(rows, shares):
        n_k = shares.sum(axis=0)[:, None]
        spread = np.nanvar(rows, axis=0)
        means = state.get("means", np.tile(np.nanmean(rows, axis=0), (3, 1)))
        widths = state.get("widths", np.tile(spread, (3, 1)))
        cells = np.where(seen[:, None], rows[:, None], means)
        after = np.einsum("nk,nkd->kd", shares, cells) / n_k
        square = np.where(seen[:, None], (cells - after) ** 2, (means - after) ** 2 + widths)
        state["means"], state["widths"] = after, np.einsum("nk,nkd->kd", shares, square) / n_k
        each = norm(state["means"], np.sqrt(state["widths"])).logpdf(rows[:, None])
        return np.where(seen[:, None], each, 0.0).sum(axis=2)

    settings = told(held, shares, covariance_type="diag", missing="marginal", max_iter=400)
    model = GaussianMixture(3, **settings).fit(rows)
    expected, _ = plain_em(rows, shares, HELD[held], densities, sweeps=400)
    assert model.log_likelihood_ == pytest.approx(expected[-1], abs=1e-3)
    assert_allclose(model.weights_, HELD[held], rtol=1e-14)


@every_holding
def test_latent_classes_counts_and_mixed_columns_are_those_of_plain_em(held, loop):
    rng, shares = np.random.default_rng(4), soft(150)
    codes, events = rng.integers(0, 3, (150, 2)), rng.poisson(4.0, (150, 2))
    model = CategoricalMixture(3, **told(held, shares)).fit(codes)
    expected, _ = plain_em(codes, shares, HELD[held], items)
    assert_allclose(model.history_.log_likelihood, expected, rtol=1e-10)
    model = PoissonMixture(3, **told(held, shares)).fit(events)
    expected, _ = plain_em(events, shares, HELD[held], counts)
    assert_allclose(model.history_.log_likelihood, expected, rtol=1e-10)
    both = np.column_stack([overlapping(150)[:, 0], codes[:, 0]])
    blocks = {"gaussian": [0], "categorical": [1]}
    model = MixedMixture(3, blocks, **told(held, shares)).fit(both)
    expected, _ = plain_em(both, shares, HELD[held], mixed)
    assert_allclose(model.history_.log_likelihood, expected, rtol=1e-10)
    assert_allclose(model.weights_, HELD[held], rtol=1e-14)


@every_holding
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_mixture_of_counts_holds_its_weights_and_never_falls(kind, held, tmp_path):
    rows = rows_for(kind)
    model = ESTIMATORS[kind](3, mixing_weights=given(held), random_state=0).fit(rows)
    free = ESTIMATORS[kind](3, random_state=0).fit(rows)
    assert_allclose(model.weights_, HELD[held], rtol=1e-14)
    assert model.history_.largest_fall == 0
    assert model.n_parameters_ == free.n_parameters_ - 2
    assert model.history_.certificate.kkt_residual < 1e-15
    model.save(tmp_path / "model.mixtura")
    found = load(tmp_path / "model.mixtura")
    assert found.n_parameters_ == found.mixture_.n_parameters == model.n_parameters_


@every_holding
@pytest.mark.parametrize("code", CODES)
def test_every_structure_ends_where_em_leaves_it_and_no_higher_than_free_weights(code, held):
    rows = overlapping(300)
    model = GaussianMixture(3, covariance_type=code, mixing_weights=given(held), random_state=0)
    model.fit(rows)
    assert model.history_.largest_fall == 0
    assert_allclose(model.weights_, HELD[held], rtol=1e-14)
    shares = model.predict_proba(rows)
    settings = told(held, shares, covariance_type=code, prior="weak", max_iter=200)
    further = GaussianMixture(3, **settings).fit(rows)
    assert further.log_likelihood_ - model.log_likelihood_ < 0.02
    free = GaussianMixture(3, covariance_type=code, responsibilities_init=shares).fit(rows)
    assert free.log_likelihood_ >= model.log_likelihood_ - 1e-6
    assert model.n_parameters_ == free.n_parameters_ - 2


def test_the_weights_that_a_free_fit_finds_lead_to_the_same_fit_in_any_order():
    rows = overlapping(300)
    free = GaussianMixture(3, random_state=0).fit(rows)
    for order in permutations(range(3)):
        weights = free.mixture_.weights[list(order)]
        held = GaussianMixture(3, mixing_weights=weights, random_state=0).fit(rows)
        assert held.log_likelihood_ == pytest.approx(free.log_likelihood_, abs=2e-3)
        assert_allclose(held.means_, free.means_[list(order)], atol=0.05)
        assert_allclose(held.weights_, weights, rtol=1e-14)


def test_the_order_of_rows_does_not_matter_and_a_weight_is_a_row_repeated():
    rows, order = overlapping(200), np.random.default_rng(5).permutation(200)
    weights = np.random.default_rng(6).integers(1, 4, 200)
    for held in HELD:
        model = GaussianMixture(3, mixing_weights=given(held), random_state=0)
        first = clone(model).fit(rows)
        assert clone(model).fit(rows[order]).log_likelihood_ == pytest.approx(
            first.log_likelihood_, abs=2e-3
        )
        repeated = clone(model).fit(np.repeat(rows, weights, axis=0))
        weighted = clone(model).fit(rows, sample_weight=weights)
        assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, abs=2e-3)


def test_numbers_that_are_equal_are_equal_weights():
    rows = overlapping()
    ends = [
        GaussianMixture(3, mixing_weights=weights, random_state=0).fit(rows).log_likelihood_
        for weights in ("equal", np.full(3, 1 / 3))
    ]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("noise", [None, "uniform"])
@every_holding
def test_free_parameters_are_fewer_by_all_weights_but_that_of_noise(held, noise):
    rows = overlapping()
    settings = {"noise": noise, "covariance_type": "EEE", "random_state": 0}
    free = GaussianMixture(3, **settings).fit(rows)
    model = GaussianMixture(3, mixing_weights=given(held), **settings).fit(rows)
    assert model.n_parameters_ == free.n_parameters_ - 2
    assert model.bic(rows) == pytest.approx(
        -2 * model.score(rows) * 200 + model.n_parameters_ * np.log(200)
    )
    assert "mixing weights held" in model.summary()
    assert "mixing weights held" not in free.summary()


def test_a_saved_model_knows_that_its_weights_were_held(tmp_path):
    rows = overlapping()
    for held in HELD:
        model = GaussianMixture(3, mixing_weights=given(held), random_state=0).fit(rows)
        model.save(tmp_path / "model.mixtura")
        found = load(tmp_path / "model.mixtura").mixture_
        assert found.held
        assert found.n_parameters == model.n_parameters_
        assert found.marginal([0]).held
    GaussianMixture(3, random_state=0).fit(rows).save(tmp_path / "free.mixtura")
    assert not load(tmp_path / "free.mixtura").mixture_.held


def test_a_search_holds_the_weights_of_all_models():
    rows = overlapping(300)
    found = select(rows, range(1, 4), ["VVV", "EII"], mixing_weights="equal", random_state=0)
    free = select(rows, range(1, 4), ["VVV", "EII"], random_state=0)
    for one, other in zip(found.candidates, free.candidates, strict=True):
        size = one.n_components
        assert_allclose(one.result.mixture.weights, np.full(size, 1 / size), rtol=1e-14)
        assert one.result.n_parameters == other.result.n_parameters - size + 1
        assert one.result.log_likelihood <= other.result.log_likelihood + 0.05
    one = select(rows, 3, "VVV", mixing_weights=[0.2, 0.5, 0.3], noise="uniform", random_state=0)
    weights = one.result.mixture.weights
    assert_allclose(weights[:3] / weights[:3].sum(), [0.2, 0.5, 0.3], rtol=1e-14)
    with pytest.raises(ParameterError, match="n_components is 2"):
        select(rows, [2, 3], mixing_weights=[0.2, 0.5, 0.3])
    counted = select(rows_for("poisson"), [2, 3], family="poisson", mixing_weights="equal")
    assert {row["df"] for row in counted.table()} == {4, 6}


def test_a_search_by_an_estimator_holds_them_too():
    model = PoissonMixture(mixing_weights=[0.3, 0.7], random_state=0)
    assert model.select(rows_for("poisson"), 2).best.result.n_parameters == 4
    assert_allclose(model.weights_, [0.3, 0.7], rtol=1e-14)
    with pytest.raises(ParameterError, match="holds 2 numbers"):
        model.select(rows_for("poisson"), [2, 3])


def test_a_warm_start_takes_on_the_weights_that_are_held_now():
    rows = overlapping()
    model = GaussianMixture(3, warm_start=True, random_state=0).fit(rows)
    held = model.set_params(mixing_weights=[0.2, 0.5, 0.3]).fit(rows)
    assert_allclose(held.weights_, [0.2, 0.5, 0.3], rtol=1e-14)
    assert held.converged_
    assert held.history_.largest_fall == 0
    free = held.set_params(mixing_weights="free").fit(rows)
    assert not free.mixture_.held
    assert free.log_likelihood_ > held.history_.log_likelihood[0]


def test_starts_of_scikit_learn_and_given_means_are_held_too():
    rows = overlapping()
    for settings in ({"init_params": "kmeans"}, {"means_init": rows[:3]}):
        model = GaussianMixture(3, mixing_weights=[0.2, 0.5, 0.3], random_state=0, **settings)
        model.fit(rows)
        assert_allclose(model.weights_, [0.2, 0.5, 0.3], rtol=1e-14)
        assert model.history_.largest_fall == 0


def test_an_estimator_of_given_parameters_counts_weights_that_are_held_as_known():
    weights, means, widths = [0.2, 0.8], np.eye(2), np.repeat(np.eye(2)[None], 2, axis=0)
    settings = {"mixing_weights": weights}
    held = GaussianMixture.from_parameters(weights, means, widths, **settings)
    assert held.mixture_.n_parameters == 10
    assert GaussianMixture.from_parameters(weights, means, widths).mixture_.n_parameters == 11
    with pytest.raises(ParameterError, match="others than mixing_weights"):
        GaussianMixture.from_parameters([0.5, 0.5], means, widths, **settings)


def test_no_sweep_leaves_the_start_but_with_the_weights_that_are_held():
    model = GaussianMixture(3, mixing_weights="equal", max_iter=0, random_state=0)
    assert_allclose(model.fit(overlapping()).weights_, 1 / 3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mixing_weights": "even"}, "'even'"),
        ({"mixing_weights": [0.5, 0.5]}, "holds 2 numbers"),
        ({"mixing_weights": [0.5, 0.5, 0.5]}, "sum to one"),
        ({"mixing_weights": [0.5, 0.6, -0.1]}, "above 0"),
        ({"mixing_weights": [0.5, 0.5, np.nan]}, "above 0"),
        ({"mixing_weights": [[0.5, 0.25, 0.25]]}, "one number for each"),
        ({"mixing_weights": None}, "one number for each"),
        (
            {"mixing_weights": "equal", "weights_init": [0.5, 0.25, 0.25]},
            "weights_init.*mixing_weights",
        ),
        ({"mixing_weights": "equal", "prior": Dirichlet(2.0)}, "Dirichlet.*mixing_weights"),
    ],
)
def test_what_cannot_be_is_refused(settings, words):
    with pytest.raises(ParameterError, match=words):
        GaussianMixture(3, **settings).fit(overlapping())


@pytest.mark.parametrize("noise", [None, "uniform"])
@pytest.mark.parametrize("max_iter", [0, 1])
@pytest.mark.parametrize("code", ["full", "VVI", "EVE"])
def test_weights_told_as_numbers_are_held_from_the_start_on(code, max_iter, noise):
    rows = np.random.default_rng(0).normal(size=(60, 3))
    rows[:20] += 6.0
    model = GaussianMixture(
        3,
        covariance_type=code,
        mixing_weights=[0.5, 0.3, 0.2],
        max_iter=max_iter,
        noise=noise,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows)
    shares = model.weights_[:3] / model.weights_[:3].sum()
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2])


def test_a_prior_on_weights_leaves_that_of_mixed_columns_as_it_is():
    rng = np.random.default_rng(3)
    which = rng.random(300) < 0.3
    rows = np.column_stack([rng.normal(4 * which), rng.random(300) < 0.2 + 0.6 * which])
    blocks = {"gaussian": [0], "bernoulli": [1]}
    plain = MixedMixture(2, blocks, random_state=0).fit(rows)
    even = MixedMixture(2, blocks, prior=Dirichlet(1.0), random_state=0).fit(rows)
    drawn = MixedMixture(2, blocks, prior=Dirichlet(1e6), random_state=0).fit(rows)
    assert even.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-9)
    np.testing.assert_allclose(drawn.weights_, 0.5, atol=1e-3)


@pytest.mark.parametrize("held", ["equal", [0.6, 0.3, 0.1]])
@pytest.mark.parametrize("code", ["EEE", "VVI", "EII"])
@pytest.mark.parametrize("max_iter", [12, 300])
def test_quasi_newton_steps_leave_weights_that_are_held(held, code, max_iter, fresh_seed):
    # Overlapping components, whose end is far along, and a row far away.
    rows = np.random.default_rng(fresh_seed).standard_t(3, size=(150, 1))
    rows[0] = 2e4
    for n_columns in (1, 2):
        model = GaussianMixture(
            3, covariance_type=code, mixing_weights=held, max_iter=max_iter, random_state=0
        ).fit(np.repeat(rows, n_columns, axis=1) + np.arange(n_columns) * np.sin(rows))
        expected = np.full(3, 1 / 3) if held == "equal" else held
        np.testing.assert_allclose(model.weights_, expected, rtol=1e-14)
