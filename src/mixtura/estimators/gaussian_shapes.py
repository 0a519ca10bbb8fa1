"""The shapes of covariances at the scikit-learn face, and the values inside."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import as_shape, refined_precision_factors
from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import Structure
from mixtura.errors import ParameterError

__all__ = [
    "attributes_of",
    "covariance_of_precisions",
    "parameters_of_covariances",
    "shape_of",
    "within_precision",
]

Float = NDArray[np.float64]


def shape_of(covariance_type: str, n_components: int, n_columns: int) -> tuple[int, ...]:
    """Return the shape of `covariances_`: scikit-learn's for its names, (K, D, D) for codes."""
    return {
        "tied": (n_columns, n_columns),
        "diag": (n_components, n_columns),
        "spherical": (n_components,),
    }.get(covariance_type, (n_components, n_columns, n_columns))


def covariance_of_precisions(
    covariance_type: str, form: Structure, precisions: ArrayLike, n_components: int, n_columns: int
) -> Any:
    """Return the covariance value for precisions given in the face's shape.

    Raises
    ------
    ParameterError
        If the shape is another, or a matrix is not symmetric and positive definite.
    """
    name = f"{covariance_type} precision"
    given = as_shape(name, precisions, shape_of(covariance_type, n_components, n_columns))
    if covariance_type in ("diag", "spherical"):
        _check_positive(name, given)
        return covariance_of_factors(form.storage, np.sqrt(given), n_columns)
    matrices = _per_component(given, n_components)
    factors = _factors(name, matrices)
    return covariance_of_factors(form.storage, _stored(form, factors), n_columns)


def parameters_of_covariances(
    covariance_type: str, form: Structure, means: Float, covariances: ArrayLike
) -> GaussianParameters:
    """Return parameters for covariances given in the face's shape.

    Raises
    ------
    ParameterError
        If the shape is another, or a matrix is not symmetric and positive definite.
    """
    n_components, n_columns = means.shape
    name = "covariances"
    given = as_shape(name, covariances, shape_of(covariance_type, n_components, n_columns))
    if covariance_type in ("diag", "spherical"):
        _check_positive(name, given)
        factors = 1.0 / np.sqrt(given)
    else:
        matrices = _per_component(given, n_components)
        _check_symmetric(name, matrices)
        factors = _stored(form, refined_precision_factors(matrices))
    return GaussianParameters(means, covariance_of_factors(form.storage, factors, n_columns))


def _check_positive(name: str, given: Float) -> None:
    wrong = np.argwhere(~(given > 0))
    if len(wrong):
        component, *columns = wrong[0].tolist()
        column = "".join(f" in column {place}" for place in columns)
        value = given[component, *columns]
        raise ParameterError(
            f"'{name}' should be positive; that of component {component}{column} is {value:g}"
        )


def attributes_of(
    covariance_type: str, parameters: GaussianParameters
) -> tuple[Float, Float, Float]:
    """Return covariances, precisions and factors of the precisions in the face's shape.

    Variances beyond the floats become infinite or zero; only the factors are sure to be finite.
    """
    with np.errstate(all="ignore"):
        return _attributes(covariance_type, parameters)


def _attributes(covariance_type: str, parameters: GaussianParameters) -> tuple[Float, Float, Float]:
    covariance = parameters.covariance
    if covariance_type == "tied":
        covariance = covariance.take([0])
    if covariance_type in ("diag", "spherical"):
        return covariance.covariances(), covariance.precisions(), covariance.factors
    dense = covariance.dense()
    factors = covariance.factors
    if factors.ndim == 1:
        factors = np.repeat(factors[:, None], parameters.means.shape[1], axis=1)
    if factors.ndim == 2:
        factors = factors[:, :, None] * np.eye(factors.shape[1])
    precisions = factors @ factors.transpose(0, 2, 1)
    if covariance_type == "tied":
        return dense[0], precisions[0], factors[0]
    return dense, precisions, factors


def _per_component(matrices: Float, n_components: int) -> Float:
    return np.repeat(matrices[None], n_components, axis=0) if matrices.ndim == 2 else matrices


def _check_symmetric(name: str, matrices: Float) -> None:
    for k, matrix in enumerate(matrices):
        if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-8 * np.abs(matrix).max()):
            raise ParameterError(
                f"'{name}' should be symmetric, positive-definite; that of component {k} is not "
                "symmetric"
            )


def _factors(name: str, precisions: Float) -> Float:
    """Return upper triangular U with Σ⁻¹ = U Uᵀ: Cholesky from the last row and column up."""
    _check_symmetric(name, precisions)
    factors = np.empty_like(precisions)
    for k, matrix in enumerate(precisions):
        try:
            factors[k] = np.linalg.cholesky(matrix[::-1, ::-1])[::-1, ::-1]
        except np.linalg.LinAlgError:
            raise ParameterError(
                f"'{name}' should be symmetric, positive-definite; that of component {k} has an "
                "eigenvalue that is not positive"
            ) from None
    return factors


def _stored(form: Structure, factors: Float) -> Float:
    """Return factors in the storage of the structure, which must be able to hold them."""
    if form.features == "linear" and not np.allclose(factors, factors[:1], rtol=1e-12, atol=0):
        raise ParameterError(f"a {form.words} structure ({form.code}) has one matrix for all")
    if form.storage == "full":
        return factors
    diagonal = np.diagonal(factors, axis1=1, axis2=2).copy()
    if np.abs(factors - diagonal[:, :, None] * np.eye(factors.shape[1])).max() > 0:
        raise ParameterError(f"a {form.words} structure ({form.code}) has diagonal matrices only")
    if form.storage == "diagonal":
        return diagonal
    if not np.allclose(diagonal, diagonal[:, :1], rtol=1e-12):
        raise ParameterError(f"a {form.words} structure ({form.code}) has one variance in a matrix")
    return diagonal[:, 0].copy()


def within_precision(array: Float, dtype: np.dtype[Any] | type) -> NDArray[Any]:
    """Return an array in a precision, or as it is where its largest number is beyond that."""
    least, most = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    largest = float(np.abs(array).max(initial=0.0))
    fits = largest == 0.0 or least <= largest <= most
    return array.astype(dtype) if fits else array
