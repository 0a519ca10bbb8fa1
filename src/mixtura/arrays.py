"""Small-array numerics: Cholesky with a reason for failing, log-sum-exp, shape checks."""

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from mixtura.errors import ParameterError

__all__ = [
    "Pairs",
    "all_pairs",
    "as_probabilities",
    "as_shape",
    "as_share",
    "generator_of",
    "in_parts",
    "lengths",
    "log_sum_exp",
    "lower_cholesky",
    "order_by_pattern",
    "pattern_words",
    "power_of_two",
    "precision_factors",
    "whole_number",
]

Float = NDArray[np.float64]

# The first of each pair (M,), and the other.
Pairs: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]

# Numbers that are held at a time.
HELD = 1 << 18

# Its functions are made when it is imported, unseen by type checkers.
lapack: Any = linalg.lapack

# Above this spread of the factor's diagonal a plain Cholesky keeps fewer than ten digits.
ILL_CONDITIONED = 1e3


def lengths(rows: Float) -> Float:
    """Return the Euclidean length (n,) of rows (n, q), whose squares may be beyond numbers."""
    widest = np.abs(rows).max(axis=1, initial=0.0)
    unit = np.where(widest > 0, widest, 1.0)
    return unit * np.linalg.norm(rows / unit[:, None], axis=1)


def as_probabilities(name: str, value: ArrayLike) -> Float:
    """Return `value` as a float64 array of probabilities, of any shape.

    Raises
    ------
    ParameterError
        If an entry is none.
    """
    array = np.asarray(value, dtype=np.float64)
    if ((array >= 0) & (array <= 1)).all():
        return array
    raise ParameterError(f"{name} should be probabilities, between 0 and 1")


