"""Mixture likelihoods written plainly, to be differentiated by complex steps.

They share no code with the package: densities are those of textbooks, for complex parameters too,
and parameters are moved by the names that the package gives to them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from columnwise_cases import COLUMNWISE, Columnwise
from numpy.typing import NDArray
from scipy.special import gammaln, loggamma

from mixtura.components.background import one_pass
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.contaminated.parameters import ContaminatedParameters
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.noise import NoiseFamily, without_noise
from mixtura.components.noise_parameters import NoisyParameters
from mixtura.components.poisson import PoissonFamily
from mixtura.components.product import ProductFamily, ProductParameters
from mixtura.components.stacked import Probabilities, Rates
from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.parameters import StudentTParameters
from mixtura.mixture import Mixture

Arrays = dict[str, NDArray[Any]]

STEP = 1e-30
LEVELS = (2, 3, 1)
# Families whose probabilities sum to one.
SUMMING = {"multinomial", "categorical"}


@dataclass(frozen=True)
class Plain:
    """A mixture, rows, and log f_k(x) as a function of named arrays: (n, K), up to log h(x)."""

    mixture: Mixture
    rows: NDArray[Any]
    arrays: Arrays
    components: Callable[[Arrays, NDArray[Any]], NDArray[Any]]

    @property
    def missing(self) -> str:
        """Return what inference is to be told of missing cells."""
        gaps = self.rows.dtype.kind == "f" and bool(np.isnan(self.rows).any())
        return "marginal" if gaps else "error"

    def log_densities(self, arrays: Arrays, rows: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return log Σ_k π_k f_k(x) (n,), weights not made to sum to one."""
        joint = np.log(arrays["weights"] + 0j) + self.components(
            arrays, self.rows if rows is None else rows
        )
        largest = joint.real.max(axis=1, keepdims=True)
        return np.log(np.exp(joint - largest).sum(axis=1)) + largest[:, 0]

    def moved(self, moves: dict[str, complex]) -> Arrays:
        """Return the arrays with free parameters moved, named as the package names them."""
        arrays = {name: np.array(array, dtype=complex) for name, array in self.arrays.items()}
        for name, amount in moves.items():
            array, _, index = name.partition("[")
            place = tuple(int(each) for each in re.findall(r"\d+", index))
            move(self, arrays, array, place, amount)
        return arrays

    def scores(self, names: tuple[str, ...]) -> NDArray[Any]:
        """Return the derivatives (n, M) of log densities by complex steps."""
        columns = [self.log_densities(self.moved({name: 1j * STEP})).imag for name in names]
        return np.stack(columns, axis=1) / STEP

    def hessian(self, names: tuple[str, ...], weights: Any = None) -> NDArray[Any]:
        """Return the second derivatives (M, M) of Σ w log density: differences of complex steps."""
        weights = np.ones(len(self.rows)) if weights is None else weights
        found = np.empty((len(names), len(names)))
        for row, one in enumerate(names):
            for column, other in enumerate(names):
                found[row, column] = self._second(one, other, weights)
        return found

    def _second(self, one: str, other: str, weights: Any, step: float = 1e-5) -> float:
        def slope(shift: float) -> float:
            moves = {one: shift + (1j * STEP if one == other else 0)}
            if one != other:
                moves[other] = 1j * STEP
            return float((weights @ self.log_densities(self.moved(moves))).imag) / STEP

        near = (slope(step) - slope(-step)) / (2 * step)
        far = (slope(2 * step) - slope(-2 * step)) / (4 * step)
        return (4 * near - far) / 3


