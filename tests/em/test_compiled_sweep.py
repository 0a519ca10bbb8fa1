"""The sweep in compiled code finds what two products and a softmax of NumPy find."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from discrete_cases import rows_for
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from mixtura.components.background import one_pass
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.family import Family, Product
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.noise import NoiseFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import plan as planning
from mixtura.em.model import Model
from mixtura.em.statistics import Statistics
from mixtura.em.sweep import Sweep
from mixtura.engines import Engine, Serial, Threads
from mixtura.native import sweeps
from mixtura.native.parts import DensePart

pytestmark = pytest.mark.drawn(4)

Float = NDArray[np.float64]
SIZES = (3, 3, 1, 7)
DISCRETE = {
    "multinomial": MultinomialFamily(3),
    "categorical": CategoricalFamily((2, 2, 2, 2)),
    "bernoulli": BernoulliFamily(4),
    "poisson": PoissonFamily(2),
}


def clusters(n_rows: int, n_columns: int, seed: int = 0) -> Float:
    rng = np.random.default_rng(seed)
    centres = 2.0 * rng.normal(size=(5, n_columns))
    return centres[rng.integers(5, size=n_rows)] + rng.normal(size=(n_rows, n_columns)) + 3.0


def gaussian(code: str, rows: Float) -> GaussianFamily:
    return GaussianFamily.of(structure(code), *column_moments(ArrayRows(rows)))


def models_of(sweep: Sweep, sizes: tuple[int, ...] = SIZES, seed: int = 1) -> list[Model]:
    """Return mixtures that an M-step makes of responsibilities drawn at random."""
    rng = np.random.default_rng(seed)
    found = []
    for size in sizes:
        shares = rng.dirichlet(np.full(size, 0.3), size=sweep.source.n_rows)
        moments = sweep.from_responsibilities(shares)
        prior = sweep.family.prior("weak", sweep.shared, size)
        weights = np.log(rng.dirichlet(np.full(size, 3.0)))
        found.append(Model(weights, sweep.family.maximise(moments, None, prior)))
    return found


def swept(
    family: Family,
    rows: NDArray[Any],
    mass: Float | None,
    *,
    kept: bool,
    compiled: bool,
    engine: Engine | None = None,
    sizes: tuple[int, ...] = SIZES,
) -> list[Statistics]:
    """Return what a sweep of several mixtures finds, and see to it that it went the way asked."""
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "TILE_BYTES", (1 << 30) if kept else (1 << 15))
        patch.setattr(planning, "LARGEST_TILE", 512)
        patch.setattr(planning, "SMALLEST_UNIT", 256)
        patch.setattr(planning, "SERIAL_ROWS", 100)
        patch.setattr(planning, "SMALLEST_WORK", 1)
        if not compiled:
            patch.setattr(sweeps, "MOST_SUMS", -1)
        own = sweeps.StackedSweep._sweep
        patch.setattr(
            sweeps.StackedSweep, "_sweep", lambda *given: (calls.append(1), own(*given))[1]
        )
        engine = engine or Serial()
        with engine.session():
            sweep = Sweep(family, ArrayRows(rows, mass), engine)
            found = sweep(models_of(sweep, sizes))
    assert bool(calls) == compiled
    return found


def numbers_of(statistics: Statistics) -> Iterator[Any]:
    """Return every number that a sweep found, sums about the frame's origin."""
    sums = statistics.sums
    yield from (statistics.log_likelihood, statistics.log_largest, statistics.effective_size)
    yield sums.features


def assert_equal(found: list[Statistics], expected: list[Statistics], mass: float) -> None:
    for one, other in zip(found, expected, strict=True):
        for mine, theirs in zip(numbers_of(one), numbers_of(other), strict=True):
            assert_allclose(mine, theirs, rtol=1e-12, atol=1e-13 * mass)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("code", CODES)
def test_every_structure_is_swept_as_by_numpy(code: str, kept: bool, weighted: bool) -> None:
    rows = clusters(3001, 4)
    mass = np.random.default_rng(2).uniform(0.2, 3.0, size=3001) if weighted else None
    family = gaussian(code, rows)
    expected = swept(family, rows, mass, kept=kept, compiled=False)
    assert_equal(swept(family, rows, mass, kept=kept, compiled=True), expected, 3001)


@pytest.mark.parametrize("n_columns", [1, 2, 3, 5, 6, 17, 24])
def test_any_number_of_columns_is_swept_as_by_numpy(n_columns: int) -> None:
    rows = clusters(1111, n_columns)
    for code in ("EEE", "VVI", "VVV"):
        family = gaussian(code, rows)
        expected = swept(family, rows, None, kept=False, compiled=False)
        assert_equal(swept(family, rows, None, kept=False, compiled=True), expected, 1111)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("kind", DISCRETE)
