"""`mixtura.dataset`: what a user names, as rows for an estimator."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mixtura.data.dataset import Dataset
from mixtura.data.memory import bytes_of
from mixtura.data.parts import asked_of
from mixtura.errors import ParameterError

__all__ = ["dataset"]

NONE: Mapping[str, str] = MappingProxyType({})


def dataset(
    source: Any,
    columns: Sequence[str] | None = None,
    *,
    weights: str | None = None,
    memory: int | str | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_bad: str = "error",
    missing: Sequence[str] = (),
    transforms: Mapping[str, str] = NONE,
) -> Dataset:
    """Return rows of numbers or categories for an estimator, as many as there are disk for.

    Parameters
    ----------
    source : a file, a pattern ('data/*.parquet') of files or folders, a folder (with what is in its
        folders), or a list of these (.parquet, .arrow, .feather, .csv, .tsv, each also with .gz,
        .npy), in the order of their names, with columns that stand in names of folders
        (year=2024) where files differ in them or `columns` names them; a dataset or reader of
        pyarrow, a relation of DuckDB, a lazy frame of polars; or arrays and frames, from anything
        that yields some
    columns : names of those to read, in this order; all when None
    weights : name of a column of row weights from 0 up, by which fits and criteria count rows; it
        is none of those fitted
    memory : bytes that the rows may take in memory, a number or text such as "500 MB"; by default
        a quarter of the machine's. More go to a file
    cache : folder for that file, of N D 8 bytes, or 4 where all numbers are float32, and for two
        like it while gappy rows are sorted; by default that of temporary files. They go with it
    on_bad : "error", or "skip", which leaves damaged row groups of Parquet files out and warns
    missing : codes of missing cells in the columns of files, as they are spelled, such as ["99"];
        not in that of weights
    transforms : functions by which columns of files are read, by their names: "log", the natural
        logarithm, "arcsinh", of a 150th or, say, "arcsinh/5", of a fifth, and "logicle"; a column
        is called by its function then: log(income), arcsinh(CD4/150)

    Returns
    -------
    Dataset
        A fit to it has the same bits as a fit to the rows in memory.

    Raises
    ------
    DataError
        If there is no such file.
    ParameterError
        If an argument is none of these, or the weights are among the columns.
    """
    asked = asked_of(
        source, columns, weights, on_bad=on_bad, missing=missing, transforms=transforms
    )
    folder = None if cache is None else Path(cache)
    if folder is not None and not folder.is_dir():
        raise ParameterError(f"cache should be a folder that exists, got '{folder}'")
    return Dataset(source, asked, bytes_of(memory), folder)
