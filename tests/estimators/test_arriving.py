"""Rows taken in as they arrive: what was seen is kept as sums, and EM goes on from there."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, issparse
from scipy.stats import norm

import mixtura
from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    DriftWarning,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
)
from mixtura.components.resuming import Seen, known_of, resumed
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.sweep import Sweep, source_of
from mixtura.engines import engine_named

pytestmark = pytest.mark.drawn(5)

CHANCES = np.array([[0.1, 0.8, 0.3, 0.9, 0.2], [0.7, 0.2, 0.8, 0.1, 0.8]])
LEVELS = np.array([[2.0, 9.0, 1.0], [8.0, 1.0, 4.0]])


def amounts(rng, n):
    k = rng.integers(0, 2, n)
    return rng.normal(size=(n, 3)) + np.array([[0, 0, 0], [4, 1, -2]])[k]


def gappy(rng, n):
    rows = amounts(rng, n)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def counts(rng, n):
    return rng.poisson(LEVELS[rng.integers(0, 2, n)]).astype(float)


def gappy_counts(rng, n):
    rows = counts(rng, n)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def spread_counts(rng, n):
    return rng.negative_binomial(LEVELS[rng.integers(0, 2, n)], 0.3).astype(float)


def yes_or_no(rng, n):
    return (rng.random((n, 5)) < CHANCES[rng.integers(0, 2, n)]).astype(float)


def answers(rng, n):
    said = np.where(yes_or_no(rng, n) > 0, "yes", "no")
    return pd.DataFrame(said, columns=[f"q{j}" for j in range(5)])


def draws(rng, n):
    shares = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    return np.array([rng.multinomial(20, p) for p in shares[rng.integers(0, 2, n)]]).astype(float)


def durations(rng, n):
    return rng.gamma(LEVELS[rng.integers(0, 2, n)])


def table(rng, n):
    k = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "a": rng.normal(size=n) + 4 * k,
            "b": rng.normal(size=n) - 3 * k,
            "c": rng.poisson(2 + 6 * k).astype(float),
            "d": np.where(rng.random(n) < 0.2 + 0.6 * k, "u", "v"),
        }
    )


BLOCKS = {"gaussian": ["a", "b"], "poisson": ["c"], "categorical": ["d"]}
CASES = {
    "VVV": (GaussianMixture, amounts, {}),
    "EEE": (GaussianMixture, amounts, {"covariance_type": "tied"}),
    "VII": (GaussianMixture, amounts, {"covariance_type": "spherical"}),
    "EVE": (GaussianMixture, amounts, {"covariance_type": "EVE"}),
    "gappy VVV": (GaussianMixture, gappy, {"missing": "marginal"}),
    "gappy EEE": (GaussianMixture, gappy, {"missing": "marginal", "covariance_type": "EEE"}),
    "bound VVV": (GaussianMixture, amounts, {"fix": {"means": [[0] * 3, [np.nan] * 3]}}),
    "equal means": (GaussianMixture, amounts, {"equal": {"means": [[0, 1, 0], [0, 1, 0]]}}),
    "noise": (GaussianMixture, amounts, {"noise": "uniform"}),
    "equal weights": (GaussianMixture, amounts, {"mixing_weights": "equal"}),
    "poisson": (PoissonMixture, counts, {}),
    "gappy poisson": (PoissonMixture, gappy_counts, {"missing": "marginal"}),
    "sparse poisson": (PoissonMixture, lambda rng, n: csr_array(counts(rng, n)), {}),
    "bound poisson": (PoissonMixture, counts, {"fix": {"rates": [[2, 9, 1], [np.nan] * 3]}}),
    "negative binomial": (NegativeBinomialMixture, spread_counts, {}),
    "geometric": (GeometricMixture, counts, {}),
    "bernoulli": (BernoulliMixture, yes_or_no, {}),
    "multinomial": (MultinomialMixture, draws, {}),
    "gamma": (GammaMixture, durations, {}),
    "categorical": (CategoricalMixture, answers, {}),
    "mixed": (MixedMixture, table, {"blocks": BLOCKS}),
}
every_case = pytest.mark.parametrize("case", CASES)


def made(case, **more):
    kind, draw, settings = CASES[case]
    return kind(n_components=2, random_state=0, **settings, **more), draw


def together(parts):
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    if isinstance(parts[0], csr_array):
        return csr_array(np.vstack([part.toarray() for part in parts]))
    return np.vstack(parts)


def numbers(moments):
    """Return all numbers of moments, one after the other."""
    if hasattr(moments, "parts"):
        return np.concatenate([numbers(part) for part in moments.parts])
    if hasattr(moments, "inner"):
        return np.append(numbers(moments.inner), moments.effective_rows)
    names = ("features", "effective_rows", "means", "scatter")
    return np.concatenate([np.ravel(getattr(moments, name, ())) for name in names])


@every_case
def test_what_is_seen_in_parts_is_what_is_seen_at_once(case):
    rng = np.random.default_rng()
    model, draw = made(case)
    first, second = draw(rng, 300), draw(rng, 200)
    model.fit(first)
    mixture, seen = model.mixture_, model._seen
    rows = model._rows(together([first, second]))
    family, before = resumed(seen.family, seen.moments, rows)
    start = Model(log_weights_of(mixture.weights), family.in_frame(mixture.parameters))

    def swept(part):
        sweep = Sweep(family, source_of(part, None), engine_named("serial", None))
        return sweep([start])[0].moments, known_of(family, sweep.shared)

    # The fit's own sums are by the parameters before its last step.
    (one, known), (two, more), (all_rows, every) = map(swept, (rows[:300], rows[300:], rows))
    scale = np.abs(numbers(all_rows)).max()
    np.testing.assert_allclose(numbers(one + two), numbers(all_rows), rtol=0, atol=1e-10 * scale)
    np.testing.assert_allclose(numbers(one), numbers(before), rtol=0, atol=1e-2 * scale)
    assert known + more == pytest.approx(every, rel=1e-12)


@every_case
def test_parts_taken_in_end_near_one_fit_to_all_rows(case):
    rng = np.random.default_rng()
    model, draw = made(case)
    parts = [draw(rng, n) for n in (500, 150, 300, 1, 149)]
    rows = together(parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in parts:
            model.partial_fit(part)
        whole = made(case)[0].fit(rows)
    behind = len(model.predict(rows)) * (whole.score(rows) - model.score(rows))
    # The box of noise is that of the first part.
    assert behind < model.n_parameters_ / 2 + 10 * (case == "noise")
    # Rows without a cell count nowhere.
    n_rows = 1100 if issparse(rows) else int(pd.DataFrame(rows).notna().any(axis=1).sum())
    assert model.facts_["n_rows"] == n_rows
    assert sum(model.facts_["effective_rows"]) == pytest.approx(n_rows)


@every_case
def test_a_model_file_goes_on_as_the_model_does(case, tmp_path):
    rng = np.random.default_rng(3)
    model, draw = made(case)
    model.fit(draw(rng, 200)).save(tmp_path / "model")
    loaded = mixtura.load(tmp_path / "model")
    further = draw(rng, 60)
    for each in (model, loaded):
        each.partial_fit(further)
    np.testing.assert_array_equal(model.score_samples(further), loaded.score_samples(further))
    assert model.log_likelihood_ == loaded.log_likelihood_


@pytest.mark.parametrize("case", ["VVV", "gappy EEE", "negative binomial", "mixed", "categorical"])
def test_a_row_of_weight_two_is_the_row_twice(case):
    rng = np.random.default_rng()
    once, draw = made(case)
    twice = made(case)[0]
    first, further = draw(rng, 200), draw(rng, 40)
    once.fit(first).partial_fit(further, sample_weight=np.full(40, 2.0))
    twice.fit(first).partial_fit(together([further, further]))
    np.testing.assert_allclose(once.score_samples(first), twice.score_samples(first), atol=2e-3)


def test_a_part_is_taken_in_as_plain_incremental_em_does():
    rng = np.random.default_rng()
    rows = np.concatenate([rng.normal(size=150), rng.normal(4, 2, size=150)])[:, None]
    further = rng.normal(3, 1.5, size=(80, 1))
    model = GaussianMixture(2, prior=None, random_state=0).fit(rows)
    seen = model._seen.moments
    x = further[:, 0]
    weights, means = model.weights_, model.means_[:, 0]
    deviations = np.sqrt(model.covariances_[:, 0, 0])
    kept = seen.effective_rows, seen.effective_rows * seen.means[:, 0]
    squares = seen.scatter[:, 0, 0] + kept[1] * seen.means[:, 0]
    for _ in range(2000):
        joint = weights[:, None] * norm.pdf(x, means[:, None], deviations[:, None])
        shares = joint / joint.sum(axis=0)
        totals = kept[0] + shares.sum(axis=1)
        means = (kept[1] + shares @ x) / totals
        deviations = np.sqrt((squares + shares @ x**2) / totals - means**2)
        weights = totals / totals.sum()
    model.partial_fit(further)
    np.testing.assert_allclose(model.weights_, weights, atol=2e-4)
    np.testing.assert_allclose(model.means_[:, 0], means, atol=2e-3)
    np.testing.assert_allclose(model.covariances_[:, 0, 0], deviations**2, atol=4e-3)


def test_earlier_rows_fade_by_their_half_life():
    rng = np.random.default_rng(0)
    model = GaussianMixture(1, random_state=0).fit(rng.normal(size=(400, 1)))
    further = rng.normal(5, 1, size=(400, 1))
    with pytest.warns(DriftWarning):
        model.partial_fit(further, half_life=200)
    kept = 400 * 2.0 ** (-400 / 200)
    assert model._seen.total_weight == pytest.approx(400 + kept)
    assert model.means_[0, 0] == pytest.approx(5 * 400 / (400 + kept), abs=0.2)


def test_rows_like_those_before_are_no_drift_and_others_are():
    told = 0
    for seed in np.random.default_rng().integers(2**31, size=10).tolist():
        rng = np.random.default_rng(seed)
        model = GaussianMixture(2, random_state=0).fit(amounts(rng, 200))
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always", DriftWarning)
            model.partial_fit(amounts(rng, 100))
        told += any(issubclass(one.category, DriftWarning) for one in heard)
    assert told == 0
    with pytest.warns(DriftWarning, match="the data may have changed"):
        model.partial_fit(amounts(rng, 100) + 3.0)
    assert model.drift_.found < model.drift_.expected - 1.0
    assert not hasattr(model.fit(amounts(rng, 100)), "drift_")


def test_rows_with_more_cells_missing_are_not_compared():
    rng = np.random.default_rng(0)
    model = GaussianMixture(2, missing="marginal", random_state=0).fit(gappy(rng, 400))
    model.partial_fit(amounts(rng, 400))
    assert not model.drift_.comparable
    assert "do not compare" in model.drift_.sentence()


@pytest.mark.parametrize("first", [True, False])
def test_cells_may_be_missing_in_some_parts_only(first):
    rng = np.random.default_rng(4)
    for kind, draw, lacking in (
        (GaussianMixture, amounts, gappy),
        (PoissonMixture, counts, gappy_counts),
        (NegativeBinomialMixture, counts, gappy_counts),
    ):
        parts = [lacking(rng, 300), draw(rng, 200)][:: 1 if first else -1]
        model = kind(2, missing="marginal", random_state=0)
        for part in parts:
            model.partial_fit(part)
        whole = kind(2, missing="marginal", random_state=0).fit(np.vstack(parts))
        rows = np.vstack(parts)
        assert 500 * (whole.score(rows) - model.score(rows)) < model.n_parameters_ / 2


def test_a_row_alone_may_lack_cells():
    rng = np.random.default_rng(5)
    for row in ([[np.nan, 1.0, 0.5]], [[np.nan] * 3]):
        model = GaussianMixture(2, missing="marginal", random_state=0).fit(gappy(rng, 300))
        before = model.score_samples(amounts(np.random.default_rng(1), 50))
        model.partial_fit(row)
        after = model.score_samples(amounts(np.random.default_rng(1), 50))
        np.testing.assert_allclose(after, before, atol=0.5)
        assert model.facts_["n_rows"] == 301


def test_known_components_are_known_in_further_parts_too():
    rng = np.random.default_rng(1)
    rows, y = rng.normal(size=(60, 2)), np.repeat([0, 1], 30)
    rows[30:] += 1.0
    model = GaussianMixture(2, use_y=True, random_state=0).fit(rows, y)
    model.partial_fit(rows + 0.5, y)
    means = [np.vstack([part, part + 0.5]).mean(axis=0) for part in (rows[:30], rows[30:])]
    np.testing.assert_allclose(model.means_, means, atol=1e-8)


@pytest.mark.parametrize("case", ["VVV", "gappy VVV", "poisson"])
def test_any_number_of_threads_gives_the_same_bits(case):
    found = []
    for n_jobs in (1, 2):
        rng = np.random.default_rng(8)
        model, draw = made(case, n_jobs=n_jobs)
        model.fit(draw(rng, 300)).partial_fit(draw(rng, 9000))
        found.append(model.score_samples(draw(rng, 50)))
    np.testing.assert_array_equal(*found)


def test_what_is_unlike_the_first_part_is_refused_and_nothing_changes():
    rng = np.random.default_rng(2)
    model = CategoricalMixture(2, random_state=0).fit(answers(rng, 100))
    before = model.score_samples(answers(rng, 20)).sum(), model._seen
    other = answers(rng, 20)
    other.loc[3, "q1"] = "perhaps"
    with pytest.raises(DataError, match="q1"):
        model.partial_fit(other)
    with pytest.raises(DataError, match="q0"):
        model.partial_fit(other.drop(columns="q0"))
    assert model._seen is before[1]
    with pytest.raises(ParameterError, match="half_life should be a number of rows above 0"):
        model.partial_fit(answers(rng, 20), half_life=0)
    plain = GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]])
    with pytest.raises(ParameterError, match="knows nothing of the rows"):
        plain.partial_fit([[0.0], [1.0]])


def test_rows_beyond_memory_are_given_part_by_part():
    rng = np.random.default_rng(2)
    data = mixtura.dataset(pd.DataFrame(amounts(rng, 5000)), memory=1000)
    model = GaussianMixture(2, random_state=0).fit(amounts(rng, 300))
    with pytest.raises(ParameterError, match="part by part"):
        model.partial_fit(data)


def test_a_damaged_record_of_what_was_seen_is_refused():
    model = PoissonMixture(2, random_state=0).fit(counts(np.random.default_rng(0), 50))
    arrays, told = model._seen.to_arrays()
    for broken in (
        {**arrays, "features": arrays["features"][:, :-1]},
        {**arrays, "features": np.full_like(arrays["features"], np.nan)},
        {**arrays, "features": -arrays["features"]},
    ):
        with pytest.raises(ParameterError):
            Seen.from_arrays(model.mixture_.family, 2, broken, told)


def test_rows_of_any_unit_go_on_from_a_model_file(tmp_path):
    rng = np.random.default_rng(0)
    model = GaussianMixture(1, random_state=0).fit(rng.normal(size=(30, 1)) * 1e160)
    model.save(tmp_path / "model")
    loaded = mixtura.load(tmp_path / "model")
    further = rng.normal(size=(10, 1)) * 1e160
    np.testing.assert_array_equal(
        loaded.partial_fit(further).means_, model.partial_fit(further).means_
    )


def test_a_model_file_that_would_be_too_large_leaves_out_what_was_seen(tmp_path, monkeypatch):
    model = GaussianMixture(2, random_state=0).fit(amounts(np.random.default_rng(0), 50))
    model.save(tmp_path / "whole")
    size = (tmp_path / "whole").stat().st_size
    monkeypatch.setattr("mixtura.store.MAX_FILE_BYTES", 400)
    monkeypatch.setattr("mixtura.store.MAX_HEADER_BYTES", 0)
    model.save(tmp_path / "less")
    assert (tmp_path / "less").stat().st_size < size
    assert mixtura.load(tmp_path / "less")._seen is None


@pytest.mark.parametrize("kind", [GaussianMixture, CategoricalMixture])
def test_rows_without_a_cell_count_in_nothing_and_are_told_of(kind: type, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    first, further = rng.integers(3, size=(90, 4)) + 0.0, rng.integers(3, size=(30, 4)) + 0.0
    mixed = np.insert(further, 7, np.nan, axis=0)
    told = {"missing": "marginal"} if kind is GaussianMixture else {}
    plain, gappy = (
        kind(2, random_state=0, **told).fit(first).partial_fit(rows) for rows in (further, mixed)
    )
    assert gappy.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-9)
    assert gappy.facts_["n_rows"] == plain.facts_["n_rows"] == 120
    assert gappy.drift_ == plain.drift_
    assert any(note.startswith("1 row(s) have no cell") for note in gappy.facts_["notes"])
