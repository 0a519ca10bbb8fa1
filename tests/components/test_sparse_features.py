"""Sparse rows and sparse features: the same numbers as dense ones, without the zeros."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    MultinomialMixture,
    PoissonMixture,
    load,
)
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.stacked import Probabilities, Rates
from mixtura.data import ArrayRows, CountRows
from mixtura.em.model import Model
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial, Threads

# Short rows are what makes these rows sparse.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*rows have fewer than"),
    pytest.mark.drawn(4),
]

FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")


def counts(n_rows=300, n_columns=40, seed=0, most=6):
    rng = np.random.default_rng(seed)
    rows = rng.poisson(np.outer(rng.gamma(1, 1, n_rows), rng.gamma(0.1, 1, n_columns)))
    return np.minimum(rows, most).astype(float)


def parameters(kind, n_components, n_columns):
    rng = np.random.default_rng(1)
    if kind == "multinomial":
        return Probabilities(rng.dirichlet(np.ones(n_columns), n_components))
    if kind == "bernoulli":
        return Probabilities(rng.random((n_components, n_columns)))
    return Rates(rng.gamma(1, 1, (n_components, n_columns)))


FAMILIES = {
    "multinomial": (MultinomialFamily, MultinomialMixture, counts()),
    "bernoulli": (BernoulliFamily, BernoulliMixture, counts(most=1)),
    "poisson": (PoissonFamily, PoissonMixture, counts()),
}
every_kind = pytest.mark.parametrize("kind", FAMILIES)


@every_kind
@pytest.mark.parametrize("weighted", [False, True])
def test_a_sweep_of_sparse_rows_is_that_of_dense_rows(kind, weighted):
    family, _, rows = FAMILIES[kind]
    weights = np.random.default_rng(2).uniform(0.5, 2, len(rows)) if weighted else None
    model = Model(np.log([0.2, 0.3, 0.5]), parameters(kind, 3, rows.shape[1]))
    dense = Sweep(family(rows.shape[1]), CountRows(rows, weights), Serial())
    thin = Sweep(
        family(rows.shape[1], sparse=True), CountRows(sparse.csr_array(rows), weights), Serial()
    )
    one, other = dense([model])[0], thin([model])[0]
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-13)
    np.testing.assert_allclose(other.moments.features, one.moments.features, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(thin.shared.features, dense.shared.features, rtol=1e-13)
    assert thin.shared.log_base == pytest.approx(dense.shared.log_base, rel=1e-13)


@every_kind
def test_a_fit_of_sparse_rows_is_that_of_dense_rows(kind):
    _, estimator, rows = FAMILIES[kind]
    # From one start: which starts win is rounding's choice where several lead to optima alike.
    given = np.random.default_rng(0).dirichlet(np.ones(3), len(rows))
    dense, thin = (
        estimator(3, responsibilities_init=given).fit(X) for X in (rows, sparse.csr_array(rows))
    )
    assert thin.log_likelihood_ == pytest.approx(dense.log_likelihood_, rel=1e-9)
    np.testing.assert_allclose(thin.weights_, dense.weights_, rtol=1e-6)
    np.testing.assert_allclose(
        thin.predict_proba(sparse.csr_array(rows)), dense.predict_proba(rows), atol=1e-6
    )
    # Either takes both.
    np.testing.assert_allclose(
        thin.predict_proba(rows), thin.predict_proba(sparse.csr_matrix(rows)), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        dense.score_samples(sparse.csr_array(rows)), dense.score_samples(rows), rtol=1e-9
    )


@every_kind
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_taken_and_left_as_it_is(kind, form):
    _, estimator, rows = FAMILIES[kind]
    given = sparse.coo_array(rows).asformat(form)
    expected = estimator(2, random_state=0).fit(sparse.csr_array(rows))
    assert estimator(2, random_state=0).fit(given).log_likelihood_ == expected.log_likelihood_
    assert (given.toarray() == rows).all()
    integer = given.astype(np.int64)
    assert estimator(2, random_state=0).fit(integer).log_likelihood_ == expected.log_likelihood_


def test_stored_zeros_and_repeated_entries_are_summed_elsewhere():
    rows = counts()
    thin = sparse.csr_array(rows)
    bounds = np.arange(0, 2 * thin.nnz + 1, 2)[thin.indptr]
    halves = sparse.csr_array(
        (
            np.column_stack([thin.data, np.zeros(thin.nnz)]).ravel(),
            np.repeat(thin.indices, 2),
            bounds,
        ),
        shape=rows.shape,
    )
    one, other = (MultinomialMixture(2, random_state=0).fit(X) for X in (thin, halves))
    assert one.log_likelihood_ == other.log_likelihood_
    assert halves.nnz == 2 * thin.nnz


@every_kind
def test_every_number_of_threads_gives_the_same_bits(kind):
    family, _, _ = FAMILIES[kind]
    rows = counts(9000, 30, most=1 if kind == "bernoulli" else 6)
    model = Model(np.log([0.2, 0.3, 0.5]), parameters(kind, 3, 30))
    found = []
    for engine in (Serial(), Threads(2), Threads(3)):
        with engine.session():
            sweep = Sweep(family(30, sparse=True), CountRows(sparse.csr_array(rows)), engine)
            found.append(sweep([model])[0])
    for other in found[1:]:
        assert other.log_likelihood == found[0].log_likelihood
        assert other.moments.features.tobytes() == found[0].moments.features.tobytes()


def test_weights_are_repeats_of_sparse_rows():
    rows = sparse.csr_array(counts(60))
    weights = np.arange(60) % 4
    repeated = rows[np.repeat(np.arange(60), weights)]
    one = MultinomialMixture(2, random_state=0).fit(rows, sample_weight=weights)
    other = MultinomialMixture(2, random_state=0).fit(repeated)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-6)


def test_faults_in_sparse_rows_are_named_by_row_and_column():
    rows = counts()
    for value, words in ((-2.0, "holds -2"), (0.5, "holds 0.5"), (np.nan, "holds NaN")):
        rows[7, 11] = value
        with pytest.raises(DataError, match=rf"column 11 {words} at row 7"):
            MultinomialMixture(2).fit(sparse.csr_array(rows))
    rows[7, 11] = 3
    with pytest.raises(DataError, match=r"column \d+ holds \d at row \d+ .*neither 0 nor 1"):
        BernoulliMixture(2).fit(sparse.csr_array(rows))
    with pytest.raises(DataError, match="exposure"):
        PoissonMixture(2, exposure=0).fit(sparse.csr_array(rows))


def test_rows_of_zeros_have_the_weights_as_posterior():
    rows = np.vstack([counts(), np.zeros((2, 40))])
    mixture = MultinomialMixture(3, random_state=0).fit(sparse.csr_array(rows))
    np.testing.assert_allclose(
        mixture.predict_proba(sparse.csr_array(rows[-1:]))[0], mixture.weights_, rtol=1e-12
    )
    assert "hold zeros only" in mixture.summary()


def test_wide_sparse_rows_never_become_dense(tmp_path):
    rng = np.random.default_rng(0)
    n_rows, n_columns, stored = 20_000, 20_000, 10
    columns = rng.integers(0, n_columns, n_rows * stored)
    rows = sparse.coo_array(
        (np.ones(n_rows * stored), (np.repeat(np.arange(n_rows), stored), columns)),
        shape=(n_rows, n_columns),
    ).tocsr()
    tracemalloc.start()
    with pytest.warns(match="did not converge"):
        mixture = MultinomialMixture(3, max_iter=3, random_state=0).fit(rows)
    mixture.predict_proba(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Dense rows would take 3.2 GB.
    assert peak < 200e6
    mixture.save(tmp_path / "model")
    np.testing.assert_allclose(
        load(tmp_path / "model").predict_proba(rows[:50]), mixture.predict_proba(rows[:50])
    )


def test_items_of_many_levels_are_swept_as_sparse_ones():
    rng = np.random.default_rng(0)
    levels = (300, 4)
    codes = np.column_stack([rng.integers(0, n, 500) for n in levels]).astype(np.int32)
    codes[::7, 0] = -1
    family = CategoricalFamily(levels)
    assert family.swept_sparse()
    narrow = CategoricalFamily((4, 4))
    assert not narrow.swept_sparse()
    values = rng.dirichlet(np.ones(300), 2), rng.dirichlet(np.ones(4), 2)
    model = Model(np.log([0.4, 0.6]), Probabilities(np.hstack(values)))
    statistics = Sweep(family, ArrayRows(codes), Serial())([model])[0]
    logs = sum(
        np.where(codes[:, [j]] < 0, 0.0, np.log(values[j][:, codes[:, j]]).T) for j in range(2)
    )
    joint = logs + model.log_weights
    total = np.log(np.exp(joint).sum(axis=1))
    assert statistics.log_likelihood == pytest.approx(total.sum())
    shares = np.exp(joint - total[:, None])
    expected = [shares[codes[:, 1] == level].sum(axis=0) for level in range(4)]
    np.testing.assert_allclose(statistics.moments.features[:, -4:], np.transpose(expected))
    np.testing.assert_allclose(family.row_log_density(codes, model.parameters), logs)
    assert CategoricalMixture(2, random_state=0).fit(codes).converged_