def move(plain: Plain, arrays: Arrays, name: str, place: tuple[int, ...], amount: complex) -> None:
    """Move one free parameter in place."""
    array = arrays[name]
    if name == "weights":
        array[place] += amount
        array[-1] -= amount
    elif name.endswith("probabilities") and SUMMING & {
        without_noise(plain.mixture.family).name,
        name.partition(".")[0],
    }:
        k, j = place
        array[k, j] += amount
        array[k, last_of_group(plain, name, j)] -= amount
    elif name.endswith("covariances") and array.ndim >= 2 and array.shape[-1] == array.shape[-2]:
        *owner, i, j = place
        array[(*owner, i, j)] += amount
        if i != j:
            array[(*owner, j, i)] += amount
    else:
        array[place] += amount


def last_of_group(plain: Plain, name: str, number: int) -> int:
    """Return the last probability of the group that a probability is of."""
    if "categorical" in plain.mixture.family.name or name.startswith("categorical"):
        ends = np.cumsum(LEVELS)
        return int(ends[ends > number][0]) - 1
    return -1


def gaussian_logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
    """Return log N(x | μ_k, Σ_k), with covariances in any of the shapes they are shown in.

    Where cells are NaN it is that of the others.

    K and D must differ where variances are (K, D), or they would look like one matrix.
    """
    means = arrays["means"]
    n_components, n_columns = means.shape
    covariances = arrays["covariances"]
    eye = np.eye(n_columns)
    if covariances.shape in ((), (n_components,)):
        covariances = covariances[..., None, None] * eye
    elif covariances.shape in ((n_columns,), (n_components, n_columns)):
        covariances = covariances[..., :, None] * eye
    found = np.zeros((len(rows), n_components), dtype=np.result_type(means, covariances))
    for seen in np.unique(~np.isnan(rows), axis=0):
        same = (~np.isnan(rows) == seen).all(axis=1)
        for k in range(n_components):
            own = (covariances if covariances.ndim == 2 else covariances[k])[np.ix_(seen, seen)]
            deviations = (rows[np.ix_(same, seen)] - means[k, seen]).T
            distance = (deviations * np.linalg.solve(own, deviations)).sum(axis=0)
            found[same, k] = -0.5 * (distance + np.log(np.linalg.det(2 * np.pi * own)))
    return found


