"""A fit tells what its starts brought, and warns where their ends do not agree."""

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from mixtura import DisagreementWarning, GaussianMixture
from mixtura.em.outcomes import Outcomes, ShortRun


def clusters(seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(300, 2)) + 8.0 * rng.integers(0, 3, (300, 1))


def test_it_is_told_where_no_more_than_half_of_the_starts_agree() -> None:
    assert Outcomes(ends=(-5.0,)).caution is None
    assert Outcomes(ends=(-5.0, -5.0, -70.0), n_agreeing=2).caution is None
    half = Outcomes(ends=(-5.0, -5.0, -70.0, -9.0), n_agreeing=2).caution or ""
    assert "2 of 4 starts" in half
    assert "65 nats" in half
    alone = Outcomes(ends=(-5.0, -7.0, -8.0)).caution or ""
    assert "no other of 3 starts" in alone
    assert "n_init" in alone


def test_outcomes_are_in_nats_of_the_weights() -> None:
    once = Outcomes((ShortRun(0, "groups of rows", -9.0, True),), (-6.0,), (-5.0,))
    twice = once.times(2.0)
    assert twice == Outcomes((ShortRun(0, "groups of rows", -18.0, True),), (-12.0,), (-10.0,))


def test_a_fit_tells_what_each_start_brought() -> None:
    fitted = GaussianMixture(6, n_init=4, random_state=0).fit(clusters())
    history = fitted.history_
    outcomes = history.outcomes
    assert len(outcomes.begun) == len(outcomes.ends) == 4
    assert max(outcomes.ends) == pytest.approx(history.objective[-1], abs=0.1)
    assert all(
        end >= begun - 1e-9 for begun, end in zip(outcomes.begun, outcomes.ends, strict=True)
    )
    assert outcomes.n_agreeing == fitted.starts_agreeing_
    assert {run.start for run in outcomes.short_runs} == {0, 1, 2, 3}
    for number, begun in enumerate(outcomes.begun):
        own = [run for run in outcomes.short_runs if run.start == number]
        carried = [run.objective for run in own if run.carried]
        assert len(own) > len(carried) > 0
        # So few rows are all in the sample, and what is carried on is never left worse.
        assert begun >= max(carried) - 1e-6
    told = " ".join(fitted.facts_["cautions"])
    assert (outcomes.caution or "no such words") in told or outcomes.caution is None
    lines = outcomes.table().splitlines()
    assert lines[0].split()[:3] == ["start", "tried", "carried"]
    assert len([line for line in lines if line.split()[0].isdigit()]) == 4


def test_given_starts_have_no_short_runs() -> None:
    rows = clusters()
    fitted = GaussianMixture(3, means_init=rows[:3], random_state=0).fit(rows)
    assert fitted.history_.outcomes.short_runs == ()
    assert len(fitted.history_.outcomes.ends) == 1


def test_starts_that_agree_give_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GaussianMixture(3, n_init=4, random_state=0).fit(clusters())


def test_noise_beside_plain_clusters_gives_no_warning() -> None:
    for seed in np.random.default_rng().integers(2**31, size=3).tolist():
        model = GaussianMixture(3, noise="uniform", n_init=4, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", DisagreementWarning)
            model.fit(clusters(seed))
        assert len(model.history_.outcomes.ends) == 4


def test_an_end_that_stands_alone_gives_a_warning_that_says_what_to_do() -> None:
    # Rows without clusters have many optima, by little apart.
    rows = np.random.default_rng(3).normal(size=(300, 2))
    with pytest.warns(
        DisagreementWarning, match=r"more starts \(n_init\) until several agree"
    ) as caught:
        model = GaussianMixture(8, n_init=3, random_state=0).fit(rows)
    assert model.history_.outcomes.n_agreeing == 1
    assert sum(each.category is DisagreementWarning for each in caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # One start says nothing of others.
        GaussianMixture(8, random_state=0).fit(rows)
