"""The compiled sweep of level codes, sparse counts and dense features, against dense products."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_tiles import agrees, problem, swept_parts
from scipy import sparse

from mixtura import DataError

ALL = "levels counts dense dense"


@pytest.mark.parametrize("n_components", range(1, 71))
def test_any_number_of_components_is_swept(n_components):
    for kinds in ("levels", "counts", ALL):
        agrees(problem(kinds, 43, [n_components]))


@pytest.mark.parametrize("n_rows", [*range(1, 35), 159, 160, 161, 200, 319, 320, 321, 500])
def test_any_number_of_rows_is_swept_once(n_rows):
    for kinds in ("levels", "counts", ALL, "levels levels", "dense dense"):
        for weighted in (False, True):
            agrees(problem(kinds, n_rows, [5], weighted=weighted))


@pytest.mark.parametrize("n_levels", [*range(1, 12), 20, 31, 63, 64, 65, 100, 300])
def test_any_number_of_levels_is_swept(n_levels):
    for n_items in (1, 2, 3, 7):
        agrees(problem("levels", 77, [3], levels=(n_levels,) * n_items))


@pytest.mark.parametrize("cell", [np.int8, np.int32, np.int64, np.float32, np.float64, ">i4"])
def test_codes_may_be_numbers_of_any_kind(cell):
    agrees(problem("levels", 90, [4], levels=(4, 3, 20), cell=cell))


def test_codes_may_lie_in_memory_as_they_like():
    whole = problem("levels dense", 90, [4], cell=np.float64)
    for laid in (np.asfortranarray, lambda codes: np.repeat(codes, 2, axis=1)[:, ::2]):
        whole.tiles[0].rows = laid(whole.tiles[0].rows)
        agrees(whole)


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_indices_may_be_of_either_width(index):
    agrees(problem("counts", 90, [4], index=index))


@pytest.mark.parametrize("laid", [np.ascontiguousarray, np.asfortranarray])
def test_rows_may_be_excluded_from_components(laid):
    for kinds in ("levels", "counts", ALL, "dense"):
        whole = problem(kinds, 203, [4, 4])
        excluded = np.random.default_rng(3).random((4, 203)) < 0.4
        excluded[0] = False
        agrees(replace(whole, excluded=laid(excluded)))


def test_mixtures_of_several_sizes_stand_side_by_side():
    for kinds in ("levels", "counts", ALL, "dense"):
        agrees(problem(kinds, 203, [3, 1, 8, 4], weighted=True))


@given(
    n_rows=st.integers(1, 400),
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    levels=st.lists(st.integers(1, 40), min_size=1, max_size=9),
    kinds=st.lists(st.sampled_from(ALL.split()), min_size=1, max_size=4),
    weighted=st.booleans(),
)
def test_sums_are_those_of_products(n_rows, sizes, levels, kinds, weighted):
    agrees(problem(" ".join(kinds), n_rows, sizes, weighted=weighted, levels=tuple(levels)))


@pytest.mark.parametrize("wild", [-7, 4, 10**9, -(2**31), 2**31 - 1])
def test_what_is_no_level_is_left_out(wild):
    whole, missing = (problem("levels", 60, [3], levels=(4, 4)) for _ in range(2))
    whole.tiles[0].rows[::3, 1] = wild
    missing.tiles[0].rows[::3, 1] = -1
    found = [swept_parts(each.parts, [3], each.tiles, None) for each in (whole, missing)]
    np.testing.assert_array_equal(found[0][0][0], found[1][0][0])


def test_what_is_no_number_is_left_out():
    whole = problem("levels", 60, [3], levels=(4, 4), cell=np.float64)
    for wild in (np.nan, np.inf, -np.inf, 1e300):
        whole.tiles[0].rows[::3, 1] = wild
        (sums,), _, values = swept_parts(whole.parts, [3], whole.tiles, None)
        assert np.isfinite(sums).all()
        assert np.isfinite(values).all()


def broken_rows():
    """Yield CSR whose arrays point to what is not there."""
    for name, place, value in (
        ("indices", 5, 40),
        ("indices", 5, -1),
        ("indices", 5, 2**31 - 1),
        ("indptr", 0, -1),
        ("indptr", 7, 10**6),
        ("indptr", 7, -3),
        ("indptr", -1, 10**6),
    ):
        for index in (np.int32, np.int64):
            whole = problem("counts", 30, [2], index=index)
            getattr(whole.tiles[0].cells, name)[place] = value
            yield whole
    whole = problem("counts", 30, [2])
    whole.tiles[0].cells.data = whole.tiles[0].cells.data[:-1]
    yield whole


@pytest.mark.parametrize("whole", [*broken_rows()])
def test_a_broken_matrix_is_refused(whole):
    with pytest.raises(DataError, match="the sparse rows have"):
        swept_parts(whole.parts, [2], whole.tiles, None)


def test_rows_without_an_entry_have_the_constants_for_densities():
    whole = problem("counts", 50, [3])
    whole.tiles[0].cells = sparse.csr_array((50, 40))
    (sums,), _, _ = swept_parts(whole.parts, [3], whole.tiles, None)
    shares = np.exp(whole.parts[0].natural[:, 0])
    np.testing.assert_allclose(sums[:, 0], 50 * shares / shares.sum(), rtol=1e-13)
    assert not sums[:, 1:].any()