def distances(arrays: Arrays, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k) (n, K), and log |Σ_k| (K,), by Gaussian densities."""
    # At its own mean, moved or not, a density is at its peak.
    still = {**arrays, "means": arrays["means"].real}
    peaks = np.array(
        [gaussian_logs(still, mean[None])[0, k] for k, mean in enumerate(still["means"])]
    )
    determinants = -2.0 * peaks - rows.shape[1] * np.log(2 * np.pi)
    return 2.0 * (peaks - gaussian_logs(arrays, rows)), determinants


def student_t(code: str, held: Any = "free", seed: int = 0) -> Plain:
    """Return two t components that are no optimum."""
    base, rng = gaussian(code, n_columns=3, seed=seed), np.random.default_rng(seed)
    degrees = np.repeat(3.5, 2) if held == "equal" else rng.uniform(1.0, 9.0, 2)
    own = Degrees.of(degrees.tolist() if held == "held" else held)
    family = StudentTFamily.in_own_units(structure(code), own, 3)
    parameters = StudentTParameters(base.mixture.parameters, degrees)
    mixture = Mixture(base.mixture.weights, family, parameters)

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        nu = arrays.get("degrees_of_freedom", degrees)
        away, determinants = distances(arrays, rows)
        constants = loggamma(0.5 * (nu + 3)) - loggamma(0.5 * nu + 0j) - 1.5 * np.log(nu * np.pi)
        return constants - 0.5 * determinants - 0.5 * (nu + 3) * np.log1p(away / nu)

    arrays = {**base.arrays}
    if held != "held":
        arrays["degrees_of_freedom"] = degrees[0] if held == "equal" else degrees
    return Plain(mixture, mixture.sample(200, seed)[0], arrays, logs)


def contaminated(code: str, seed: int = 0) -> Plain:
    """Return two contaminated components that are no optimum."""
    base, rng = gaussian(code, n_columns=3, seed=seed), np.random.default_rng(seed)
    shares, inflations = rng.uniform(0.6, 0.9, 2), rng.uniform(4.0, 30.0, 2)
    family = ContaminatedFamily.in_own_units(structure(code), 3)
    parameters = ContaminatedParameters(base.mixture.parameters, shares, inflations)
    mixture = Mixture(base.mixture.weights, family, parameters)

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        good, wider = arrays["good_shares"], arrays["inflations"]
        away, determinants = distances(arrays, rows)
        constants = -0.5 * determinants - 1.5 * np.log(2 * np.pi)
        one = np.log(good) - 0.5 * away
        other = np.log(1 - good) - 1.5 * np.log(wider) - 0.5 * away / wider
        most = np.maximum(one.real, other.real)
        return constants + most + np.log(np.exp(one - most) + np.exp(other - most))

    arrays = {**base.arrays, "good_shares": shares, "inflations": inflations}
    return Plain(mixture, mixture.sample(200, seed)[0], arrays, logs)


def random_covariances(code: str, n_components: int, n_columns: int, rng: Any) -> NDArray[Any]:
    """Return covariances of a structure in its storage's shape, all components' own."""
    volume, shape, orientation = code
    volumes = rng.uniform(0.5, 2.0, n_components)
    shapes = np.exp(rng.normal(0, 0.6, (n_components, n_columns)))
    shapes /= np.exp(np.log(shapes).mean(axis=1, keepdims=True))
    axes = np.linalg.qr(rng.standard_normal((n_components, n_columns, n_columns)))[0]
    if volume == "E":
        volumes[:] = volumes[0]
    if shape in "EI":
        shapes[:] = shapes[0] if shape == "E" else 1.0
    if orientation == "E":
        axes[:] = axes[0]
    if structure(code).storage == "spherical":
        return volumes
    if structure(code).storage == "diagonal":
        return volumes[:, None] * shapes
    return np.einsum("k,kij,kj,klj->kil", volumes, axes, shapes, axes)


def gaussian(
    code: str, n_components: int = 2, n_columns: int = 3, n_rows: int = 40, seed: int = 0
) -> Plain:
    """Return a Gaussian mixture that is no optimum, and rows about it."""
    rng = np.random.default_rng([seed, n_components, n_columns])
    form = structure(code)
    covariances = random_covariances(form.code, n_components, n_columns, rng)
    means = rng.normal(0, 1.0, (n_components, n_columns)) + 3.0
    weights = rng.dirichlet(np.full(n_components, 5.0))
    parameters = GaussianParameters(means, covariance_from(form.storage, covariances, n_columns))
    mixture = Mixture(weights, GaussianFamily.in_own_units(form, n_columns), parameters)
    rows = mixture.sample(n_rows, seed)[0] + rng.normal(0, 0.3, (n_rows, n_columns))
    shown = covariances[0] if form.shares_covariance else covariances
    arrays = {"weights": weights, "means": means, "covariances": shown}
    return Plain(mixture, rows, arrays, gaussian_logs)


def with_gaps(plain: Plain) -> Plain:
    """Return the same with cells missing, and one row with none at all."""
    rng = np.random.default_rng(7)
    rows = np.where(rng.random(plain.rows.shape) < 0.2, np.nan, plain.rows)
    rows[3] = np.nan
    return replace(plain, rows=rows)


def noisy(plain: Plain | None = None, log_base: Callable[[Any], Any] = lambda rows: 0.0) -> Plain:
    """Return a case with some rows even over what all take up, and noise; Gaussian by default.

    Parameters
    ----------
    log_base : log h(x) (n,) of rows, which the components' log densities are without
    """
    plain = gaussian("VVV") if plain is None else plain
    rng, rows = np.random.default_rng(9), plain.rows.copy()
    family = plain.mixture.family
    for column in rows[: len(rows) // 6].T:
        column[:] = rng.permutation(column)
    background = family.background(one_pass(rows))
    weights = np.append(0.8 * plain.mixture.weights, 0.2)
    beside = NoiseFamily.around(family, background)
    parameters = NoisyParameters.around(plain.mixture.parameters)
    mixture = Mixture(weights, beside, parameters, reading=plain.mixture.reading)

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        even = background.log_density(rows) - log_base(rows)
        return np.column_stack([plain.components(arrays, rows), even.astype(complex)])

    return Plain(mixture, rows, {**plain.arrays, "weights": weights}, logs)


def factorials(rows: Any) -> Any:
    """Return log h(x) of counts."""
    return -gammaln(rows + 1.0).sum(axis=1)


def multinomial(seed: int = 0) -> Plain:
    """Return two multinomials over four items."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(4, 3.0), 2)
    parameters = Probabilities(probabilities)
    mixture = Mixture(np.array([0.4, 0.6]), MultinomialFamily(4), parameters)
    rows = rng.multinomial(rng.integers(1, 9, 40), probabilities[rng.integers(0, 2, 40)]) * 1.0

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        return rows @ np.log(arrays["probabilities"]).T

    arrays = {"weights": mixture.weights, "probabilities": probabilities}
    return Plain(mixture, rows, arrays, logs)


