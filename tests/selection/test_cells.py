"""One structure is nested in another if all its covariances are covariances of the other too."""

from itertools import product

import numpy as np
import pytest

from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import Box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.noise import NoiseFamily
from mixtura.selection import Cell
from mixtura.selection.cells import is_nested


def drawn(code, rng, n_components=3, n_columns=3):
    """Return covariances (K, D, D) = λ_k D_k A_k D_kᵀ that a structure allows, and no narrower."""

    def one_or_each(letter, make):
        return [make()] * n_components if letter == "E" else [make() for _ in range(n_components)]

    volumes = one_or_each(code[0], lambda: rng.uniform(0.5, 2))
    if code[1] == "I":
        shapes = [np.eye(n_columns)] * n_components
    else:
        spread = one_or_each(code[1], lambda: np.sort(rng.uniform(0.2, 3, n_columns)))
        shapes = [np.diag(s / np.prod(s) ** (1 / n_columns)) for s in spread]
    if code[2] == "I":
        axes = [np.eye(n_columns)] * n_components
    else:
        axes = one_or_each(
            code[2], lambda: np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0]
        )
    return np.stack([v * a @ s @ a.T for v, s, a in zip(volumes, shapes, axes, strict=True)])


def alike(values):
    return np.allclose(values, values[0], rtol=1e-9)


def allows(code, matrices):
    """Return whether covariances have the volumes, shapes and axes that a structure asks for."""
    n_columns = matrices.shape[1]
    volumes = np.linalg.det(matrices) ** (1 / n_columns)
    shapes = np.linalg.eigvalsh(matrices) / volumes[:, None]
    diagonal = np.allclose(matrices, matrices * np.eye(n_columns), atol=1e-12)
    commute = all(np.allclose(a @ b, b @ a) for a, b in product(matrices, matrices))
    return (
        (code[0] == "V" or alike(volumes))
        and {"I": np.allclose(shapes, 1), "E": alike(shapes), "V": True}[code[1]]
        and {"I": diagonal, "E": commute, "V": True}[code[2]]
    )


@pytest.mark.parametrize("code", CODES)
def test_a_structure_is_nested_in_those_that_allow_its_covariances(code):
    matrices = drawn(code, np.random.default_rng(CODES.index(code)))
    assert allows(code, matrices)
    assert {other for other in CODES if is_nested(code, other)} == {
        other for other in CODES if allows(other, matrices)
    }


def test_kinds_that_are_no_structures_are_nested_in_none():
    assert not is_nested("poisson", "VVV")
    assert not is_nested("EII", "mixed")
    assert not is_nested("bernoulli", "bernoulli")


def test_a_nested_structure_has_fewer_parameters_unless_it_is_the_same():
    def n_free(code):
        return Cell(code, GaussianFamily.in_own_units(structure(code), 4), 3).n_free

    for code, other in product(CODES, CODES):
        if code != other and is_nested(code, other):
            assert n_free(code) < n_free(other)


def test_noise_counts_as_a_parameter_beside_the_components():
    plain = GaussianFamily.in_own_units(structure("VVV"), 2)
    noisy = NoiseFamily.around(plain, BoxBackground.of(Box(np.zeros(2), np.eye(2))))
    assert Cell("VVV", plain, 3).n_free == 3 * 5
    assert Cell("VVV", noisy, 3).n_free == 3 * 5 + 1


def test_factor_analysers_are_nested_by_letters_and_numbers_of_factors():
    assert is_nested("CUC q=1", "UUC q=2")
    assert is_nested("CCC q=2", "CCC q=2")
    assert not is_nested("CUC q=3", "UUU q=2")
    assert not is_nested("UCC q=1", "CUU q=2")
    assert not is_nested("VVV", "UUU q=2")
