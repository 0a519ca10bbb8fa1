"""Codes, sparse rows and mixed columns are swept by compiled code as by NumPy and SciPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy import sparse

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.family import Family
from mixtura.components.gamma import GammaFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.geometric import GeometricFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.product import ProductFamily
from mixtura.data import ArrayRows, CountRows, RowSource
from mixtura.data.columns import column_moments
from mixtura.data.masks import MaskedRows
from mixtura.em import plan as planning
from mixtura.em.model import Model
from mixtura.em.statistics import Statistics
from mixtura.em.sweep import Sweep
from mixtura.engines import Engine, Serial, Threads
from mixtura.native import sweeps

pytestmark = pytest.mark.drawn(5)

N_ROWS = 3001


def codes(levels: tuple[int, ...]) -> NDArray[np.int32]:
    rng = np.random.default_rng(len(levels))
    return np.column_stack([rng.integers(-1, most, N_ROWS) for most in levels]).astype(np.int32)


def words(most: int = 9) -> sparse.csr_array:
    rng = np.random.default_rng(1)
    rates = rng.gamma(0.5, 0.4, (N_ROWS, 60)) * (rng.random((N_ROWS, 1)) < 0.9)
    return sparse.csr_array(np.minimum(rng.poisson(rates), most).astype(float))


def mixed(*others: NDArray[Any]) -> NDArray[np.float64]:
    rng = np.random.default_rng(2)
    return np.hstack([rng.normal(2.0, 1.0, (N_ROWS, 3)), *others]).astype(np.float64)


def gaussian(rows: NDArray[Any]) -> GaussianFamily:
    return GaussianFamily.of(structure("VVV"), *column_moments(ArrayRows(rows)))


def problem(kind: str) -> tuple[Family, Any]:
    """Return a family and rows."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(3.0, (N_ROWS, 1))
    if kind.startswith("codes"):
        levels = {"codes": (4,) * 12, "codes of many levels": (300, 2, 3, 40, 2, 2)}[kind]
        return CategoricalFamily(levels), codes(levels)
    if kind == "mixed":
        rows = mixed(counts, codes((4, 2, 3, 2)))
        blocks = gaussian(rows[:, :3]), PoissonFamily(1), CategoricalFamily((4, 2, 3, 2))
        return ProductFamily(blocks), rows
    if kind == "mixed, dense":
        rows = mixed(rng.gamma(2.0, 1.0, (N_ROWS, 2)), counts)
        return ProductFamily((gaussian(rows[:, :3]), GammaFamily(2), PoissonFamily(1))), rows
    rows = words(1 if kind == "bernoulli" else 9)
    family: Callable[[int], Any] = {
        "multinomial": MultinomialFamily,
        "bernoulli": BernoulliFamily,
        "poisson": PoissonFamily,
        "geometric": GeometricFamily,
        "negative binomial": NegativeBinomialFamily,
    }[kind]
    return family(rows.shape[1]).reading(rows), rows


KINDS = [
    *("codes", "codes of many levels", "mixed", "mixed, dense"),
    *("multinomial", "bernoulli", "poisson", "geometric", "negative binomial"),
]
every_kind = pytest.mark.parametrize("kind", KINDS)


def swept(
    kind: str,
    *,
    kept: bool = False,
    weighted: bool = False,
    excluded: bool = False,
    compiled: bool = True,
    engine: Engine | None = None,
) -> list[Statistics]:
    """Return what a sweep of two mixtures finds, one way or the other."""
    family, rows = problem(kind)
    rng = np.random.default_rng(4)
    mass = rng.uniform(0.2, 3.0, N_ROWS) if weighted else None
    source: RowSource = (CountRows if sparse.issparse(rows) else ArrayRows)(rows, mass)
    sizes = (3, 3) if excluded else (3, 6)
    if excluded:
        masks = np.array([[False, False, False], [False, True, False], [True, False, True]])
        source = MaskedRows(source, rng.integers(3, size=N_ROWS), masks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "TILE_BYTES", (1 << 30) if kept else (1 << 15))
        for name, value in {"LARGEST_TILE": 300, "SMALLEST_UNIT": 256, "SERIAL_ROWS": 100}.items():
            patch.setattr(planning, name, value)
        patch.setattr(planning, "SMALLEST_WORK", 1)
        if not compiled:
            patch.setattr(sweeps, "MOST_SUMS", -1)
        calls, own = [], sweeps.StackedSweep._sweep
        patch.setattr(
            sweeps.StackedSweep, "_sweep", lambda *given: (calls.append(1), own(*given))[1]
        )
        engine = engine or Serial()
        with engine.session():
            sweep = Sweep(family, source, engine)
            models = []
            for size in sizes:
                shares = rng.dirichlet(np.full(size, 0.3), N_ROWS)
                prior = family.prior("weak", sweep.shared, size)
                moments = sweep.from_responsibilities(shares)
                weights = np.log(rng.dirichlet(np.full(size, 3.0)))
                models.append(Model(weights, family.maximise(moments, None, prior)))
            found = sweep(models)
    assert bool(calls) == compiled
    return found


def numbers_of(statistics: Statistics) -> list[Any]:
    blocks = getattr(statistics.sums, "parts", [statistics.sums])
    values = [statistics.log_likelihood, statistics.log_largest, statistics.effective_size]
    return [*values, *(block.features for block in blocks)]


@every_kind
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("excluded", [False, True])
def test_sums_are_those_of_products(kind: str, kept: bool, weighted: bool, excluded: bool) -> None:
    terms = {"kept": kept, "weighted": weighted, "excluded": excluded}
    expected = swept(kind, compiled=False, **terms)
    for one, other in zip(swept(kind, **terms), expected, strict=True):
        for mine, theirs in zip(numbers_of(one), numbers_of(other), strict=True):
            assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12 * N_ROWS)


@every_kind
@pytest.mark.parametrize("weighted", [False, True])
def test_bits_are_the_same_for_any_number_of_threads(kind: str, weighted: bool) -> None:
    first = swept(kind, weighted=weighted)
    for n_jobs in (1, 2, 8):
        found = swept(kind, weighted=weighted, engine=Threads(n_jobs))
        for one, other in zip(found, first, strict=True):
            for mine, theirs in zip(numbers_of(one), numbers_of(other), strict=True):
                assert np.asarray(mine).tobytes() == np.asarray(theirs).tobytes()
