"""Gaussian fits from stored starts end where independent systems ended, or higher."""

from dataclasses import dataclass

import numpy as np
import pytest
from oracles import (
    GAUSSIAN,
    dataset,
    gaussian,
    gaussian_fits,
    repeats,
    starting_responsibilities,
)

from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.noise import GaussianNoiseFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.starts import model_from_responsibilities
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.mixture import Mixture

VARIANTS = ("plain", "single", "equal_weights", "case_weights", "conjugate_prior", "noise")


@dataclass(frozen=True)
class TinyGain:
    """Stop when a sweep gains almost nothing, as the reference runs did."""

    relative: float
    ending: Ending = Ending.CONVERGED
    steps_past: bool = False

    def met(self, objectives, total_weight, gain_left):
        if len(objectives) < 3:
            return False
        return objectives[-1] - objectives[-3] <= self.relative * abs(objectives[-1])


def sweep_of(name, reference):
    values = dataset(name).values
    counts = repeats(reference, len(values))
    source = ArrayRows(values, None if (counts == 1).all() else counts)
    family = GaussianFamily.of(structure(reference["model"]), *column_moments(source))
    if reference["variant"] == "noise":
        volume = 1 / reference["noise"]["Vinv"]
        family = GaussianNoiseFamily.around(family, smallest_box(values), volume)
    return Sweep(family, source, Serial())


def components_of(reference):
    return reference["G"] + (reference["variant"] == "noise")


def options_for(sweep, reference, relative=1e-13, max_iter=20000):
    return FitOptions(
        rule=TinyGain(relative),
        max_iter=max_iter,
        prior=sweep.family.prior(
            "conjugate" if reference["variant"] == "conjugate_prior" else None,
            sweep.shared,
            components_of(reference),
        ),
        equal_weights=reference["variant"] == "equal_weights",
    )


def start_of(sweep, name, reference, options):
    responsibilities = starting_responsibilities(gaussian(name), reference)
    return model_from_responsibilities(sweep, responsibilities, options)


def comparable(name):
    return [
        reference
        for reference in gaussian_fits(name, status="ok")
        if reference["variant"] in VARIANTS
    ]


@pytest.mark.parametrize("name", GAUSSIAN)
def test_one_step_from_the_stored_start_gives_the_stored_log_likelihood(name):
    checked = 0
    for reference in comparable(name):
        if reference["variant"] == "single":
            continue
        sweep = sweep_of(name, reference)
        model = start_of(sweep, name, reference, options_for(sweep, reference))
        found = sweep([model])[0].log_likelihood
        stored = reference["one_step"]["loglik"]
        inner = structure(reference["model"]).iterative
        tolerance = (1e-6 if inner else 1e-8) * abs(stored)
        assert found >= stored - tolerance, reference["id"]
        if not inner:
            assert found <= stored + tolerance, reference["id"]
        checked += 1
    assert checked > 0


@pytest.mark.parametrize("name", GAUSSIAN)
def test_runs_end_at_the_stored_log_likelihood_or_above_its_floor(name):
    for reference in comparable(name):
        if reference["compare"] == "none":
            continue
        sweep = sweep_of(name, reference)
        options = options_for(sweep, reference)
        run = fit(sweep, [start_of(sweep, name, reference, options)], options)[0]
        found, stored = run.statistics.log_likelihood, reference["loglik"]
        tolerance = max(reference["tol"], 1e-6 * abs(stored))
        if reference["compare"] == "equal":
            assert found == pytest.approx(stored, abs=tolerance), reference["id"]
        else:
            assert found >= reference["floor"] - tolerance, reference["id"]
        n_parameters = sweep.family.n_free(components_of(reference))
        if reference["variant"] != "equal_weights":
            n_parameters += components_of(reference) - 1
        assert n_parameters == reference["n_params"], reference["id"]
        if reference["compare"] == "equal":
            bic = -2 * found + n_parameters * np.log(sweep.total_weight)
            assert bic == pytest.approx(reference["bic"], abs=2 * tolerance)
        if reference["compare"] == "equal" and reference["variant"] != "single":
            icl = bic - 2 * run.statistics.log_largest
            assert icl == pytest.approx(reference["icl"], rel=1e-4), reference["id"]
            labels = classification(sweep, run, name)
            # The reference numbers noise after the components.
            labels = np.where(labels == -1, reference["G"], labels)
            assert (labels != reference["classification"]).mean() < 0.01, reference["id"]


def classification(sweep, run, name):
    family, parameters = sweep.family.in_user_units(run.model.parameters)
    mixture = Mixture(np.exp(run.model.log_weights), family, parameters)
    return mixture.labels[mixture.responsibilities(dataset(name).values).argmax(axis=1)]


@pytest.mark.parametrize("name", ["chevron"])
def test_the_volume_of_the_noise_is_that_of_the_smaller_box(name):
    stored = gaussian_fits(name, variant="noise")[0]["noise"]["Vinv"]
    assert np.exp(-smallest_box(dataset(name).values).log_volume) == pytest.approx(stored)
