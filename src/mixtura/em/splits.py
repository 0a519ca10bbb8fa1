"""Components split in two: what each would gain, found within its own share of every row.

With r_k the responsibilities of component k, and f'_k a mixture of two components that takes the
place of f_k, Jensen's inequality says that the log-likelihood rises by at least
Σ w r_k log(f'_k / f_k). So all components can be split at once, each looking at its own share.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.kernel import STEPS, Children
from mixtura.em.compiled import is_compilable, terms_of
from mixtura.em.fit import FitOptions
from mixtura.em.model import Model
from mixtura.em.responsibilities import mixture_of, model_from_responsibilities
from mixtura.em.starts import StartOptions
from mixtura.em.sweep import Sweep
from mixtura.mixture import Mixture

__all__ = ["part_of", "split_all", "splits_of"]

Float = NDArray[np.float64]

# Rows that components are split on: for each of them, or twice its parameters, and at least.
EACH, FEWEST = 100, 400
# Directions with less than this of the widest one's variance say nothing of distances.
FLAT = 1e-9


def part_of(sample: Sweep, n_components: int, starts: StartOptions) -> Sweep:
    """Return a sweep of as many rows as it takes to part K components."""
    size = max(FEWEST, n_components * max(EACH, 2 * sample.family.n_free(1)))
    if size >= sample.source.n_rows and sample.kernel is None:
        # These are all of them, and wide rows take room.
        return sample
    return sample.part(size, starts.seed)


def splits_of(sample: Sweep, part: Sweep, model: Model, options: FitOptions) -> Children:
    """Return what splitting each component gains at least, and its second child.

    Child components are found on a part of the rows, and gains summed over all, so that few rows do
    not promise what they cannot keep.
    """
    if part.kernel is not None and sample.kernel is not None and is_compilable(options):
        found = part.kernel.split(
            sample.kernel, model.log_weights, model.parameters, terms_of(options)
        )
        if found is not None:
            return found
    block = sample.source.block(0, sample.source.n_rows)
    mixture = mixture_of(sample, model)
    densities = mixture.component_log_density(block.rows).T
    responsibilities = mixture.responsibilities(block.rows).T
    mass = responsibilities if block.weights is None else responsibilities * block.weights
    gains, second = np.empty(len(mass)), np.empty(mass.shape)
    for k, children in enumerate(split_all(part, model, options)):
        density, both = children.density_and_responsibilities(block.rows)
        enough = (mass[k] @ both).min() >= sample.family.fewest_rows
        gains[k] = mass[k] @ (density - densities[k]) if enough else -np.inf
        second[k] = both[:, 1]
    return Children(gains, responsibilities, second)


def split_all(part: Sweep, model: Model, options: FitOptions) -> list[Mixture]:
    """Return for each component the better of two mixtures of two that may take its place.

    Parameters
    ----------
    part : a sweep over rows (M, D) in memory
    model : the mixture of K components

    Raises
    ------
    ParameterError
        If children have a singular covariance.
    """
    block = part.source.block(0, part.source.n_rows)
    n_components = model.n_components
    # Twice, as there are two ways, and halved, as each row is there twice.
    responsibilities = np.tile(mixture_of(part, model).responsibilities(block.rows), 2) / 2
    mass = responsibilities if block.weights is None else responsibilities * block.weights[:, None]
    softness = part.family.start_softness
    second = softness / 2 + (1 - softness) * _first_halves(
        part.family.embed(block.rows), mass[:, :n_components]
    )
    children, total = model, responsibilities
    for _ in range(STEPS):
        both = np.hstack([responsibilities * (1 - second), responsibilities * second])
        children = model_from_responsibilities(part, both, options)
        total, second = _within_pairs(part, children, block.rows)
    values = np.einsum("mk,mk->k", mass, total).reshape(2, n_components)
    chosen = values.argmax(axis=0) * n_components + np.arange(n_components)
    return [mixture_of(part, _taken(children, [k, k + 2 * n_components])) for k in chosen]


def _within_pairs(part: Sweep, children: Model, rows: Any) -> tuple[Float, Float]:
    """Return log densities of pairs (M, 2K), up to a constant, and second children's parts."""
    joint = mixture_of(part, children).component_log_density(rows) + children.log_weights
    first, second = np.split(joint, 2, axis=1)
    total = np.logaddexp(first, second)
    return total, np.exp(second - total)


def _taken(model: Model, components: list[int]) -> Model:
    return Model(model.log_weights[components], model.parameters.take(components))


def _first_halves(points: Float, mass: Float) -> NDArray[np.bool_]:
    """Return which rows (M, 2K) the second child begins with: along an axis, or far from the mean.

    Parameters
    ----------
    points : (M, E) in which distances are meaningful
    mass : (M, K) weighted responsibilities
    """
    along, far = np.empty(mass.shape, dtype=bool), np.empty(mass.shape, dtype=bool)
    for k, own in enumerate(mass.T):
        total = max(float(own.sum()), 1e-300)
        deviations = points - own @ points / total
        sizes, axes = _axes(deviations, own, total)
        sizes = np.maximum(sizes, 1e-300)
        kept = sizes >= FLAT * sizes[-1]
        # A row may be so far from a component without width that its square is beyond the floats.
        with np.errstate(over="ignore"):
            scores = deviations @ axes[:, kept] / np.sqrt(sizes[kept])
            far[:, k] = (scores**2).sum(axis=1) > kept.sum()
        along[:, k] = scores[:, -1] > 0
    return np.hstack([along, far])


def _axes(deviations: Float, own: Float, total: float) -> tuple[Float, Float]:
    """Return the eigenvalues and axes of the covariance of rows (M, E), the largest last.

    Of more columns than rows, those of the rows' inner products say the same, and cost M² numbers.
    """
    if len(deviations) >= deviations.shape[1]:
        return np.linalg.eigh((deviations.T * own) @ deviations / total)
    rows = deviations * np.sqrt(own / total)[:, None]
    sizes, ends = np.linalg.eigh(rows @ rows.T)
    return sizes, rows.T @ ends / np.sqrt(np.maximum(sizes, 1e-300))
