"""Beta components: SciPy's likeliest shapes, digits of narrow ones, and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from mpmath import mp, mpf
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from mixtura import (
    BetaMixture,
    DataError,
    DegenerateComponentWarning,
    GaussianMixture,
    MixedMixture,
    Mixture,
    load,
)
from mixtura.components.beta import BetaFamily, BetaParameters
from mixtura.components.beta_shapes import LARGEST_SUM, mean_logs, shapes_below

pytestmark = pytest.mark.drawn(3)


def shares(seed: int, n_rows: int = 500) -> np.ndarray:
    rng = np.random.default_rng(seed)
    high = rng.random(n_rows) < 0.4
    return np.where(high, rng.beta(20, 3, n_rows), rng.beta(1.5, 6, n_rows))[:, None]


@pytest.mark.parametrize(("low", "high", "digits"), [(-3, 2, 1e-9), (0, 4, 1e-8), (4, 7, 1e-6)])
def test_shapes_are_found_from_their_mean_logarithms(
    low: float, high: float, digits: float, fresh_seed: int
) -> None:
    first, second = 10.0 ** np.random.default_rng(fresh_seed).uniform(low, high, (2, 300))
    found = shapes_below(*mean_logs(first, second), np.full(300, LARGEST_SUM))
    np.testing.assert_allclose(found, (first, second), rtol=digits)


@pytest.mark.parametrize("most", [3.0, 40.0, 1e4])
def test_bound_shapes_are_the_likeliest_of_their_sum(most: float, fresh_seed: int) -> None:
    first, second = most * 10.0 ** np.random.default_rng(fresh_seed).uniform(-3, 3, (2, 60))
    u, v = mean_logs(first, second)
    found = shapes_below(u, v, np.full(60, most))
    bound = first + second > most
    np.testing.assert_allclose(sum(found)[bound], most)
    np.testing.assert_allclose(np.array(found)[:, ~bound], np.array((first, second))[:, ~bound])
    for k in np.flatnonzero(bound)[:20]:

        def lost(logit: float, k: int = int(k)) -> float:
            a, b = most / (1 + np.exp(-logit)), most / (1 + np.exp(logit))
            return betaln(a, b) - a * u[k] - b * v[k]

        own = np.log(found[0][k] / found[1][k])
        best = minimize_scalar(lost, bracket=(own - 1, own, own + 1)).fun
        assert lost(own) <= best + 1e-9 * (1 + abs(best))


def test_one_component_is_what_scipy_fits(fresh_seed: int) -> None:
    rows = shares(fresh_seed)
    model = BetaMixture(1, prior=None).fit(rows)
    theirs = stats.beta.fit(rows[:, 0], floc=0, fscale=1)[:2]
    own = stats.beta(*theirs).logpdf(rows[:, 0]).sum()
    assert model.log_likelihood_ == pytest.approx(own, abs=1e-4)
    assert model.log_likelihood_ >= own - 1e-7
    np.testing.assert_allclose([model.alphas_[0, 0], model.betas_[0, 0]], theirs, rtol=1e-3)


@pytest.mark.parametrize("size", [1e3, 1e5, 1e8])
def test_densities_of_narrow_components_keep_their_digits(size: float, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    means = rng.uniform(0.01, 0.99, (2, 3))
    parameters = BetaParameters(size * means, size * (1 - means))
    rows = np.clip(means[:1] + rng.normal(size=(5, 3)) / np.sqrt(size), 1e-9, 1 - 1e-9)
    found = Mixture(np.array([0.5, 0.5]), BetaFamily(3), parameters).log_density(rows)
    mp.dps = 40
    for row, density in zip(rows, found, strict=True):
        logs = [
            mp.fsum(
                mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
                + (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x)
                for a, b, x in zip(
                    map(mpf, parameters.alphas[k]),
                    map(mpf, parameters.betas[k]),
                    map(mpf, row),
                    strict=True,
                )
            )
            for k in range(2)
        ]  # fmt: skip
        expected = mp.log((mp.exp(logs[0]) + mp.exp(logs[1])) / 2)
        assert density == pytest.approx(float(expected), rel=1e-9, abs=1e-7)


def test_two_kinds_of_shares_are_told_apart(fresh_seed: int, tmp_path: Any) -> None:
    rows = shares(fresh_seed, 2000)
    model = BetaMixture(2, random_state=0).fit(rows)
    means = (model.alphas_ / (model.alphas_ + model.betas_)).ravel()
    np.testing.assert_allclose(np.sort(means), [0.2, 20 / 23], atol=0.03)
    assert model.log_likelihood_ > GaussianMixture(2, random_state=0).fit(rows).log_likelihood_
    model.save(tmp_path / "shares")
    read = load(tmp_path / "shares")
    np.testing.assert_array_equal(read.predict_proba(rows), model.predict_proba(rows))
    drawn, _ = model.sample(4000)
    assert ((drawn > 0) & (drawn < 1)).all()
    assert stats.ks_2samp(drawn[:, 0], rows[:, 0]).pvalue > 1e-6


def test_its_distribution_function_is_that_of_scipy(fresh_seed: int) -> None:
    model = BetaMixture(2, random_state=0).fit(shares(fresh_seed))
    points = np.array([-0.2, 0.0, 1e-5, 0.3, 0.77, 0.999, 1.0, 3.0])
    laws = [stats.beta(a, b) for a, b in zip(model.alphas_, model.betas_, strict=True)]
    of = model.mixture_
    for name in ("cdf", "sf", "pdf"):
        known = slice(None) if name != "pdf" else slice(2, 6)
        each = np.array([getattr(law, name)(points[known]) for law in laws])
        np.testing.assert_allclose(
            getattr(of, name)(points[known]), of.weights @ each, rtol=1e-9, atol=1e-14
        )
    np.testing.assert_allclose(of.cdf(of.ppf([0.01, 0.4, 0.95])), [0.01, 0.4, 0.95], rtol=1e-9)


def test_queries_and_graphs_have_its_posteriors(fresh_seed: int) -> None:
    rows = np.hstack([shares(fresh_seed), shares(fresh_seed + 1)])
    model = BetaMixture(2, random_state=0).fit(rows)
    expected = model.predict_proba(rows)
    duckdb: Any = pytest.importorskip("duckdb")
    pd: Any = pytest.importorskip("pandas")
    people = pd.DataFrame(rows, columns=["x0", "x1"])  # noqa: F841, the query reads it
    told = duckdb.sql(model.mixture_.to_sql("people")).df()
    np.testing.assert_allclose(told[["p_0", "p_1"]], expected, rtol=0, atol=1e-9)
    pytest.importorskip("onnx")
    runtime: Any = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(model.mixture_.to_onnx().SerializeToString())
    (name,) = (each.name for each in session.get_inputs())
    np.testing.assert_allclose(session.run(["probabilities"], {name: rows})[0], expected, atol=1e-9)


def test_rounded_and_equal_shares_have_finite_fits(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    # A step is told by values that repeat: next to the half a dozen rows must lie.
    rounded = np.clip(rng.beta(200.0, 200.0, (300, 1)).round(1), 0.1, 0.9)
    model = BetaMixture(1).fit(rounded)
    assert model.alphas_.sum() + model.betas_.sum() <= 3.0 / 0.1**2 - 1 + 1e-6
    half = np.where(np.arange(60) < 30, 0.25, rng.beta(2, 2, 60))[:, None]
    begun = np.eye(2)[(half[:, 0] == 0.25).astype(int)]
    with pytest.warns(DegenerateComponentWarning):
        BetaMixture(2, prior=None, responsibilities_init=begun).fit(half)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (0.0, "Smithson and Verkuilen"),
        (1.0, "Smithson and Verkuilen"),
        (37.0, "mend the cell, or make it missing"),
        (-99.0, "mend the cell, or make it missing"),
        (1e-260, "from 1e-250 up"),
        (np.inf, "mend the cell"),
        (np.nan, "drop such rows"),
    ],
)
def test_what_is_no_share_is_refused_by_name(cell: float, words: str) -> None:
    rows = shares(0, 40)
    rows[7] = cell
    for model in (BetaMixture(2), MixedMixture(2, {"beta": ["rate"]}, missing="error")):
        pd: Any = pytest.importorskip("pandas")
        with pytest.raises(DataError, match=rf"'rate'.* at row 7 .*{words}"):
            model.fit(pd.DataFrame(rows, columns=["rate"]))


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (100.0, "divide per cent by 100"),
        (4000.0, "divide by what the shares are of"),
        (-1.0, "use GaussianMixture"),
    ],
)
def test_a_column_of_another_unit_is_refused_by_its_unit(times: float, words: str) -> None:
    rows = np.clip(shares(0, 40), 0.1, 0.9) * times
    with pytest.raises(DataError, match=words):
        BetaMixture(2).fit(rows)


@pytest.mark.parametrize(
    ("turned", "words"),
    [
        (False, r"'tiny': all shares are below 1e-06.*fit it by"),
        (True, r"within 1e-06 of 1.*1 - x"),
    ],
)
def test_shares_all_next_to_one_end_are_gamma_and_are_refused(turned: bool, words: str) -> None:
    rng = np.random.default_rng()
    tiny = 1e-8 * rng.gamma(20, size=200)
    rows = pd.DataFrame({"half": rng.beta(5, 5, 200), "tiny": 1.0 - tiny if turned else tiny})
    with pytest.raises(DataError, match=words):
        BetaMixture(2).fit(rows)
    # One larger share among them is what the rows are about.
    rows.loc[7, "tiny"] = 0.2
    BetaMixture(1).fit(rows)
