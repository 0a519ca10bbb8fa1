"""The stored Gaussian fits run here: the same rows, start, prior and tightness as in the reference.

Shared by the tests and by `benchmarks/reference.py`, which prints what the tests assert.
"""

from dataclasses import dataclass, replace

import numpy as np
from oracles import dataset, gaussian, gaussian_fits, repeats, starting_responsibilities

from mixtura.components.background import one_pass
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.kernel import Limits
from mixtura.components.noise import NoiseFamily
from mixtura.components.weighing import EQUAL, Weighing
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_responsibilities
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

    def limits(self, sweeps, *, accelerate):
        return Limits(sweeps, accelerate, relative=self.relative)

    def reached(self, objective):
        pass


def sweep_of(name, reference):
    values = dataset(name).values
    counts = repeats(reference, len(values))
    source = ArrayRows(values, None if (counts == 1).all() else counts)
    family = GaussianFamily.of(structure(reference["model"]), *column_moments(source))
    if reference["variant"] == "noise":
        volume = 1 / reference["noise"]["Vinv"]
        family = NoiseFamily.around(
            family, BoxBackground.of(smallest_box(one_pass(values)), volume)
        )
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
        weighing=Weighing(EQUAL if reference["variant"] == "equal_weights" else None),
    )


def started(name, reference):
    """Return the sweep, the options and the mixture that the stored run begins with."""
    sweep = sweep_of(name, reference)
    options = options_for(sweep, reference)
    responsibilities = starting_responsibilities(gaussian(name), reference)
    return sweep, options, model_from_responsibilities(sweep, responsibilities, options)


def one_step(name, reference):
    """Return the log-likelihood after one M-step from the stored start."""
    sweep, _, model = started(name, reference)
    return sweep([model])[0].log_likelihood


def replayed(name, reference, max_iter=20000):
    """Return the sweep, and the run from the stored start to its end."""
    sweep, options, model = started(name, reference)
    return sweep, fit(sweep, [model], replace(options, max_iter=max_iter))[0]


def comparable(name):
    """Return the stored fits of a data set that have numbers."""
    return [
        reference
        for reference in gaussian_fits(name, status="ok")
        if reference["variant"] in VARIANTS
    ]


def tolerance_of(reference):
    """Return how far from the stored log-likelihood an end may be, in nats."""
    return max(reference["tol"], 1e-6 * abs(reference["loglik"]))


def agrees(reference, found):
    """Return whether a log-likelihood is what the stored one, by its own rule, asks for."""
    if reference["compare"] == "equal":
        return abs(found - reference["loglik"]) <= tolerance_of(reference)
    return reference["compare"] == "none" or found >= reference["floor"] - tolerance_of(reference)


def classification(sweep, run, name):
    """Return the component of each row, noise after the others, as the reference numbers them."""
    family, parameters = sweep.family.in_user_units(run.model.parameters)
    mixture = Mixture(np.exp(run.model.log_weights), family, parameters)
    return mixture.responsibilities(dataset(name).values).argmax(axis=1)
