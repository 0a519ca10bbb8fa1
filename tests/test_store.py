"""A stored mixture comes back to the bit; one that makes no sense is refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import mixtura
from mixtura import GaussianMixture, Mixture, ModelFileError, load
from mixtura.archive import read_archive, write_archive
from mixtura.components.gaussian.structures import CODES
from mixtura.store import load_with_facts, save

Float = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
Document = dict[str, Any]

NAMES = ("full", "tied", "diag", "spherical", *CODES)


def rows_for_tests() -> Float:
    rng = np.random.default_rng(2)
    centres = np.array([[0.0, 0, 0], [6, 1, -3]])
    return np.repeat(centres, 60, axis=0) + rng.normal(size=(120, 3)) * [1, 2, 0.3]


def fitted(structure: str = "full", n_components: int = 2) -> GaussianMixture:
    mixture = GaussianMixture(n_components, covariance_type=structure, random_state=0)
    return mixture.fit(rows_for_tests())


def assert_same(found: Mixture, expected: Mixture) -> None:
    rows = rows_for_tests()
    assert found.log_density(rows).tobytes() == expected.log_density(rows).tobytes()
    assert found.responsibilities(rows).tobytes() == expected.responsibilities(rows).tobytes()
    assert found.sample(5, 1)[0].tobytes() == expected.sample(5, 1)[0].tobytes()
    assert found.weights.tobytes() == expected.weights.tobytes()
    assert found.n_parameters == expected.n_parameters
    assert found.columns == expected.columns
    title = expected.family.title(expected.n_components)
    assert found.family.title(found.n_components) == title


@pytest.mark.parametrize("structure", NAMES)
def test_a_mixture_comes_back_to_the_bit(structure: str, tmp_path: Path) -> None:
    mixture = fitted(structure).mixture_
    save(tmp_path / "model", mixture)
    assert_same(load(tmp_path / "model"), mixture)
    save(tmp_path / "again", load(tmp_path / "model"))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_a_mixture_in_extreme_units_comes_back_to_the_bit(unit: float, tmp_path: Path) -> None:
    mixture = GaussianMixture(2, random_state=0).fit(rows_for_tests() * unit).mixture_
    save(tmp_path / "model", mixture)
    rows = rows_for_tests() * unit
    assert load(tmp_path / "model").log_density(rows).tobytes() == (
        mixture.log_density(rows).tobytes()
    )


def test_a_single_component_in_a_single_column_comes_back(tmp_path: Path) -> None:
    rows = rows_for_tests()[:, :1]
    mixture = GaussianMixture(1).fit(rows).mixture_
    save(tmp_path / "model", mixture)
    assert load(tmp_path / "model").log_density(rows).tobytes() == (
        mixture.log_density(rows).tobytes()
    )


def test_an_estimator_saves_its_mixture_with_columns_and_facts(tmp_path: Path) -> None:
    frame = pd.DataFrame(rows_for_tests(), columns=["x", "größe", "a,b"])
    estimator = GaussianMixture(2, random_state=0).fit(frame)
    estimator.save(tmp_path / "model")
    found, facts = load_with_facts(tmp_path / "model")
    assert found.columns == ("x", "größe", "a,b")
    assert facts == estimator.facts_
    assert facts["log_likelihood"] == estimator.log_likelihood_
    assert_same(mixtura.load(tmp_path / "model").mixture_, estimator.mixture_)


def test_a_mixture_without_facts_has_none(tmp_path: Path) -> None:
    save(tmp_path / "model", fitted().mixture_)
    assert load_with_facts(tmp_path / "model")[1] == {}


def without(name: str) -> Callable[[Arrays, Document], None]:
    return lambda arrays, document: arrays.pop(name) is None


def replaced(name: str, change: Callable[[Float], Any]) -> Callable[[Arrays, Document], None]:
    def spoil(arrays: Arrays, document: Document) -> None:
        arrays[name] = np.asarray(change(arrays[name]), dtype=np.float64)

    return spoil


def described(name: str, value: Any) -> Callable[[Arrays, Document], None]:
    return lambda arrays, document: document["mixture"].__setitem__(name, value)


def undescribed(name: str) -> Callable[[Arrays, Document], None]:
    return lambda arrays, document: document["mixture"].pop(name) is None


def spoilt(array: Float, value: float) -> Float:
    array = array.copy()
    array.flat[0] = value
    return array


DAMAGE: dict[str, Callable[[Arrays, Document], Any]] = {
    "no weights": without("weights"),
    "no means": without("means"),
    "no factors": without("precision_factors"),
    "weights that sum to two": replaced("weights", lambda array: 2 * array),
    "a negative weight": replaced("weights", lambda array: [1.5, -0.5]),
    "a weight of NaN": replaced("weights", lambda array: [np.nan, 1.0]),
    "an infinite weight": replaced("weights", lambda array: [np.inf, 0.0]),
    "a weight too many": replaced("weights", lambda array: [0.5, 0.25, 0.25]),
    "weights in two dimensions": replaced("weights", lambda array: array[:, None]),
    "a mean of NaN": replaced("means", lambda array: spoilt(array, np.nan)),
    "an infinite mean": replaced("means", lambda array: spoilt(array, np.inf)),
    "flat means": replaced("means", np.ravel),
    "a mean too many": replaced("means", lambda array: np.vstack([array, array])),
    "no components": replaced("means", lambda array: array[:0]),
    "no columns": replaced("means", lambda array: array[:, :0]),
    "a factor of NaN": replaced("precision_factors", lambda array: spoilt(array, np.nan)),
    "an infinite factor": replaced("precision_factors", lambda array: spoilt(array, np.inf)),
    "a factor of zero": replaced("precision_factors", np.zeros_like),
    "a negative factor": replaced("precision_factors", np.negative),
    "a factor too many": replaced("precision_factors", lambda array: np.vstack([array, array])),
    "factors of another structure": described("structure", "VVI"),
    "an unknown structure": described("structure", "ABC"),
    "a structure that is a number": described("structure", 3),
    "a structure that is a list": described("structure", ["VVV"]),
    "no structure": undescribed("structure"),
    "an unknown family": described("family", "cauchy"),
    "a family that is a list": described("family", ["gaussian"]),
    "no family": undescribed("family"),
    "no columns named": undescribed("columns"),
    "too few columns named": described("columns", ["x"]),
    "columns that are a number": described("columns", 3),
    "a mixture that is a list": lambda arrays, document: document.update(mixture=[1, 2]),
    "a mixture that is null": lambda arrays, document: document.update(mixture=None),
    "facts that are a number": lambda arrays, document: document.update(facts=3),
    "no facts": lambda arrays, document: document.pop("facts"),
}


def damaged(path: Path, structure: str, damage: str) -> Path:
    """Write a model file whose digest is right and whose contents are not."""
    save(path, fitted(structure).mixture_)
    arrays, document = read_archive(path)
    DAMAGE[damage](arrays, document)
    write_archive(path, arrays, document)
    return path


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_whole_file_that_describes_no_mixture_is_refused(damage: str, tmp_path: Path) -> None:
    path = damaged(tmp_path / "model", "full", damage)
    with pytest.raises(ModelFileError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "does not describe a mixture" in message
    assert "fit and save the model again" in message


FACTORS = [name for name in DAMAGE if "factor" in name and name != "factors of another structure"]


@pytest.mark.parametrize("damage", FACTORS)
@pytest.mark.parametrize("structure", ["tied", "diag", "spherical"])
def test_factors_of_every_shape_are_checked(structure: str, damage: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        load(damaged(tmp_path / "model", structure, damage))


def test_factors_that_are_not_triangular_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "model", fitted().mixture_)
    arrays, document = read_archive(tmp_path / "model")
    arrays["precision_factors"][0, 2, 0] = 0.5
    write_archive(tmp_path / "model", arrays, document)
    with pytest.raises(ModelFileError, match="triangular"):
        load(tmp_path / "model")


def test_an_empty_archive_describes_no_mixture(tmp_path: Path) -> None:
    write_archive(tmp_path / "model", {}, {})
    with pytest.raises(ModelFileError, match="does not describe a mixture"):
        load(tmp_path / "model")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("weights,means\n0.5,1\n")
    with pytest.raises(ModelFileError, match="was not written by mixtura"):
        load(tmp_path / "model")


def test_a_mixture_loaded_does_not_share_memory_with_the_one_saved(tmp_path: Path) -> None:
    mixture = fitted().mixture_
    save(tmp_path / "model", mixture)
    found = load(tmp_path / "model")
    found.weights[:] = 0.0
    assert mixture.weights.sum() == pytest.approx(1.0)
    assert load(tmp_path / "model").weights.sum() == pytest.approx(1.0)
