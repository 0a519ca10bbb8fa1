"""Reference data and the results of independent systems on it, read once and kept.

`tests/reference/README.md` says where everything comes from and what each field means.
Arrays are read-only, and documents are shared between tests: change neither.
"""

import csv
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DATASETS",
    "GAUSSIAN",
    "SKLEARN",
    "Dataset",
    "clustvarsel",
    "dataset",
    "discrete_fits",
    "discrete_values",
    "flexmix_concomitants",
    "flexmix_regressions",
    "gaussian",
    "gaussian_fit",
    "gaussian_fits",
    "mclust",
    "repeats",
    "sklearn_results",
    "starting_responsibilities",
]

REFERENCE = Path(__file__).parent / "reference"

Float = NDArray[np.float64]
Document = Mapping[str, Any]


@cache
def _manifest() -> dict[str, Document]:
    entries = json.loads((REFERENCE / "manifest.json").read_text(encoding="utf-8"))["datasets"]
    return {entry["name"]: entry for entry in entries}


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.name.split(".")[0] for path in (REFERENCE / folder).iterdir()))


DATASETS = tuple(_manifest())
GAUSSIAN = _names("gaussian")
SKLEARN = _names("sklearn")


@dataclass(frozen=True, slots=True)
class Dataset:
    """One reference data set.

    Attributes
    ----------
    values : (N, D) float64; numbers, counts or level codes, and NaN where a cell is empty
    labels : (N,) str, the known class of each row, or None
    names : the D column names
    levels : for categorical data the level names of each column, in the order of their codes
    """

    values: Float
    labels: NDArray[np.str_] | None
    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...] | None = None


@cache
def dataset(name: str) -> Dataset:
    """Return a data set by its name in `DATASETS`."""
    entry = _manifest()[name]
    with (REFERENCE / entry["file"]).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = tuple(entry["features"])
    values = np.array([[float(row[column] or "nan") for column in names] for row in rows])
    values.setflags(write=False)
    labels = np.array([row[entry["label"]] for row in rows]) if entry["label"] else None
    levels = (
        tuple(tuple(entry["levels"][column]) for column in names) if "levels" in entry else None
    )
    return Dataset(values, labels, names, levels)


@cache
def _document(name: str) -> Document:
    return json.loads(gzip.decompress((REFERENCE / f"{name}.json.gz").read_bytes()))


def gaussian(name: str) -> Document:
    """Return all that is stored of Gaussian mixtures on one data set: `inits` and `fits`."""
    return _document(f"gaussian/{name}")


def gaussian_fits(name: str, **fields: Any) -> list[Document]:
    """Return the Gaussian fits of one data set, those only whose fields have the given values.

    For example ``gaussian_fits("iris", variant="plain", model="VVV")``.
    """
    fits = gaussian(name)["fits"]
    return [fit for fit in fits if all(fit[key] == value for key, value in fields.items())]


def gaussian_fit(identifier: str) -> Document:
    """Return one Gaussian fit by its `id`, for example ``"iris/VEV/3/hc"``."""
    (fit,) = gaussian_fits(identifier.split("/", maxsplit=1)[0], id=identifier)
    return fit


def discrete_fits(kind: str) -> list[Document]:
    """Return the fits of one kind: ``"categorical"``, ``"multinomial"`` or ``"poisson"``."""
    return _document(f"discrete/{kind}")["fits"]


def discrete_values(fit: Document) -> Float:
    """Return the rows a discrete fit was made on, (n, D) float64, in the order of its labels."""
    values = dataset(fit["dataset"]).values
    empty = np.isnan(values)
    kept = {
        "all rows": np.ones(len(values), dtype=bool),
        "complete rows only": ~empty.any(axis=1),
        "rows with at least one answer": ~empty.all(axis=1),
    }
    return values[kept[fit["rows"]]]


def starting_responsibilities(reference: Document | None, fit: Document) -> Float:
    """Return the responsibilities a stored run starts from, with an M-step as its first act.

    Parameters
    ----------
    reference : `gaussian(name)`; None for a discrete fit, which carries its own start
    fit : one of the stored fits

    Returns
    -------
    (n, G) float64, or (n, G + 1) for the `noise` variant, whose last column is the noise
    """
    n_components = fit["G"]
    if "start" in fit:
        start = fit["start"]
    elif reference is None:
        raise ValueError("a Gaussian fit needs gaussian(name), which holds its start")
    elif fit["init"] is None:
        return np.ones((reference["n"], 1))
    else:
        start = reference["inits"][fit["init"]]
    hard = np.asarray(start["labels"])[:, None] == np.arange(n_components)
    responsibilities = (1 - start["soften"]) * hard + start["soften"] / n_components
    if fit.get("variant") == "noise":
        responsibilities = np.column_stack([responsibilities, np.zeros(len(hard))])
        responsibilities[fit["noise"]["start_noise_rows"]] = np.eye(n_components + 1)[-1]
    return responsibilities


def repeats(fit: Document, n_rows: int) -> Float:
    """Return how often each row counts in a Gaussian fit, (n_rows,) float64."""
    if fit["variant"] == "case_weights":
        return 1.0 + (7 * np.arange(n_rows)) % 4
    return np.ones(n_rows)


def sklearn_results(name: str) -> list[Document]:
    """Return scikit-learn's `GaussianMixture` runs on one data set of `SKLEARN`."""
    return _document(f"sklearn/{name}")["fits"]


def mclust(name: str) -> Document:
    """Return a file of mclust's results by its name, a document for each data set.

    Names: ``"selection"``, ``"edda"``, ``"mclustda"``, ``"semi_supervised"``,
    ``"combine_components"``, ``"bootstrap_lrt"``, ``"projection"``.
    """
    return _document(f"mclust/{name}")


@cache
def clustvarsel() -> Document:
    """Return the first example of clustvarsel's vignette: columns, steps and the columns chosen."""
    return _document("clustvarsel/vignette")


@cache
def flexmix_regressions() -> Mapping[str, Document]:
    """Return what flexmix and mixtools find of regressions from given labels, by data set."""
    found = json.loads(gzip.decompress((REFERENCE / "regressions/flexmix.json.gz").read_bytes()))
    return {case["name"]: case for case in found}


def flexmix_concomitants() -> Mapping[str, Document]:
    """Return what flexmix finds of regressions whose weights go by covariates, by name."""
    path = REFERENCE / "regressions/concomitant.json.gz"
    return {case["name"]: case for case in json.loads(gzip.decompress(path.read_bytes()))}
