"""The reference data is whole, and the loaders read it as its README says."""

import numpy as np
import pytest
from oracles import (
    DATASETS,
    GAUSSIAN,
    SKLEARN,
    dataset,
    discrete_fits,
    discrete_values,
    gaussian,
    gaussian_fit,
    gaussian_fits,
    mclust,
    repeats,
    sklearn_results,
    starting_responsibilities,
)
from scipy import stats
from scipy.special import gammaln, logsumexp

from_cholesky = stats.Covariance.from_cholesky


def mixture_log_likelihood(log_densities, weights, row_weights):
    return row_weights @ logsumexp(log_densities + np.log(weights), axis=1)


def gaussian_log_likelihood(name, fit):
    values = dataset(name).values
    columns = [
        stats.multivariate_normal(mean, from_cholesky(np.linalg.cholesky(covariance))).logpdf(
            values
        )
        for mean, covariance in zip(fit["means"], fit["covariances"], strict=True)
    ]
    if fit["variant"] == "noise":
        columns.append(np.full(len(values), np.log(fit["noise"]["Vinv"])))
    return mixture_log_likelihood(
        np.column_stack(columns), fit["weights"], repeats(fit, len(values))
    )


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_has_its_stated_names_and_no_column_without_numbers(name):
    data = dataset(name)
    assert data.values.shape[1] == len(data.names)
    assert np.isfinite(data.values).any(axis=0).all()
    assert data.labels is None or len(data.labels) == len(data.values)


def test_values_and_labels_stand_in_the_columns_the_manifest_names():
    iris = dataset("iris")
    assert iris.names == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert iris.values.shape == (150, 4)
    np.testing.assert_array_equal(iris.values[0], [5.1, 3.5, 1.4, 0.2])
    assert iris.labels is not None
    assert (iris.labels[0], iris.labels[-1]) == ("setosa", "virginica")


def test_empty_cells_are_nan_and_codes_have_levels():
    votes = dataset("housevotes")
    assert np.isnan(votes.values).sum() == 392
    assert votes.levels is not None
    assert set(votes.levels) == {("n", "y")}


def test_shared_arrays_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        dataset("iris").values[0, 0] = 1.0


@pytest.mark.parametrize("name", GAUSSIAN)
def test_gaussian_starts_are_probabilities_for_every_row(name):
    reference = gaussian(name)
    for fit in reference["fits"]:
        start = starting_responsibilities(reference, fit)
        assert start.shape == (len(dataset(name).values), fit["G"] + (fit["variant"] == "noise"))
        assert start.min() >= 0
        np.testing.assert_allclose(start.sum(axis=1), 1, rtol=1e-14)


def test_a_softened_start_keeps_some_of_every_component():
    start = starting_responsibilities(gaussian("iris"), gaussian_fits("iris", init="soft3")[0])
    np.testing.assert_allclose(np.unique(start), [0.1, 0.8], rtol=1e-14)


def test_noise_rows_start_in_the_noise_component_alone():
    fit = gaussian_fits("chevron", variant="noise")[0]
    start = starting_responsibilities(gaussian("chevron"), fit)
    rows = fit["noise"]["start_noise_rows"]
    assert (start[rows, -1] == 1).all()
    assert start[:, -1].sum() == len(rows)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_stored_gaussian_parameters_have_the_stored_log_likelihood(name):
    checked = 0
    for fit in gaussian_fits(name, status="ok", model="VVV" if "VVV" in models(name) else "V"):
        assert gaussian_log_likelihood(name, fit) == pytest.approx(fit["loglik"], rel=1e-9)
        checked += 1
    assert checked > 0


def models(name):
    return {fit["model"] for fit in gaussian(name)["fits"]}


def test_repeated_rows_count_as_often_as_the_reference_repeats_them():
    fit = gaussian_fits("iris", variant="case_weights")[0]
    assert gaussian_log_likelihood("iris", fit) == pytest.approx(fit["loglik"], rel=1e-9)
    assert set(repeats(fit, 150)) == {1, 2, 3, 4}


def test_a_gaussian_fit_is_found_by_its_identifier():
    assert gaussian_fit("iris/VEV/3/hc")["n_params"] == 38


def test_a_gaussian_start_without_its_document_is_refused():
    with pytest.raises(ValueError, match="holds its start"):
        starting_responsibilities(None, gaussian_fit("iris/VEV/3/hc"))


@pytest.mark.parametrize("kind", ["categorical", "multinomial", "poisson"])
def test_discrete_starts_are_probabilities_for_the_rows_used(kind):
    for fit in discrete_fits(kind):
        start = starting_responsibilities(None, fit)
        assert start.shape == (fit["n"], fit["G"])
        assert len(discrete_values(fit)) == fit["n"]
        np.testing.assert_allclose(start.sum(axis=1), 1, rtol=1e-14)


def test_stored_category_probabilities_have_the_stored_log_likelihood():
    for fit in discrete_fits("categorical"):
        values = discrete_values(fit)
        log_densities = np.zeros((fit["n"], fit["G"]))
        for column, probabilities in zip(values.T, fit["probs"], strict=True):
            answered = ~np.isnan(column)
            with np.errstate(divide="ignore"):
                table = np.log(np.array(probabilities, dtype=float))
            log_densities[answered] += table[:, column[answered].astype(int)].T
        found = mixture_log_likelihood(log_densities, fit["weights"], np.ones(fit["n"]))
        assert found == pytest.approx(fit["loglik"], rel=1e-9)


def test_stored_count_parameters_have_the_stored_log_likelihood():
    for fit in discrete_fits("multinomial"):
        counts = discrete_values(fit)
        table = stats.multinomial.logpmf(
            counts[:, None, :], counts.sum(axis=1).astype(int)[:, None], np.array(fit["probs"])
        )
        found = mixture_log_likelihood(table, fit["weights"], np.ones(fit["n"]))
        assert found == pytest.approx(fit["loglik"], rel=1e-9)
    for fit in discrete_fits("poisson"):
        counts, rates = discrete_values(fit), np.array(fit["rates"], dtype=float)
        table = stats.poisson.logpmf(counts[:, None, :], rates).sum(axis=2)
        found = mixture_log_likelihood(table, fit["weights"], np.ones(fit["n"]))
        assert found == pytest.approx(fit["loglik"], rel=1e-9)
        assert -gammaln(counts + 1).sum() == pytest.approx(fit["loglik_constant"], rel=1e-12)


@pytest.mark.parametrize("name", SKLEARN)
def test_sklearn_results_cover_the_four_covariance_types(name):
    results = sklearn_results(name)
    assert {fit["covariance_type"] for fit in results} == {"full", "tied", "diag", "spherical"}


def test_every_file_of_mclust_can_be_read():
    for name in (
        "selection",
        "edda",
        "mclustda",
        "semi_supervised",
        "combine_components",
        "bootstrap_lrt",
    ):
        assert set(mclust(name)) <= set(DATASETS)
