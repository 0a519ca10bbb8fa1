"""A search fits every model once, from starts that all share, and the best to their ends."""

from functools import cache
from importlib import import_module

import numpy as np
import pytest
from nightly import first
from oracles import dataset, discrete_fits, discrete_values, gaussian_fit, mclust

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    MixturaError,
    ParameterError,
    PoissonMixture,
    select,
)
from mixtura.components.gaussian.structures import CODES
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import LikelihoodDecreased
from mixtura.selection import Candidate, Selection, bench
from mixtura.selection.cells import is_nested

pytestmark = pytest.mark.drawn(4)

# The module; the package has a function of its name.
SEARCH = import_module("mixtura.selection.search")

# What a model that cannot win may have left to gain, in nats, and the prior's part in it.
COARSE = 0.15


@cache
def whole(name):
    """Return the search over all structures and up to four components."""
    return select(dataset(name).values, range(1, 5), random_state=0)


def fits_of(selection):
    return {(c.kind, c.n_components): c.result for c in selection.candidates}


def table_of(selection):
    """Return the numbers of a table that do not depend on the clock."""
    return [
        tuple(value for name, value in row.items() if name != "seconds")
        for row in selection.table()
    ]


def clusters(n_rows=300, seed=4):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, 2)) @ np.array([[1.0, 0.4], [0.0, 0.8]])
    rows[: n_rows // 3] += [5, 0]
    rows[n_rows // 2 :] *= [0.6, 1.5]
    return rows


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_any_number_of_threads_gives_the_same_bits(noise):
    rows = clusters(20_000)
    found = [
        select(rows, (1, 2), ("VVV", "EEI"), noise=noise, random_state=3, n_jobs=n_jobs)
        for n_jobs in (1, 2, 4)
    ]
    assert table_of(found[0]) == table_of(found[1]) == table_of(found[2])
    parameters = [one.result.mixture.parameters for one in found]
    for other in parameters[1:]:
        np.testing.assert_array_equal(parameters[0].means, other.means)
        np.testing.assert_array_equal(parameters[0].covariance.dense(), other.covariance.dense())


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_a_repeated_row_is_a_row_of_weight_two(noise):
    rows = clusters()
    weights = 1 + np.arange(len(rows)) % 3
    settings = {"noise": noise, "random_state": 1}
    weighted = select(rows, (1, 2, 3), ("VVV", "EEE", "VEI"), sample_weight=weights, **settings)
    repeated = select(
        np.repeat(rows, weights, axis=0), (1, 2, 3), ("VVV", "EEE", "VEI"), **settings
    )
    for one, other in zip(weighted.table(), repeated.table(), strict=True):
        for name in ("kind", "n_components", "df"):
            assert one[name] == other[name]
        for name in ("log_likelihood", "bic", "aic"):
            assert one[name] == pytest.approx(other[name], abs=1e-3)


def test_rows_of_weight_nothing_are_no_rows():
    rows = clusters()
    weights = np.ones(len(rows))
    weights[::5] = 0
    given = select(rows, (1, 2), "EEE", sample_weight=weights, random_state=0)
    left_out = select(rows[weights > 0], (1, 2), "EEE", random_state=0)
    for one, other in zip(given.table(), left_out.table(), strict=True):
        assert one["bic"] == pytest.approx(other["bic"], rel=1e-12)


def test_the_order_of_rows_changes_nothing_but_rounding():
    rows = dataset("faithful").values
    shuffled = rows[np.random.default_rng(0).permutation(len(rows))]
    found = [select(x, (1, 2, 3), ("VVV", "EEE", "VII"), random_state=0) for x in (rows, shuffled)]
    for one, other in zip(found[0].table(), found[1].table(), strict=True):
        assert one["log_likelihood"] == pytest.approx(other["log_likelihood"], abs=2e-3)
    assert found[0].best.kind == found[1].best.kind
    assert found[0].best.n_components == found[1].best.n_components


def test_models_that_are_the_same_with_one_component_are_fitted_once():
    kinds = [c.kind for c in whole("iris").candidates if c.n_components == 1]
    assert kinds == ["EII", "EEI", "EEE"]
    for size in (2, 3, 4):
        own = [c.kind for c in whole("iris").candidates if c.n_components == size]
        assert sorted(own) == sorted(CODES)


def test_in_one_column_there_is_only_a_volume():
    selection = select(dataset("galaxies").values, (1, 2, 3), random_state=0)
    cells = [(c.n_components, c.kind) for c in selection.candidates]
    assert cells == [(1, "EII"), (2, "EII"), (2, "VII"), (3, "EII"), (3, "VII")]


def test_a_size_or_structure_that_is_asked_for_twice_is_fitted_once():
    selection = select(clusters(), (2, 2, 1), ("EEE", "tied", "EEE"), random_state=0)
    assert [(c.n_components, c.kind) for c in selection.candidates] == [(1, "EEE"), (2, "EEE")]


@pytest.mark.parametrize("name", ["faithful", "iris"])
def test_no_model_ends_below_one_that_is_nested_in_it(name):
    found = fits_of(whole(name))
    compared = 0
    for (code, size), narrow in found.items():
        for (other, also), wide in found.items():
            if size == also and code != other and is_nested(code, other):
                assert wide.log_likelihood >= narrow.log_likelihood - COARSE, (code, other, size)
                compared += 1
    assert compared > 3 * 50


def test_noise_keeps_the_order_of_nested_models_too():
    kinds = ("VII", "VEI", "VVI", "VEE", "VVE")
    rows = dataset("chevron").values
    found = fits_of(select(rows, 3, kinds, noise="uniform", random_state=0))
    for (code, _), narrow in found.items():
        for (other, _), wide in found.items():
            if is_nested(code, other):
                assert wide.log_likelihood >= narrow.log_likelihood - COARSE, (code, other)


@pytest.mark.parametrize("name", ["faithful", "iris"])
def test_a_model_ends_no_lower_with_one_component_more(name):
    found = fits_of(whole(name))
    for code in ("EII", "VII", "EEI", "EEE", "VVV"):
        ends = [found[code, size].log_likelihood for size in (2, 3, 4)]
        assert (np.diff(ends) > -COARSE).all()


@pytest.mark.parametrize("name", ["faithful", "iris"])
def test_the_best_is_that_of_mclust_and_nearly_all_others_as_good(name):
    stored, selection = mclust("selection")[name], whole(name)
    assert (selection.best.kind, selection.best.n_components) == (
        stored["best_model"],
        stored["best_G"],
    )
    assert selection.result.bic == pytest.approx(stored["bic"], abs=0.05)
    table = stored["bic_table"]
    worse = [
        cell
        for cell, result in fits_of(selection).items()
        if table[cell[0]][cell[1] - 1] is not None
        and result.bic > table[cell[0]][cell[1] - 1] + 2 * COARSE
    ]
    assert len(worse) <= 0.05 * len(selection.candidates), worse


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic"])
def test_the_best_is_lowest_by_the_criterion(criterion):
    rows = dataset("faithful").values
    selection = select(rows, (1, 2, 3), ("EEE", "VVV"), criterion=criterion, random_state=0)
    for candidate in selection.candidates:
        result, n_rows = candidate.result, len(rows)
        responsibilities = result.mixture.responsibilities(rows)
        log_likelihood = result.mixture.log_density(rows).sum()
        bic = -2 * log_likelihood + result.n_parameters * np.log(n_rows)
        expected = {
            "bic": bic,
            "icl": bic - 2 * np.log(responsibilities.max(axis=1)).sum(),
            "aic": -2 * log_likelihood + 2 * result.n_parameters,
        }[criterion]
        assert candidate.value(criterion) == pytest.approx(expected, rel=1e-9)
    values = [row[criterion] for row in selection.table()]
    assert selection.best.value(criterion) == min(values)
    assert [c.value(criterion) for c in selection.ranked] == sorted(values)
    assert selection.grid()["EEE"][3] == getattr(fits_of(selection)["EEE", 3], criterion)


def test_an_unknown_criterion_is_refused():
    with pytest.raises(ParameterError, match="bic"):
        select(clusters(), 2, criterion="dic")


def test_the_criteria_choose_differently_where_components_overlap():
    rows = dataset("faithful").values
    by_bic, by_icl = (
        select(rows, (2, 3), ("EEE", "VVV"), criterion=c, random_state=0) for c in ("bic", "icl")
    )
    assert by_bic.best.n_components == 3
    assert by_icl.best.n_components == 2


def test_models_that_may_win_are_fitted_on_and_end_no_lower(monkeypatch):
    rows = clusters()
    polished = select(rows, (1, 2, 3), ("VVV", "EEE", "VEI"), random_state=0)
    monkeypatch.setattr(SEARCH.Search, "polish", lambda *_: None)
    coarse = select(rows, (1, 2, 3), ("VVV", "EEE", "VEI"), random_state=0)
    gains = [
        c.result.log_likelihood - before.result.log_likelihood
        for c, before in zip(polished.candidates, coarse.candidates, strict=True)
    ]
    assert min(gains) >= 0
    assert max(gains) > 0
    best, before = polished.result, fits_of(coarse)[polished.best.kind, polished.best.n_components]
    assert best.remaining_gain <= max(before.remaining_gain, 1e-3)
    begun = [step.objective for step in best.history.steps[: len(before.history)]]
    assert begun == [step.objective for step in before.history.steps]
    assert (best.starts_agreeing, best.n_starts) == (before.starts_agreeing, before.n_starts)


def test_the_history_of_a_polished_model_goes_on_from_before():
    objective = np.array(whole("faithful").result.history.objective)
    assert (np.diff(objective) >= -1e-7).all()
    assert whole("faithful").result.ending.converged


@pytest.fixture(scope="module")
def failing():
    """Return a search on rows of which many are the same point, by maximum likelihood alone."""
    rng = np.random.default_rng(1)
    rows = np.vstack([rng.normal(size=(40, 2)), np.tile([[7.0, 7.0]], (30, 1))])
    return select(rows, (1, 2), ("VVV", "EEE"), prior=None, random_state=0)


def test_a_model_that_fails_says_why_and_the_search_goes_on(failing):
    rows = {(row["kind"], row["n_components"]): row for row in failing.table()}
    assert "the covariance is singular" in rows["VVV", 2]["failure"]
    assert "log_likelihood" not in rows["VVV", 2]
    assert rows["EEE", 2]["failure"] is None
    assert (failing.best.kind, failing.best.n_components) == ("EEE", 2)
    assert failing.grid()["VVV"][2] == np.inf
    assert len(failing.ranked) == len(failing.candidates) - 1


def test_a_search_of_which_all_fail_says_why():
    rng = np.random.default_rng(1)
    rows = np.vstack([rng.normal(size=(4, 2)), np.tile([[7.0, 7.0]], (30, 1))])
    selection = select(rows, 2, "VVV", prior=None, random_state=0)
    with pytest.raises(
        MixturaError, match=r"no model could be fitted: .*the covariance is singular"
    ):
        _ = selection.best


def test_a_fall_of_the_likelihood_is_a_failure_of_that_model_alone(monkeypatch):
    real = bench.solve_by

    def solve_by(sweep, *arguments, **settings):
        if sweep.family.structure.code == "EEE":
            raise LikelihoodDecreased("it fell in sweep 3")
        return real(sweep, *arguments, **settings)

    monkeypatch.setattr(bench, "solve_by", solve_by)
    selection = select(clusters(), (2,), ("EEE", "VVV"), random_state=0)
    assert [c.failure for c in selection.candidates] == ["it fell in sweep 3", None]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupt_between_models_keeps_what_is_there(n_jobs):
    seen = []

    def stop(candidate, count):
        seen.append((candidate, count))
        if len(seen) == 3:
            raise KeyboardInterrupt

    selection = select(
        clusters(), (1, 2, 3), ("VVV", "EEE"), random_state=0, n_jobs=n_jobs, progress=stop
    )
    assert selection.interrupted
    if n_jobs == 1:
        assert selection.candidates == tuple(candidate for candidate, _ in seen)
    assert {id(one) for one in selection.candidates} >= {id(one) for one, _ in seen}
    # What another worker was at is kept too.
    assert len(selection.candidates) <= 3 + n_jobs - 1
    assert {count for _, count in seen} == {1 + 2 + 2}
    assert selection.best in selection.candidates


class Interrupted(Serial):
    """An engine that is interrupted in the sweep of a number."""

    def __init__(self, sweep):
        super().__init__()
        self.left = sweep

    def fold(self, *arguments, **settings):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().fold(*arguments, **settings)


def test_an_interrupt_within_a_fit_keeps_the_models_before_it(monkeypatch):
    # Only the general loop sweeps by the engine.
    monkeypatch.setattr(Sweep, "kernel", None)
    plain = select(clusters(), (1, 2, 3), ("VVV", "EEE"), random_state=0, engine="serial")
    kept = []
    for sweep in (15, 60, 110):
        try:
            selection = select(
                clusters(), (1, 2, 3), ("VVV", "EEE"), random_state=0, engine=Interrupted(sweep)
            )
        except KeyboardInterrupt:
            kept.append(0)
            continue
        assert selection.interrupted
        kept.append(len(selection.candidates))
        for one, other in zip(selection.candidates[:-1], plain.candidates, strict=False):
            assert (one.kind, one.n_components) == (other.kind, other.n_components)
        assert np.isfinite(selection.result.bic)
    assert kept == sorted(kept)
    assert kept[-1] > 0


def test_an_interrupt_before_the_first_model_ends_the_search():
    with pytest.raises(KeyboardInterrupt):
        select(clusters(), (2,), "VVV", random_state=0, engine=Interrupted(1))


@pytest.mark.parametrize(
    "identifier",
    [
        "diabetes/EII/2/km/noise",
        "diabetes/VII/2/km/noise",
        "diabetes/EEI/2/km/noise",
        "diabetes/VVI/2/km/noise",
        "diabetes/EEE/2/km/noise",
        "diabetes/EEV/2/km/noise",
        "diabetes/VVV/2/km/noise",
        "galaxies/E/3/km/noise",
        "galaxies/V/3/km/noise",
    ],
)
def test_the_reference_fit_with_noise_is_found_or_a_better_one(identifier):
    stored = gaussian_fit(identifier)
    kind = {"E": "EII", "V": "VII"}.get(stored["model"], stored["model"])
    rows = dataset(identifier.split("/")[0]).values
    selection = select(rows, stored["G"], kind, noise="uniform", random_state=0)
    assert selection.result.log_likelihood >= stored["loglik"] - 0.01
    assert selection.result.n_parameters == stored["n_params"]
    assert selection.best.n_components == stored["G"] == selection.result.mixture.n_components - 1


def test_unknown_noise_is_refused_before_work_starts():
    with pytest.raises(ParameterError, match="uniform"):
        select(clusters(), 2, noise="normal")
    with pytest.raises(ParameterError, match="above 0"):
        select(clusters(), 2, noise="uniform", noise_volume=0)


DISCRETE = [
    ("categorical", "carcinoma/categorical/2/km", CategoricalMixture),
    ("categorical", "carcinoma/categorical/3/km", CategoricalMixture),
    ("poisson", "candy_counts/poisson/3/km", PoissonMixture),
]


@pytest.mark.parametrize(("kind", "identifier", "estimator"), DISCRETE)
def test_a_search_of_counts_and_categories_finds_the_best_that_is_known(
    kind, identifier, estimator
):
    (stored,) = [fit for fit in discrete_fits(kind) if fit["id"] == identifier]
    rows = discrete_values(stored)
    rows = rows if kind == "poisson" else rows.astype(int)
    model = estimator(prior=None, n_init=10, random_state=0)
    selection = model.select(rows, (1, stored["G"]))
    assert isinstance(selection, Selection)
    found = fits_of(selection)[kind, stored["G"]]
    assert found.log_likelihood == pytest.approx(stored["best_known"]["loglik"], abs=0.01)
    assert found.n_parameters == stored["n_params"]
    assert fits_of(selection)[kind, 1].log_likelihood < found.log_likelihood
    assert selection.result is found
    assert model.mixture_ is found.mixture
    assert found.bic == pytest.approx(
        -2 * found.log_likelihood + stored["n_params"] * np.log(len(rows))
    )


def test_a_search_of_counts_keeps_what_is_there_when_interrupted():
    rng = np.random.default_rng(0)
    rows = (rng.random((200, 5)) < np.repeat([0.2, 0.8], 100)[:, None]).astype(float)

    def stop(candidate, count):
        if candidate.n_components == 2:
            raise KeyboardInterrupt

    selection = BernoulliMixture(random_state=0).select(rows, (1, 2, 3, 4), progress=stop)
    assert selection.interrupted
    # What other workers had fitted by then is kept too.
    assert 2 in {c.n_components for c in selection.candidates}
    assert selection.best.n_components == 2


def test_a_summary_names_the_best_three():
    text = whole("faithful").summary()
    assert text.startswith("Best 3 of 45 models by BIC (lower is better)")
    first = text.splitlines()[2].split()
    assert first[:2] == ["EEE", "3"]
    assert float(first[-1]) == pytest.approx(whole("faithful").result.bic, abs=1e-3)


def test_a_candidate_without_a_fit_ranks_nowhere():
    empty = Candidate("VVV", 2, failure="no")
    assert empty.value("bic") == np.inf
    assert Selection((empty,)).ranked == []


def as_bits(selection):
    """Return all numbers of a search that do not depend on the clock, parameters among them."""
    parameters = [
        (one.result.mixture.weights, one.result.mixture.parameters.means)
        for one in selection.candidates
    ]
    return table_of(selection), [array.tobytes() for pair in parameters for array in pair]


@pytest.mark.parametrize("name", ["faithful", "iris"])
def test_few_rows_give_the_same_bits_in_any_number_of_workers(name):
    rows = dataset(name).values
    one, two, three = (
        as_bits(select(rows, range(1, 5), random_state=0, n_jobs=n_jobs)) for n_jobs in (1, 2, 3)
    )
    assert one == two == three


def test_weighted_rows_give_the_same_bits_in_any_number_of_workers():
    rows = clusters()
    weights = np.random.default_rng(0).uniform(0.2, 2.0, len(rows))
    one, two, three = (
        as_bits(select(rows, (1, 2, 3, 4), random_state=2, sample_weight=weights, n_jobs=n_jobs))
        for n_jobs in (1, 2, 3)
    )
    assert one == two == three


@pytest.mark.parametrize("name", first(1, ["faithful", "iris", "diabetes"]))
def test_a_search_finds_the_same_best_with_compiled_code_and_without(name, monkeypatch):
    rows = dataset(name).values
    kinds = ("EII", "VII", "EEI", "VVI", "EEE", "VEV", "VVE", "VVV")
    compiled = select(rows, range(1, 4), kinds, random_state=0)
    monkeypatch.setattr(Sweep, "kernel", None)
    general = select(rows, range(1, 4), kinds, random_state=0)
    assert (compiled.best.kind, compiled.best.n_components) == (
        general.best.kind,
        general.best.n_components,
    )
    assert compiled.result.bic == pytest.approx(general.result.bic, abs=0.05)
    ours, theirs = fits_of(compiled), fits_of(general)
    assert set(ours) == set(theirs)
    lower = [key for key in ours if ours[key].log_likelihood < theirs[key].log_likelihood - COARSE]
    assert len(lower) <= 0.1 * len(ours), lower
