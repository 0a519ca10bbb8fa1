"""A sparse matrix that is damaged is refused before compiled code follows its indices (row 33)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    select,
)

pytestmark = pytest.mark.drawn(4)

SPARSE: dict[str, Any] = {
    "multinomial": MultinomialMixture,
    "bernoulli": BernoulliMixture,
    "poisson": PoissonMixture,
    "negative_binomial": NegativeBinomialMixture,
    "geometric": GeometricMixture,
}
DENSE: dict[str, Any] = {
    "gaussian": GaussianMixture,
    "categorical": CategoricalMixture,
    "gamma": GammaMixture,
}
FORMATS = ("csr", "csc", "coo", "bsr", "lil", "dok", "dia")
BEYOND = 10**6

# Few: a search of sparse rows goes from one size to the next as one of dense rows does.
SIZES = (1, 2, 4)


def rows_of(name: str, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    rows = rng.poisson(1.0, (30, 4))
    return np.minimum(rows, 1) if name == "bernoulli" else rows


def part(name: str, place: int, value: int) -> Callable[[Any], None]:
    def spoil(matrix: Any) -> None:
        array = getattr(matrix, name).copy()
        array[place] = value
        setattr(matrix, name, array)

    return spoil


def shorter(name: str) -> Callable[[Any], None]:
    return lambda matrix: setattr(matrix, name, getattr(matrix, name)[:-3])


def as_floats(name: str) -> Callable[[Any], None]:
    return lambda matrix: setattr(matrix, name, getattr(matrix, name).astype(float))


COMPRESSED = {
    "bound beyond": part("indptr", 2, BEYOND),
    "last bound beyond": part("indptr", -1, BEYOND),
    "first bound": part("indptr", 0, 1),
    "negative bound": part("indptr", 2, -5),
    "index beyond": part("indices", 3, BEYOND),
    "index one beyond": part("indices", 3, 30),
    "negative index": part("indices", 3, -3),
    "few data": shorter("data"),
    "few indices": shorter("indices"),
    "few bounds": shorter("indptr"),
    "bounds no whole numbers": as_floats("indptr"),
}
DAMAGE: dict[str, dict[str, Callable[[Any], None]]] = {
    "csr": COMPRESSED,
    "csc": COMPRESSED,
    "bsr": COMPRESSED,
    "coo": {
        "row beyond": part("row", 3, BEYOND),
        "negative column": part("col", 3, -1),
        "few data": shorter("data"),
    },
    "dia": {"few offsets": shorter("offsets")},
    "lil": {
        "more data": lambda matrix: matrix.data[0].extend([1] * 500),
        "column beyond": lambda matrix: matrix.rows[0].__setitem__(0, BEYOND),
        "column no number": lambda matrix: matrix.rows[0].__setitem__(0, "x"),
    },
}
CASES = [(kind, what) for kind, found in DAMAGE.items() for what in found]


def damaged(rows: Any, kind: str, what: str) -> Any:
    matrix = sparse.csr_matrix(rows).asformat(kind)
    DAMAGE[kind][what](matrix)
    return matrix


def doors(name: str) -> list[Callable[[Any], Any]]:
    """Return all that takes rows of a family."""
    mixture = SPARSE[name](1).fit(rows_of(name))
    return [
        SPARSE[name](1).fit,
        mixture.predict,
        mixture.score_samples,
        mixture.mixture_.log_density,
        mixture.mixture_.responsibilities,
        lambda rows: SPARSE[name]().select(rows, [1]),
        lambda rows: select(rows, [1], family=name),
    ]


@pytest.mark.parametrize(("kind", "what"), CASES)
def test_row_33_a_damaged_matrix_is_refused_everywhere(kind: str, what: str) -> None:
    names = list(SPARSE)
    name = names[CASES.index((kind, what)) % len(names)]
    for door in doors(name):
        with pytest.raises(DataError, match=r"sparse matrix that is damaged: .*; make the matrix"):
            door(damaged(rows_of(name) + (kind == "lil"), kind, what))


@pytest.mark.parametrize("name", SPARSE)
def test_every_estimator_refuses_bounds_beyond_the_data(name: str) -> None:
    for door in doors(name):
        with pytest.raises(DataError, match="damaged"):
            door(damaged(rows_of(name), "csr", "bound beyond"))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", SPARSE)
def test_row_33_a_search_takes_every_format(name: str, kind: str) -> None:
    rows = rows_of(name)
    found = select(sparse.csr_matrix(rows).asformat(kind), [1], family=name, random_state=0)
    dense = select(rows, [1], family=name, random_state=0)
    assert found.result.log_likelihood == pytest.approx(dense.result.log_likelihood, rel=1e-9)
    given = sparse.csr_array(rows).asformat(kind)
    np.testing.assert_allclose(
        found.score_samples(given), dense.score_samples(rows), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("name", SPARSE)
def test_a_search_of_many_sizes_takes_sparse_rows(name: str) -> None:
    rows = np.vstack([rows_of(name), rows_of(name, 1)[:, ::-1]])
    found = select(sparse.csr_array(rows), SIZES, family=name, random_state=0)
    dense = select(rows, SIZES, family=name, random_state=0)
    for one, other in zip(found.candidates, dense.candidates, strict=True):
        assert (one.result is None) == (other.result is None)
        if one.result is not None and other.result is not None:
            assert one.result.log_likelihood == pytest.approx(other.result.log_likelihood, abs=2.0)


@pytest.mark.parametrize("name", DENSE)
def test_a_family_of_dense_rows_says_what_takes_sparse_ones(name: str) -> None:
    rows = sparse.csr_matrix(rows_of(name))
    fitted = DENSE[name](1).fit(rows.toarray() + (name == "gamma") * np.pi)
    for door in (
        DENSE[name](1).fit,
        fitted.predict,
        fitted.mixture_.log_density,
        lambda rows: select(rows, [1], family=name),
    ):
        with pytest.raises(DataError, match=r"X is sparse.*toarray"):
            door(rows)


def test_mixed_columns_are_dense() -> None:
    with pytest.raises(DataError, match=r"X is sparse.*toarray"):
        MixedMixture(1, {"poisson": [0]}).fit(sparse.csr_matrix(rows_of("poisson")))


@pytest.mark.parametrize("kind", ["complex", "object"])
def test_cells_that_are_no_numbers_are_refused(kind: str) -> None:
    matrix = sparse.csr_matrix(rows_of("poisson"))
    matrix.data = matrix.data.astype(kind)
    with pytest.raises(DataError, match=f"holds {kind}"):
        PoissonMixture(1).fit(matrix)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_that_lie_askew_are_read(dtype: Any) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(dtype)
    askew = np.frombuffer(b"x" + rows.tobytes(), dtype=np.uint8)[1:].view(dtype).reshape(50, 3)
    assert not askew.flags.aligned
    found = GaussianMixture(2, random_state=0).fit(askew)
    np.testing.assert_array_equal(found.means_, GaussianMixture(2, random_state=0).fit(rows).means_)
