"""Gaussian fits from stored starts end where independent systems ended, or higher."""

import numpy as np
import pytest
from nightly import first
from oracles import GAUSSIAN, dataset, gaussian_fits
from reference_fits import (
    agrees,
    classification,
    comparable,
    components_of,
    one_step,
    replayed,
    tolerance_of,
)

from mixtura.components.background import one_pass
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.structures import structure
from mixtura.em import fit as loop
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep

pytestmark = pytest.mark.drawn(8)

# As many sweeps as most of the stored runs take by far.
MANY = 200


@pytest.fixture(params=first(2, ["compiled", "general", "general to the end"]))
def way(request, monkeypatch):
    """Return how runs are made, and the numbers of those that compiled code left to the loop."""
    if request.param != "compiled":
        monkeypatch.setattr(Sweep, "kernel", None)
    left = []
    compiled_run = loop.compiled_run

    def watched(*arguments):
        found = compiled_run(*arguments)
        if found is None:
            left.append(arguments)
        return found

    monkeypatch.setattr(loop, "compiled_run", watched)
    return request.param, left


@pytest.mark.parametrize("name", GAUSSIAN)
def test_one_step_from_the_stored_start_gives_the_stored_log_likelihood(name):
    checked = 0
    for reference in comparable(name):
        if reference["variant"] == "single":
            continue
        found = one_step(name, reference)
        stored = reference["one_step"]["loglik"]
        inner = structure(reference["model"]).iterative
        tolerance = (1e-6 if inner else 1e-8) * abs(stored)
        assert found >= stored - tolerance, reference["id"]
        if not inner:
            assert found <= stored + tolerance, reference["id"]
        checked += 1
    assert checked > 0


@pytest.mark.parametrize("name", GAUSSIAN)
def test_runs_end_at_the_stored_log_likelihood_or_above_its_floor(name, way):
    ended = 0
    for reference in comparable(name):
        # Noise and conjugate priors have the general loop only.
        general = reference["variant"] in ("noise", "conjugate_prior")
        if reference["compare"] == "none" or (general and way[0] == "compiled"):
            continue
        sweep, run = replayed(name, reference, MANY if way[0] == "general" else 20000)
        assert (sweep.kernel is not None and not way[1]) == (way[0] == "compiled")
        if way[0] == "general" and run.ending is Ending.ITERATION_LIMIT:
            continue
        ended += 1
        found = run.statistics.log_likelihood
        assert agrees(reference, found), (reference["id"], found)
        n_parameters = sweep.family.n_free(components_of(reference))
        if reference["variant"] != "equal_weights":
            n_parameters += components_of(reference) - 1
        assert n_parameters == reference["n_params"], reference["id"]
        if reference["compare"] == "equal":
            bic = -2 * found + n_parameters * np.log(sweep.total_weight)
            assert bic == pytest.approx(reference["bic"], abs=2 * tolerance_of(reference))
        if reference["compare"] == "equal" and reference["variant"] != "single":
            icl = bic - 2 * run.statistics.log_largest
            assert icl == pytest.approx(reference["icl"], rel=1e-4), reference["id"]
            labels = classification(sweep, run, name)
            assert (labels != reference["classification"]).mean() < 0.01, reference["id"]
    assert ended > 0


@pytest.mark.parametrize("name", ["chevron"])
def test_the_volume_of_the_noise_is_that_of_the_smaller_box(name):
    stored = gaussian_fits(name, variant="noise")[0]["noise"]["Vinv"]
    assert np.exp(-smallest_box(one_pass(dataset(name).values)).log_volume) == pytest.approx(stored)
