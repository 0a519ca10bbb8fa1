"""What is said of components that want rows or width is said in the words of their family."""

import re

import numpy as np
import pytest

from mixtura import (
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    NegativeBinomialMixture,
    ParameterError,
)
from mixtura.components.wording import Wording
from mixtura.em.soundness import Soundness

pytestmark = pytest.mark.drawn(4)

RNG = np.random.default_rng(0)
AMOUNTS = RNG.gamma(3, 1, size=(60, 2))
AMOUNTS[:2] *= 1e4
MIXED = {"gaussian": [0], "gamma": [1]}


def said(model, rows=AMOUNTS) -> str:
    model.set_params(random_state=0).fit(rows)
    return " ".join(model.facts_["cautions"])


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
def test_too_few_rows_determine_a_shape_or_a_covariance():
    gamma, gaussian = said(GammaMixture(6)), said(GaussianMixture(12))
    mixed = said(MixedMixture(8, MIXED))
    assert "determine a shape, so" in gamma
    assert "or a shape that is held (shape=1 for exponential densities)" in gamma
    assert "covariance" not in gamma
    assert "structure" not in gamma
    assert "determine a covariance, so" in gaussian
    assert "try fewer components, or a structure that shares more between them" in gaussian
    assert "determine a covariance or a shape, so" in mixed
    assert "between them, or a shape that is held" in mixed


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
def test_rows_that_agree_are_kept_finite_by_what_the_family_has_for_it():
    rows = np.vstack([np.full((20, 2), 3.0), AMOUNTS[2:42]])
    gamma = said(GammaMixture(2, prior=None), rows)
    assert "agree in each of 'x0', 'x1': only the largest shape there may be, 1e+08," in gamma
    gaussian = said(GaussianMixture(2), rows)
    assert "agree in a combination of 'x0', 'x1': only the prior keeps" in gaussian


def test_counts_that_vary_more_have_no_width_to_speak_of():
    counts = RNG.poisson(3, size=(60, 2)).astype(float)
    counts[:2] += 1000
    assert said(NegativeBinomialMixture(4, prior=None), counts) == ""


def test_an_m_step_that_fails_says_what_is_not_determined():
    rows = np.column_stack([AMOUNTS[:, 0], RNG.gamma(2, 1, 60)])
    with pytest.raises(ParameterError) as caught:
        MixedMixture(12, MIXED, prior=None, random_state=0).fit(rows)
    assert "do not determine a covariance or a shape. Try fewer" in str(caught.value)
    assert "reg_covar" not in str(caught.value)
    with pytest.raises(ParameterError, match=r"ill-defined empirical covariance.*reg_covar"):
        GaussianMixture(12, prior=None, random_state=0).fit(rows)


def test_columns_without_widths_say_nothing_beside_those_with_widths():
    widths = Wording(("a covariance",), ("tied",), ("the prior",), "a combination of")
    assert Wording.beside([Wording(), widths]) == widths
    assert Wording.beside([Wording()]) == Wording()
    (told,) = Soundness(flat={0: (0, 1)}).sentences([5.0], ("a", "b"), widths)
    assert "agree in a combination of 'a', 'b'" in told


def test_components_of_a_wild_row_are_told_of_and_small_clusters_are_not(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.normal(size=(120, 1)) + 8.0 * (np.arange(120) % 2)[:, None]
    wild = np.vstack([rows, [[900.0], [-400.0]]])
    cluster = np.vstack([rows[:110], 40.0 + rng.normal(size=(6, 1))])
    told = said(GaussianMixture(4, covariance_type="EII"), wild)
    assert re.search(r"component\(s\) 2, 3 are a row or two each", told)
    assert "a row or two" not in said(GaussianMixture(3, covariance_type="EII"), cluster)
    # Of ten rows a few are no sign of anything.
    assert "a row or two" not in said(GaussianMixture(4, covariance_type="EII"), wild[-10:])
    times = np.full(len(wild), 0.01)
    light = GaussianMixture(4, covariance_type="EII", random_state=0).fit(wild, sample_weight=times)
    assert "a row or two" in " ".join(light.facts_["cautions"])