def categorical(seed: int = 0) -> Plain:
    """Return a latent class model of three items with missing cells."""
    rng = np.random.default_rng(seed)
    probabilities = np.hstack([rng.dirichlet(np.full(size, 3.0), 2) for size in LEVELS])
    mixture = Mixture(
        np.array([0.3, 0.7]), CategoricalFamily(LEVELS), Probabilities(probabilities), reading=None
    )
    rows = mixture.sample(50, seed)[0]
    rows = np.where(rng.random(rows.shape) < 0.1, -1, rows)
    starts = np.cumsum([0, *LEVELS[:-1]])

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        each = np.log(arrays["probabilities"])[:, np.maximum(rows, 0) + starts]
        return np.where(rows < 0, 0.0, each).sum(axis=2).T

    arrays = {"weights": mixture.weights, "probabilities": probabilities}
    return Plain(mixture, rows, arrays, logs)


def bernoulli(seed: int = 0, *, missing: bool = False) -> Plain:
    """Return three classes of four yes-or-no columns."""
    rng = np.random.default_rng(seed)
    probabilities = rng.uniform(0.1, 0.9, (3, 4))
    family = BernoulliFamily(4)
    mixture = Mixture(np.array([0.2, 0.5, 0.3]), family, Probabilities(probabilities), reading=None)
    rows = mixture.sample(60, seed)[0]
    if missing:
        rows = np.where(rng.random(rows.shape) < 0.15, np.nan, rows)

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        shares = arrays["probabilities"]
        return (rows == 1) @ np.log(shares).T + (rows == 0) @ np.log(1 - shares).T

    arrays = {"weights": mixture.weights, "probabilities": probabilities}
    return Plain(mixture, rows, arrays, logs)


def poisson(seed: int = 0, *, exposure: bool = False) -> Plain:
    """Return two mixtures of three counts each."""
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.5, 6.0, (2, 3))
    family = PoissonFamily(3, exposure=1 if exposure else None)
    mixture = Mixture(np.array([0.4, 0.6]), family, Rates(rates))
    rows = mixture.sample(50, seed)[0]
    if exposure:
        rows[:, 1] = rng.uniform(0.5, 2.0, 50)

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        counts = np.delete(rows, 1, axis=1) if exposure else rows
        effort = rows[:, 1] if exposure else np.ones(len(rows))
        rates = arrays["rates"]
        return counts @ np.log(rates).T - effort[:, None] * rates.sum(axis=1)

    return Plain(mixture, rows, {"weights": mixture.weights, "rates": rates}, logs)


