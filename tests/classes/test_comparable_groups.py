"""Which groups can be compared: every family of the catalogue, and rows that say too little."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.base import clone

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    MixturaWarning,
    ParameterError,
    PoissonMixture,
    StudentTMixture,
    invariance_test,
)
from mixtura.components.catalogue import ROWS
from mixtura.estimators.named import estimator_of

pytestmark = pytest.mark.drawn(6, among="file")

SAID = "groups are compared by Gaussian, categorical"
REFUSED = {
    "contaminated",
    "dirichlet_multinomial",
    "factor_analyser",
    "multinomial",
    "t",
    "von_mises",
}


def drawn(n_rows=200):
    """Return numbers (N, 3) of two classes, and two groups."""
    rng = np.random.default_rng(0)
    groups = np.array(["r", "s"])[rng.integers(0, 2, n_rows)]
    return rng.normal(size=(n_rows, 3)) + 3.0 * rng.integers(0, 2, n_rows)[:, None], groups


def cells_of(name, numbers):
    """Return numbers as cells that a family takes."""
    if name in ("gaussian", "t", "contaminated", "factor_analyser", "von_mises"):
        return numbers
    if name in ("gamma", "exponential"):
        return np.exp(numbers)
    if name == "beta":
        return 1.0 / (1.0 + np.exp(-numbers))
    if name in ("bernoulli", "categorical"):
        return (numbers > 1.5).astype(int)
    return np.random.default_rng(1).poisson(np.where(numbers > 1.5, 9, 2))


def case(name):
    numbers, groups = drawn()
    rows = cells_of(name, numbers)
    settings = {"covariance_type": "diag"} if name in ("gaussian", "t", "contaminated") else {}
    settings |= {"n_factors": 1} if name == "factor_analyser" else {}
    settings |= {"trials": 40} if name in ("binomial", "beta_binomial") else {}
    return estimator_of(name)(2, random_state=0, **settings), rows, groups


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
@pytest.mark.parametrize("name", list(ROWS))
def test_a_family_is_compared_or_refused_with_a_sentence(name):
    model, rows, groups = case(name)
    model.fit(rows)
    if name in REFUSED:
        with pytest.raises(ParameterError, match=SAID):
            invariance_test(model, rows, groups)
        return
    found = invariance_test(model, rows, groups, free=[1])
    fits = [clone(model).set_params(n_init=3).fit(rows[groups == one]) for one in "rs"]
    free = found.models["free"]
    assert_allclose(free.log_likelihood, sum(fit.log_likelihood_ for fit in fits), atol=0.05)
    assert free.n_parameters == sum(fit.n_parameters_ for fit in fits)
    assert len(found.items) == 3


def test_t_components_differ_together():
    rows, groups = drawn()
    model = StudentTMixture(2, random_state=0).fit(rows)
    found = invariance_test(model, rows, groups)
    assert not found.items
    assert found.models["free"].n_parameters == 2 * model.n_parameters_
    with pytest.raises(ParameterError, match="differ by group together or not at all; leave free"):
        invariance_test(model, rows, groups, free=[1])


def test_an_exposure_is_refused():
    model, rows, groups = case("poisson")
    rows = np.column_stack([rows, np.full(len(rows), 2.0)])
    model = PoissonMixture(2, exposure=3, random_state=0).fit(rows)
    with pytest.raises(ParameterError, match="not with an exposure"):
        invariance_test(model, rows, groups)


def test_sparse_rows_are_refused():
    model, rows, groups = case("poisson")
    model.fit(csr_array(rows.astype(float)))
    with pytest.raises(DataError, match=r"dense rows; pass X.toarray\(\)"):
        invariance_test(model, csr_array(rows.astype(float)), groups)


@pytest.mark.parametrize("free", [None, "x1", 1])
def test_free_is_a_list_of_columns(free):
    model, rows, groups = case("bernoulli")
    with pytest.raises(ParameterError, match="free should be a list of columns"):
        invariance_test(model.fit(rows), rows, groups, free=free)


def test_a_column_that_a_group_was_not_asked_is_refused_with_both_names():
    numbers, groups = drawn()
    answers = pd.DataFrame((numbers > 1.5).astype(float), columns=list("abc"))
    profiles = pd.DataFrame(numbers, columns=list("abc"))
    mixed = {"categorical": ["a"], "gaussian": ["b", "c"]}
    for model, frame in (
        (CategoricalMixture(2, random_state=0), answers),
        (BernoulliMixture(2, random_state=0), answers),
        (GaussianMixture(2, covariance_type="diag", missing="marginal", random_state=0), profiles),
        (MixedMixture(2, mixed, covariance_type="diag", random_state=0), profiles.round()),
    ):
        gappy = frame.copy()
        gappy.loc[groups == "s", "a"] = np.nan
        model.fit(gappy)
        with pytest.raises(DataError, match="column 'a' has no answer in group 's'; leave the col"):
            invariance_test(model, gappy, groups)
        # One answer is enough.
        gappy.loc[np.flatnonzero(groups == "s")[:9], "a"] = frame["a"][groups == "s"][:9].to_numpy()
        assert invariance_test(model, gappy, groups, items=False).n_left_out == 0


@pytest.mark.filterwarnings("ignore::mixtura.DegenerateComponentWarning")
@pytest.mark.parametrize("kind", [GaussianMixture, GammaMixture])
def test_a_column_without_width_in_a_group_is_refused_with_both_names(kind):
    numbers, groups = drawn()
    frame = pd.DataFrame(np.exp(numbers), columns=list("abc"))
    frame.loc[groups == "s", "b"] = 2.5
    settings = {"covariance_type": "diag"} if kind is GaussianMixture else {}
    model = kind(2, random_state=0, **settings).fit(frame)
    with pytest.raises(DataError, match=r"column 'b' is 2.5 in all rows of group 's'"):
        invariance_test(model, frame, groups)


@pytest.mark.parametrize("names", [("class", "other"), (1, "1")])
def test_tables_tell_all_groups_and_the_class(names):
    model, rows, groups = case("bernoulli")
    called = [names[one == "s"] for one in groups]
    found = invariance_test(model.fit(rows), rows, called, items=False)
    table = found.shares_table()
    assert [row["class"] for row in table] == ["0", "1"]
    mixtures = found.models["equal"].mixtures
    assert set(table[0]) == {"class", *(f"group {one!r}" for one in names)}
    for one in names:
        own = [row[f"group {one!r}"] for row in table]
        assert own == mixtures[one].weights.tolist()
        assert f"group {one!r}" in found.summary()


def test_the_group_that_alone_has_weight_is_named():
    model, rows, groups = case("bernoulli")
    model.fit(rows)
    with pytest.raises(DataError, match="all rows are of the group 's'"):
        invariance_test(model, rows, groups, sample_weight=(groups == "s").astype(float))
    with pytest.raises(DataError, match="no row has both a group and a weight"):
        called = np.where(groups == "s", None, groups)
        invariance_test(model, rows, called, sample_weight=(groups == "s").astype(float))


def test_a_group_of_few_rows_is_warned_of():
    model, rows, groups = case("bernoulli")
    model.fit(rows)
    few = groups.astype(object)
    few[:7] = "z"
    with pytest.warns(MixturaWarning, match=r"no more rows than the 7 parameters .*: 'z' \(7\)"):
        invariance_test(model, rows, few, items=False)
    numbers = drawn()[0]
    model_of_numbers = GaussianMixture(2, covariance_type="diag", random_state=0).fit(numbers)
    few[2:7] = "r"
    with (
        pytest.warns(MixturaWarning, match=r"'z' \(2\)"),
        pytest.raises(
            ParameterError, match="of group 'z' have no width in its 2 rows; use a prior"
        ),
    ):
        invariance_test(model_of_numbers, numbers, few, items=False, prior=None)
    few[:8] = "z"
    found = invariance_test(model, rows, few, items=False)
    assert dict(zip(found.groups, found.sizes, strict=True))["z"] == 8
