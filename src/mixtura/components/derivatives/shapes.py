"""The free parameters of shared covariances, Σ_k = λ_k Q_k A_k Q_kᵀ (Celeux and Govaert 1995).

Where the components share a covariance as a whole, or each has one variance, the entries are free
parameters themselves. For the other structures they are, about the point where the mixture is,
log λ_k, the logarithms of A_k (the last entry is minus the sum of the others) and the angles of
rotations of Q_k: with skew S, D = Qᵀ Σ Q becomes D + [S, D] + ½ [S, [S, D]] + ...
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.chart import Chart, of_dense
from mixtura.components.derivatives.symmetric import entries, matrix_gradient, pairs
from mixtura.components.gaussian.structures import Structure
from mixtura.errors import ParameterError

__all__ = ["covariance_chart"]

Float = NDArray[np.float64]


def covariance_chart(structure: Structure, covariances: Float) -> Chart:
    """Return the chart of covariances (K, D, D), or of variances (K, D).

    Raises
    ------
    ParameterError
        If the structure is another than those whose parameters its letters say.
    """
    if not set(structure.code) <= set("EVI"):
        raise ParameterError(f"covariances of structure {structure.code} have no derivatives here")
    n_components, n_columns = covariances.shape[:2]
    if structure.code == "EEE":
        names = [f"covariances[{i}, {j}]" for i, j in zip(*pairs(n_columns), strict=True)]
        return _tied(names, np.eye(len(names)), n_components)
    if structure.code == "EEI":
        names = [f"covariances[{j}]" for j in range(n_columns)]
        return _tied(names, np.eye(n_columns), n_components)
    if structure.code == "EII":
        return _tied(["covariances"], np.ones((n_columns, 1)), n_components)
    if structure.code == "VII":
        jacobian = np.eye(n_components)[:, None, :].repeat(n_columns, axis=1)
        return of_dense([f"covariances[{k}]" for k in range(n_components)], jacobian)
    return _spectral(structure, covariances)


def _tied(names: list[str], block: Float, n_components: int) -> Chart:
    """Return the chart of numbers that all components have in common."""
    return of_dense(names, np.repeat(block[None], n_components, axis=0))


def _spectral(structure: Structure, covariances: Float) -> Chart:
    """Return the chart by volumes, shapes and rotations."""
    n_components, n_columns = covariances.shape[:2]
    volume, shape, orientation = structure.code
    if covariances.ndim == 2:
        axes, variances = None, covariances
    else:
        axes, variances = _principal(structure, covariances)
    volumes = _shared(np.ones((1, 1, 1)), volume, n_components)
    shapes = _shared(_contrasts(n_columns)[None], shape, n_components)
    logs = np.concatenate([np.repeat(volumes, n_columns, axis=1), shapes], axis=2)
    names = [
        *_names("log_volume", volume, n_components, [""]),
        *_names("log_shape", shape, n_components, [f"{j}" for j in range(n_columns - 1)]),
    ]
    if axes is None:
        jacobian = variances[:, :, None] * logs
        return of_dense(names, jacobian, partial(_bend_of_variances, variances, logs))
    turns = [f"{i}, {j}" for i, j in _planes(n_columns)]
    names += _names("rotation", orientation, n_components, turns)
    rotations = _shared(np.eye(len(turns))[None], orientation, n_components)
    jacobian = _jacobian(axes, variances, logs, rotations)
    return of_dense(names, jacobian, partial(_bend, axes, variances, logs, rotations))


def _shared(block: Float, letter: str, n_components: int) -> Float:
    """Return (K, q, M): one block for all components, or one for each."""
    if letter == "E":
        return np.repeat(block, n_components, axis=0)
    own = np.eye(n_components)[:, None, :, None] * block[0][None, :, None, :]
    return own.reshape(n_components, block.shape[1], -1)


def _names(name: str, letter: str, n_components: int, indices: list[str]) -> list[str]:
    owners = [""] if letter == "E" else [f"{k}" for k in range(n_components)]
    places = [", ".join(filter(None, [owner, index])) for owner in owners for index in indices]
    return [f"{name}[{place}]" if place else name for place in places]


def _contrasts(n_columns: int) -> Float:
    """Return (D, D - 1): each number raises one log variance and lowers the last as much."""
    return np.vstack([np.eye(n_columns - 1), -np.ones(n_columns - 1)])


def _planes(n_columns: int) -> list[tuple[int, int]]:
    """Return the coordinate planes i < j."""
    left, right = np.triu_indices(n_columns, 1)
    return list(zip(left.tolist(), right.tolist(), strict=True))


def _principal(structure: Structure, covariances: Float) -> tuple[Float, Float]:
    """Return axes Q_k (K, D, D) and the variances (K, D) along them.

    Where components share their axes, those are the eigenvectors of a sum in which no two
    eigenvalues are likely to be equal; otherwise variances are in ascending order everywhere, so
    that shapes that are equal stand in the same order.
    """
    if structure.code[2] == "V":
        variances, axes = np.linalg.eigh(covariances)
        return axes, variances
    traces = np.einsum("kdd->k", covariances)
    weights = 1.0 + np.arange(len(covariances)) / np.pi
    _, common = np.linalg.eigh(np.einsum("k,kij->ij", weights / traces, covariances))
    axes = np.repeat(common[None], len(covariances), axis=0)
    return axes, np.einsum("kij,kia,kja->ka", covariances, axes, axes)


def _commutators(variances: Float) -> Float:
    """Return [S, D] (R, D, D) for the generators S = e_i e_jᵀ - e_j e_iᵀ of all planes."""
    return np.stack([_bracket(i, j, np.diag(variances)) for i, j in _planes(len(variances))])


def _bracket(i: int, j: int, matrix: Float) -> Float:
    """Return S M - M S."""
    found = np.zeros_like(matrix)
    found[i] += matrix[j]
    found[j] -= matrix[i]
    found[:, j] -= matrix[:, i]
    found[:, i] += matrix[:, j]
    return found


def _jacobian(axes: Float, variances: Float, logs: Float, rotations: Float) -> Float:
    """Return ∂Σ_k by the free parameters, as entries (K, E, M)."""
    found = []
    for axis, variance, log, rotation in zip(axes, variances, logs, rotations, strict=True):
        stretched = np.einsum("ia,ja,am->mij", axis, axis, variance[:, None] * log)
        turned = axis @ _commutators(variance) @ axis.T
        turned = np.einsum("rij,rm->mij", turned, rotation)
        found.append(entries(np.concatenate([stretched, turned])).T)
    return np.stack(found)


def _bend_of_variances(variances: Float, logs: Float, gradient: Float) -> Float:
    """Return Σ_kj g_kj σ²_kj l_kj l_kjᵀ, with l the derivatives of log σ²_kj."""
    return np.einsum("kj,kjm,kjn->mn", gradient * variances, logs, logs)


def _bend(axes: Float, variances: Float, logs: Float, rotations: Float, gradient: Float) -> Float:
    """Return Σ_k tr(G_k ∂²Σ_k) (M, M).

    In the axes of the component, with Ĝ = Qᵀ G Q and C_a = [S_a, Ĝ], the second derivatives are by
    stretches Σ_j ĝ_jj σ²_j l_j l_jᵀ, by a turn and a stretch tr(Ĝ [S_a, ∂D]), and by two turns
    -½ (tr C_a [S_b, D] + tr C_b [S_a, D]).
    """
    n_columns = axes.shape[1]
    n_logs = logs.shape[2]
    slopes = matrix_gradient(gradient, n_columns)
    found = np.zeros((n_logs + rotations.shape[2],) * 2)
    planes = np.array(_planes(n_columns)).reshape(-1, 2)
    for axis, variance, log, rotation, slope in zip(
        axes, variances, logs, rotations, slopes, strict=True
    ):
        inside = axis.T @ slope @ axis
        stretched = variance[:, None] * log
        found[:n_logs, :n_logs] += (np.diagonal(inside)[:, None] * stretched).T @ log
        left, right = planes[:, 0], planes[:, 1]
        mixed = 2.0 * inside[left, right][:, None] * (stretched[right] - stretched[left])
        found[n_logs:, :n_logs] += rotation.T @ mixed
        found[:n_logs, n_logs:] += (rotation.T @ mixed).T
        brackets = np.stack([_bracket(i, j, inside) for i, j in planes])
        turned = -0.5 * np.einsum("aij,bij->ab", brackets, _commutators(variance))
        found[n_logs:, n_logs:] += rotation.T @ (turned + turned.T) @ rotation
    return found