def test_counts_and_categories_are_swept_as_by_numpy(kind: str, kept: bool, weighted: bool) -> None:
    family, rows = DISCRETE[kind], rows_for(kind, 2003)
    mass = np.random.default_rng(2).uniform(0.2, 3.0, size=2003) if weighted else None
    expected = swept(family, rows, mass, kept=kept, compiled=False)
    assert_equal(swept(family, rows, mass, kept=kept, compiled=True), expected, 2003)


@pytest.mark.parametrize(
    "laid",
    [
        np.asfortranarray,
        lambda rows: np.repeat(rows, 2, axis=1)[:, ::2],
        lambda rows: rows[::-1].copy()[::-1],
        lambda rows: np.round(rows).astype(np.int64),
        lambda rows: rows.astype(np.float32),
        lambda rows: rows.astype(">f8"),
    ],
    ids=["by columns", "every other column", "backwards", "whole numbers", "float32", "swapped"],
)
def test_rows_may_lie_in_memory_as_they_like(laid: Any) -> None:
    rows = laid(clusters(1500, 4))
    family = gaussian("VVV", np.asarray(rows, dtype=np.float64))
    expected = swept(family, np.ascontiguousarray(rows, np.float64), None, kept=True, compiled=True)
    for one, other in zip(
        swept(family, rows, None, kept=False, compiled=True), expected, strict=True
    ):
        for mine, theirs in zip(numbers_of(one), numbers_of(other), strict=True):
            assert_allclose(mine, theirs, rtol=1e-12, atol=1e-10)


def test_weights_may_lie_apart() -> None:
    rows, mass = clusters(900, 3), np.random.default_rng(2).uniform(0.2, 3.0, size=1800)
    family = gaussian("VVV", rows)
    one = swept(family, rows, mass[::2], kept=False, compiled=True)
    other = swept(family, rows, mass[::2].copy(), kept=False, compiled=True)
    assert [each.log_likelihood for each in one] == [each.log_likelihood for each in other]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("code", ["EII", "VVI", "VVV"])
def test_bits_are_the_same_for_any_number_of_threads(code: str, kept: bool, weighted: bool) -> None:
    rows = clusters(20_001, 5)
    mass = np.random.default_rng(2).uniform(0.2, 3.0, size=20_001) if weighted else None
    family = gaussian(code, rows)
    found = [
        swept(family, rows, mass, kept=kept, compiled=True, engine=Threads(n_jobs))
        for n_jobs in (1, 2, 3)
    ]
    for other in found[1:]:
        for one, first in zip(other, found[0], strict=True):
            for mine, theirs in zip(numbers_of(one), numbers_of(first), strict=True):
                assert np.asarray(mine).tobytes() == np.asarray(theirs).tobytes()


def test_noise_is_swept_as_by_numpy() -> None:
    rows = clusters(1500, 3)
    family = NoiseFamily.around(
        gaussian("VVV", rows), BoxBackground.of(smallest_box(one_pass(rows)))
    )
    expected = swept(family, rows, None, kept=False, compiled=False, sizes=(3, 4))
    found = swept(family, rows, None, kept=False, compiled=True, sizes=(3, 4))
    assert_equal(found, expected, 1500)


@pytest.mark.parametrize("n_rows", [1000, 1007])
def test_a_component_of_no_weight_has_no_rows(n_rows: int) -> None:
    rows = clusters(n_rows, 3)
    sweep = Sweep(gaussian("VVV", rows), ArrayRows(rows), Serial())
    (model,) = models_of(sweep, (3,))
    weights = np.array([np.log(0.5), -np.inf, np.log(0.5)])
    (found,) = sweep([Model(weights, model.parameters)])
    assert np.isfinite(found.log_likelihood)
    assert found.moments.effective_rows[1] == 0
    assert found.moments.effective_rows.sum() == pytest.approx(n_rows)


def test_too_many_sums_go_by_products() -> None:
    assert not sweeps.is_swept([DensePart(np.zeros((sweeps.MOST_SUMS, 2)))])


def test_components_far_from_the_origin_go_by_deviations() -> None:
    rows = clusters(600, 3)
    rows[::2] += 1e6
    sweep = Sweep(gaussian("VVV", rows), ArrayRows(rows), Serial())
    hard = np.eye(2)[np.arange(600) % 2]
    moments = sweep.from_responsibilities(hard)
    parameters = sweep.family.maximise(moments, None, sweep.family.prior(None, sweep.shared, 2))
    product = sweep.family.bind(np.log([0.5, 0.5]), parameters).product()
    assert isinstance(product, Product)
    (part,) = product.parts
    assert isinstance(part, DensePart)
    assert part.centred is not None
    assert part.centred.flags.all()
    (found,) = sweep([Model(np.log([0.5, 0.5]), parameters)])
    assert_allclose(found.moments.effective_rows, [300, 300])
