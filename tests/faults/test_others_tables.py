"""Data sets that are no table say which of theirs to pass."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mixtura import DataError, GaussianMixture, dataset

ROWS = np.random.default_rng(1).normal(size=(40, 2))
TABLE = pa.table({"a": ROWS[:, 0], "b": ROWS[:, 1]})


def test_an_annotated_matrix_is_told_of_its_frame() -> None:
    class Cells:
        def to_df(self) -> Any:
            return TABLE.to_pandas()

    with pytest.raises(DataError, match=r"X has a table in it; pass X\.to_df\(\)"):
        GaussianMixture(1).fit(Cells())
    assert GaussianMixture(1).fit(Cells().to_df()).mixture_.columns == ("a", "b")


def test_a_data_set_of_xarray_is_told_of_its_frame() -> None:
    xarray: Any = pytest.importorskip("xarray")
    grid = xarray.Dataset(
        {name: (("y", "x"), TABLE[name].to_numpy().reshape(8, 5)) for name in ("a", "b")}
    )
    with pytest.raises(DataError, match=r"X has a table in it; pass X\.to_dataframe\(\)"):
        GaussianMixture(1).fit(grid)
    model = GaussianMixture(1).fit(grid.to_dataframe())
    np.testing.assert_array_equal(model.means_, GaussianMixture(1).fit(ROWS).means_)
    assert GaussianMixture(1).fit(xarray.DataArray(ROWS)).means_.tolist() == model.means_.tolist()


def test_a_stream_of_arrow_is_told_of_its_table() -> None:
    with pytest.raises(DataError, match=r"a stream, .*X\.read_all\(\), or mixtura\.dataset"):
        GaussianMixture(1).fit(TABLE.to_reader())
    whole = GaussianMixture(1).fit(TABLE.to_reader().read_all())
    streamed = GaussianMixture(1).fit(dataset(TABLE.to_reader()))
    np.testing.assert_array_equal(whole.means_, streamed.means_)
