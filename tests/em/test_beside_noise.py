"""Beside noise components are moved as without it, among the rows by what is not noise of them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from mixtura import GaussianMixture
from mixtura.components.background import one_pass
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.noise import NoiseFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import beside_noise
from mixtura.em.beside_noise import moved_beside_noise, without_its_noise
from mixtura.em.crossing import crossed
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Labels = NDArray[np.intp]

# Three clusters, the last two of them neighbours, and rows anywhere.
CENTRES = np.array([[0.0, 0.0], [30.0, 0.0], [36.0, 0.0]])
NOISE = 3
CODES = ["VVV", "EEE", "VII"]


def clusters() -> tuple[NDArray[np.float64], Labels]:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), [150, 150, 150, 60])
    rows = CENTRES[np.minimum(labels, 2)] + rng.normal(size=(510, 2))
    rows[labels == NOISE] = rng.uniform([-40.0, -60.0], [80.0, 60.0], (60, 2))
    return rows, labels


def sweep_over(rows: NDArray[np.float64], code: str) -> Sweep:
    source = ArrayRows(rows)
    family = GaussianFamily.of(structure(code), *column_moments(source))
    box = BoxBackground.of(smallest_box(one_pass(rows)))
    return Sweep(NoiseFamily.around(family, box), source, Serial())


def options_for(sweep: Sweep) -> FitOptions:
    weak = sweep.prior("weak", 4)
    return FitOptions(GainLeft(), max_iter=500, prior=weak, fallback=weak, accelerate=True)


def objective(sweep: Sweep, model: Model) -> float:
    return fit(sweep, [model], options_for(sweep))[0].objective


def misplaced(sweep: Sweep, labels: Labels, *, on_noise: bool) -> Model:
    """Return a start with one component over neighbours, and one too many elsewhere."""
    rows, _ = clusters()
    wrong = np.where(labels == 2, 1, labels)
    spare = (labels == NOISE) & (rows[:, 1] > 20) if on_noise else (labels == 0) & (rows[:, 0] > 0)
    return model_from_labels(sweep, np.where(spare, 2, wrong), 4, options_for(sweep))


@pytest.mark.parametrize("code", CODES)
def test_components_alone_have_the_moments_that_they_have_beside_noise(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside_noise, "LEAST", 0.0)
    rows, labels = clusters()
    sweep = sweep_over(rows, code)
    model = model_from_labels(sweep, labels, 4, options_for(sweep))
    alone = without_its_noise(sweep, model)
    found, expected = alone[0]([alone[1]])[0].moments, sweep([model])[0].moments.inner
    assert_allclose(found.effective_rows, expected.effective_rows, rtol=1e-9)
    assert_allclose(found.means, expected.means, rtol=1e-9, atol=1e-9)
    assert_allclose(found.scatter, expected.scatter, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("on_noise", [False, True], ids=["in a cluster", "on noise"])
@pytest.mark.parametrize("code", CODES)
def test_a_component_is_moved_to_where_one_lacks(code: str, *, on_noise: bool) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows, code)
    start = misplaced(sweep, labels, on_noise=on_noise)
    truth = objective(sweep, model_from_labels(sweep, labels, 4, options_for(sweep)))
    assert objective(sweep, start) < truth - 20
    found = moved_beside_noise(sweep, [start], options_for(sweep), StartOptions(0))
    assert objective(sweep, found) == pytest.approx(truth, abs=0.5)
    assert found.parameters.noise.tolist() == [False, False, False, True]


@pytest.mark.parametrize("code", CODES)
def test_what_is_crossed_has_one_noise_and_it_is_the_last(code: str) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows, code)
    pair = [misplaced(sweep, labels, on_noise=on_noise) for on_noise in (False, True)]
    halved = np.where(labels == 2, 1, np.where(labels == NOISE, 2, labels))
    pair.append(model_from_labels(sweep, halved, 3, options_for(sweep)))
    for other in pair[1:]:
        found = crossed(sweep, pair[0], other, options_for(sweep))
        assert found.parameters.noise.tolist() == [False, False, False, True]
        assert np.exp(found.log_weights).sum() == pytest.approx(1.0)


@pytest.mark.filterwarnings("ignore:Best performing initialization")
@pytest.mark.parametrize("max_iter", [0, 1])
def test_a_fit_of_no_sweep_ends_where_it_starts(max_iter: int, fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(60, 2))
    model = GaussianMixture(2, noise="uniform", max_iter=max_iter, random_state=0).fit(rows)
    assert np.isfinite(model.score(rows))