def columnwise(one: Columnwise, seed: int = 0) -> Plain:
    """Return two components of a family of the columnwise tier, off the truth."""
    rng = np.random.default_rng(seed)
    weights = np.array([0.35, 0.65])
    numbers = {number.name: getattr(one.truth, number.name) for number in one.family.numbers}
    free = {number.name: numbers[number.name] for number in one.family.free}

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        return one.logs(rows, *(arrays.get(name, held) for name, held in numbers.items()))

    mixture = Mixture(weights, one.family, one.truth)
    return Plain(mixture, one.rows(rng, 60), {"weights": weights, **free}, logs)


def mixed(seed: int = 0) -> Plain:
    """Return blocks of three Gaussian, three categorical and four yes-or-no columns."""
    parts = {
        "gaussian": gaussian("VVI", seed=seed),
        "categorical": categorical(seed),
        "bernoulli": bernoulli(seed),
    }
    family = ProductFamily(tuple(part.mixture.family for part in parts.values()))
    parameters = ProductParameters(
        tuple(part.mixture.parameters.take([0, 1]) for part in parts.values())
    )
    weights = np.array([0.45, 0.55])
    rows = np.hstack([part.rows[:40] for part in parts.values()]).astype(float)
    bounds = np.cumsum([part.mixture.n_columns for part in parts.values()])[:-1]

    def logs(arrays: Arrays, rows: NDArray[Any]) -> NDArray[Any]:
        total = 0
        for (block, part), own in zip(parts.items(), np.split(rows, bounds, axis=1), strict=True):
            named = {
                name.partition(".")[2]: array
                for name, array in arrays.items()
                if name.startswith(f"{block}.")
            }
            total = total + part.components(
                named, own.astype(int) if block == "categorical" else own
            )
        return total

    arrays = {
        f"{block}.{name}": array[:2]
        for block, part in parts.items()
        for name, array in part.arrays.items()
        if name != "weights"
    }
    return Plain(
        Mixture(weights, family, parameters, reading=None),
        rows,
        {"weights": weights, **arrays},
        logs,
    )


CASES: dict[str, Callable[[], Plain]] = {
    "full": lambda: gaussian("VVV"),
    "full, three components": lambda: gaussian("VVV", 3, 2),
    "one column": lambda: gaussian("V", 2, 1),
    "tied": lambda: gaussian("EEE"),
    "diag": lambda: gaussian("VVI", n_columns=4),
    "diag, shared": lambda: gaussian("EEI", n_columns=4),
    "spherical": lambda: gaussian("VII", n_columns=4),
    "spherical, shared": lambda: gaussian("EII", n_columns=4),
    "full with gaps": lambda: with_gaps(gaussian("VVV")),
    "tied with gaps": lambda: with_gaps(gaussian("EEE")),
    "diag with gaps": lambda: with_gaps(gaussian("VVI", n_columns=4)),
    "spherical, shared, with gaps": lambda: with_gaps(gaussian("EII", n_columns=4)),
    "t": lambda: student_t("VVV"),
    "t, tied, equal degrees": lambda: student_t("EEE", "equal"),
    "t, diag, held degrees": lambda: student_t("VVI", "held"),
    "t, spherical": lambda: student_t("VII"),
    "contaminated": lambda: contaminated("VVV"),
    "contaminated, diag, shared": lambda: contaminated("EEI"),
    "t beside noise": lambda: noisy(student_t("VVV")),
    "noise": noisy,
    "noise with gaps": lambda: noisy(with_gaps(gaussian("VVV"))),
    "categories beside noise": lambda: noisy(categorical()),
    "yes or no with gaps beside noise": lambda: noisy(bernoulli(missing=True)),
    "counts beside noise": lambda: noisy(poisson(), factorials),
    "multinomial": multinomial,
    "categorical": categorical,
    "bernoulli": bernoulli,
    "bernoulli with gaps": lambda: bernoulli(missing=True),
    "poisson": poisson,
    "poisson with exposure": lambda: poisson(exposure=True),
    "mixed": mixed,
    **{name: partial(columnwise, one) for name, one in COLUMNWISE.items()},
}