def as_shape(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Float:
    """Return `value` as a float64 array of exactly `shape`, finite throughout.

    Raises
    ------
    ParameterError
        If it has another shape or an entry that is not a finite number.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(
            f"'{name}' should hold numbers in the shape of {shape}: {error}"
        ) from None
    if array.shape != shape:
        raise ParameterError(
            f"The parameter '{name}' should have the shape of {shape}, but got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ParameterError(f"'{name}' has an entry that is NaN or infinite; give finite numbers")
    return array


def as_share(name: str, value: Any) -> float:
    """Return a number between 0 and 1, and neither of them.

    Raises
    ------
    ParameterError
        If it is none.
    """
    if isinstance(value, Real) and 0 < float(value) < 1:
        return float(value)
    raise ParameterError(f"{name} should be between 0 and 1, but got {value!r}")


def all_pairs(count: int) -> Pairs:
    """Return all pairs of so many things, the smaller number first."""
    first, other = np.triu_indices(count, 1)
    return first, other


def in_parts(count: int, width: int) -> Iterator[slice]:
    """Yield slices of so many items, each of so many numbers, few enough to be held at a time."""
    size = max(1, HELD // max(1, width))
    for start in range(0, count, size):
        yield slice(start, start + size)


def log_sum_exp(values: Float) -> Float:
    """Return log Σ_k exp(values[..., k]), with the row maximum taken out first."""
    largest = values.max(axis=-1, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return (shift + np.log(np.exp(values - shift).sum(axis=-1, keepdims=True)))[..., 0]


def power_of_two(values: Float) -> Float:
    """Return the nearest powers of two, so that dividing by them rounds nothing."""
    _, exponents = np.frexp(values)
    return np.ldexp(1.0, exponents - 1)


def lower_cholesky(matrices: Float) -> Float:
    """Return the lower Cholesky factors of symmetric matrices.

    Parameters
    ----------
    matrices : (K, D, D) float64

    Raises
    ------
    ParameterError
        Naming the first matrix that is not positive definite and the pivot where it failed.
    """
    try:
        return np.linalg.cholesky(matrices).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        for k, matrix in enumerate(matrices):
            _, pivot = lapack.dpotrf(matrix, lower=1)
            if pivot > 0:
                raise ParameterError(
                    f"component {k}: the matrix is not positive definite "
                    f"(its leading {pivot} x {pivot} block is not)"
                ) from None
        raise


def precision_factors(covariances: Float) -> Float:
    """Return upper triangular U with Σ⁻¹ = U Uᵀ for each covariance: Uᵀ(x - μ) is white.

    Parameters
    ----------
    covariances : (K, D, D) float64

    Returns
    -------
    (K, D, D) float64
    """
    lower = lower_cholesky(covariances)
    factors = np.empty_like(lower)
    for k, factor in enumerate(lower):
        inverse, _ = lapack.dtrtri(factor, lower=1)
        factors[k] = inverse.T
    return factors


def refined_precision_factors(covariances: Float) -> Float:
    """Like `precision_factors`, accurate also where the condition number is 1e12.

    Plain Cholesky loses eps x condition. The residual E = UᵀΣU - I is formed exactly in integers
    and U corrected by the Cholesky factor of I + E, until the residual is at rounding level.
    """
    variances = np.einsum("kdd->kd", covariances)
    positive = (variances > 0).all(axis=1)
    if not positive.all():
        raise ParameterError(
            f"component {int(positive.argmin())}: the matrix is not positive definite "
            "(a variance on its diagonal is not positive)"
        )
    scales = power_of_two(np.sqrt(variances))
    scaled = covariances / scales[:, :, None] / scales[:, None, :]
    factors = precision_factors(scaled)
    for k, factor in enumerate(factors):
        pivots = np.abs(np.diagonal(factor))
        if pivots.max() > ILL_CONDITIONED:
            factors[k] = _refine(scaled[k], factor)
    return factors / scales[:, :, None]


def _refine(matrix: Float, factor: Float) -> Float:
    identity = np.eye(len(matrix))
    for _ in range(3):
        residual = _exact_congruence(matrix, factor) - identity
        if not np.abs(residual).max() < 0.5:
            return factor
        correction = np.linalg.cholesky(identity + residual)
        factor = np.triu(np.linalg.solve(correction, factor.T).T).astype(np.float64, copy=False)
        if np.abs(residual).max() < 1e-11:
            break
    return factor


def _exact_congruence(matrix: Float, factor: Float) -> Float:
    """Return UᵀΣU, every product and sum formed in integers and rounded once."""
    whole_matrix, matrix_shift = _as_integers(matrix)
    whole_factor, factor_shift = _as_integers(factor)
    product = whole_factor.T @ whole_matrix @ whole_factor
    unit = 1 << (matrix_shift + 2 * factor_shift)
    return np.array([[int(entry) / unit for entry in row] for row in product])


def _as_integers(values: Float) -> tuple[NDArray[np.object_], int]:
    """Return integers and a shift with values = integers / 2**shift, down to 2**-200."""
    shift = 200
    whole = [[_scaled(float(entry), shift) for entry in row] for row in values]
    return np.array(whole, dtype=object), shift


def _scaled(value: float, shift: int) -> int:
    numerator, denominator = value.as_integer_ratio()
    return (numerator << shift) // denominator


def order_by_pattern(rows: NDArray[Any]) -> NDArray[np.intp]:
    """Return the order (N,) in which rows (N, D) that lack the same columns stand together.

    Patterns stand as words whose letters are the columns that they lack stand in a dictionary: (),
    (0), (0, 1), (0, 1, 4), (0, 2), (1). So a sweep gets from one to the next in few steps.
    """
    return np.lexsort(pattern_words(rows).T[::-1])


def pattern_words(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the words (N, B) by which `order_by_pattern` orders rows (N, D), as bytes."""
    missing = np.isnan(rows)
    # A word that ends stands before one that goes on with this column, that before a later one.
    goes_on = np.logical_or.accumulate(missing[:, ::-1], axis=1)[:, ::-1]
    letters = np.stack([goes_on & ~missing, missing], axis=2)
    return np.packbits(letters.reshape(len(rows), -1), axis=1)


def generator_of(random_state: Any) -> np.random.Generator:
    """Return what draws: a generator that is given, or one of a seed, RandomState or None."""
    if isinstance(random_state, np.random.RandomState):
        # Before numpy 2.2 no generator is made of one.
        random_state = random_state.randint(2**31 - 1)
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            "random_state should be None, a whole number from 0 up, a RandomState or a Generator: "
            f"{error}"
        ) from None


def whole_number(name: str, value: Any, least: int) -> int:
    """Return a whole number from `least` up."""
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise ParameterError(f"{name} should be a whole number from {least} up, but got {value!r}")
