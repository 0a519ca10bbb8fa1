"""A mixture shows its numbers by name, as rows, as frames and in a notebook."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages_read import Cells

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    FactorAnalyserMixture,
    GaussianMixture,
    InformationError,
    MixedMixture,
    Mixture,
    MixtureRegressor,
    PoissonMixture,
    StudentTMixture,
    select,
)
from mixtura.inference import standard_errors


def people(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    tall = rng.random(n) < 0.4
    return pd.DataFrame(
        {
            "height": rng.normal(np.where(tall, 185.0, 165.0), 4.0),
            "age": rng.normal(40.0, 9.0, n),
            "eyes": np.where(rng.random(n) < np.where(tall, 0.8, 0.3), "blue", "brown"),
        }
    )


def test_a_gaussian_mixture_has_a_row_for_each_number() -> None:
    rows = people()[["height", "age"]]
    model = GaussianMixture(2, random_state=0).fit(rows).relabel(["short", "tall"])
    frame = model.to_frame()
    assert list(frame.columns) == ["component", "parameter", "column", "level", "value"]
    cells = frame.set_index(["component", "parameter", "column", "level"])["value"].to_dict()
    nan = float("nan")
    told = {key[:2] + tuple(str(part) for part in key[2:]): value for key, value in cells.items()}
    assert len(told) == len(frame) == 2 * (1 + 2 + 3)
    assert told["tall", "weight", str(nan), str(nan)] == model.weights_[1]
    assert told["short", "mean", "age", str(nan)] == model.means_[0, 1]
    assert told["short", "covariance", "height", "age"] == pytest.approx(
        model.covariances_[0, 0, 1], rel=1e-12
    )


@pytest.mark.parametrize("kind", ["EII", "VII", "EEI", "VVI", "EEE", "VVV"])
def test_standard_errors_stand_beside_the_numbers_they_are_of(kind: str) -> None:
    rows = people()[["height", "age"]]
    model = GaussianMixture(2, covariance_type=kind, random_state=0, tol=1e-10).fit(rows)
    errors = standard_errors(model.mixture_, rows)
    found = {
        (row["component"], row["parameter"], row["column"], row["level"]): row["standard_error"]
        for row in model.table(rows)
    }
    widths = np.asarray(errors["covariances"])
    whole = np.empty((2, 2, 2))
    shared, own = kind[0] == "E", {"II": (), "VI": (0, 0), "EI": (0, 0)}.get(kind[1:])
    for k in range(2):
        each = widths if shared else widths[k]
        whole[k] = each if own is None else np.diag(np.broadcast_to(each, 2))
    for k in range(2):
        assert found[str(k), "weight", None, None] == errors["weights"][k]
        assert found[str(k), "mean", "age", None] == errors["means"][k, 1]
        for j, name in enumerate(rows.columns):
            assert found[str(k), "covariance", name, name] == whole[k, j, j]
        if kind[1:] in ("EE", "VV"):
            assert found[str(k), "covariance", "height", "age"] == whole[k, 0, 1]


def test_standard_errors_of_mixed_columns_are_those_of_their_block() -> None:
    rows = people()
    blocks = {"gaussian": ["height", "age"], "categorical": ["eyes"]}
    model = MixedMixture(2, blocks, random_state=0, tol=1e-10).fit(rows)
    errors = standard_errors(model.mixture_, rows)
    found = {
        (row["component"], row["parameter"], row["column"], row["level"]): row["standard_error"]
        for row in model.table(rows)
    }
    assert found["1", "mean", "age", None] == errors["gaussian.means"][1, 1]
    assert found["0", "probability", "eyes", "brown"] == errors["categorical.probabilities"][0, 1]
    assert found["0", "covariance", "age", "age"] == errors["gaussian.covariances"][0, 1, 1]


def test_rows_that_are_not_those_of_the_fit_have_no_standard_errors() -> None:
    model = PoissonMixture(2, random_state=0).fit(np.random.default_rng(1).poisson(3, (99, 2)))
    with pytest.raises(InformationError, match="no maximum"):
        model.table(np.random.default_rng(2).poisson(40, (99, 2)))


def fitted() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    numbers, counts = rng.normal(size=(150, 4)), rng.poisson(3, (150, 3))
    y = counts @ [1.0, 2.0, 3.0] + rng.normal(size=150)
    return {
        "gaussian": GaussianMixture(2, random_state=0).fit(numbers),
        "noise": GaussianMixture(2, noise="uniform", random_state=0).fit(numbers),
        "t": StudentTMixture(2, random_state=0).fit(numbers),
        "factor_analyser": FactorAnalyserMixture(2, n_factors=1, random_state=0).fit(numbers),
        "poisson": PoissonMixture(2, random_state=0).fit(counts),
        "bernoulli": BernoulliMixture(2, random_state=0).fit(counts > 2),
        "categorical": CategoricalMixture(2, random_state=0).fit(counts),
        "regression": MixtureRegressor(2, random_state=0).fit(counts, y),
    }


FITTED = fitted()
MODELS = {name: model.mixture_ for name, model in FITTED.items()}


@pytest.mark.parametrize("name", MODELS)
def test_rows_have_as_many_free_numbers_as_the_mixture(name: str) -> None:
    """Weights and the probabilities of levels sum to one; no other number is bound."""
    mixture = MODELS[name]
    free = mixture.table()
    n_levels = {
        row["column"]
        for row in free
        if row["parameter"] == "probability" and row["level"] is not None
    }
    summing = mixture.n_components * len(n_levels)
    # The density of noise is no number of a component, and counted.
    assert len(free) - 1 - summing + mixture.family.has_noise == mixture.n_parameters


@pytest.mark.parametrize("name", MODELS)
def test_a_notebook_shows_a_line_for_each_component(name: str) -> None:
    mixture = MODELS[name]
    header, *lines = Cells(mixture._repr_html_()).rows
    assert header[:2] == ["component", "weight"]
    assert [line[0] for line in lines] == list(mixture.names)
    assert [float(line[1]) for line in lines] == pytest.approx(mixture.weights, abs=6e-5)
    assert all(len(line) == len(header) for line in lines)
    assert all(cell for line in lines for cell in line if line[0] != "noise")


def test_a_notebook_shows_the_users_names_and_runs_none_of_them() -> None:
    rows = people().rename(columns={"eyes": "<script>alert(1)</script>"})
    rows.iloc[:, 2] = rows.iloc[:, 2].replace("blue", "<b>&")
    blocks = {"gaussian": ["height", "age"], "categorical": [rows.columns[2]]}
    model = MixedMixture(2, blocks, random_state=0).fit(rows).relabel(["<i>", "tall & blue"])
    page = model.mixture_._repr_html_()
    assert Cells(page).rows[0][2:] == ["height", "age", "<script>alert(1)</script>"]
    assert Cells(page).rows[1][0] == "<i>"
    assert "<script>" not in page
    assert "<i>" not in page
    assert "<b>" not in page


def test_a_notebook_keeps_little_of_many_columns_and_components() -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(size=(200, 300))
    names = tuple(f"{'long ' * 40}{j}" for j in range(300))
    family = GaussianMixture(1, covariance_type="diag").fit(rng.normal(size=(400, 300))).mixture_
    some = CategoricalMixture(3, random_state=0).fit(rng.integers(0, 30, (500, 40))).mixture_
    wide = Mixture(np.ones(1), family.family, family.parameters, names)
    assert means.shape == (200, 300)
    for mixture in (wide, some):
        assert len(mixture._repr_html_()) < 30_000
        assert len(repr(mixture)) < 200


def test_an_estimator_shows_its_diagram_and_then_its_components() -> None:
    rows = people()[["height", "age"]]
    model = GaussianMixture(2, random_state=0)
    before = model._repr_mimebundle_()["text/html"]
    assert "component" not in [cell for row in Cells(before).rows for cell in row]
    after = model.fit(rows)._repr_mimebundle_()["text/html"]
    assert after.endswith(model.mixture_._repr_html_())
    assert "sk-top-container" in after


def test_candidates_and_fits_show_effective_rows_too() -> None:
    search = select(people()[["height", "age"]], (1, 2), ["VVV"], random_state=0)
    for shown in (search.best, search.result):
        header, *lines = Cells(shown._repr_html_()).rows
        assert header[:5] == ["component", "weight", "effective rows", "height", "age"]
        counts = [float(line[2]) for line in lines]
        assert sum(counts) == pytest.approx(200, abs=0.2)


@pytest.mark.parametrize("name", FITTED)
def test_a_summary_has_the_numbers_of_the_mixture_and_its_tables_in_every_form(name: str) -> None:
    told, mixture = FITTED[name].summary(), MODELS[name]
    pd.testing.assert_frame_equal(told.to_frame(), mixture.to_frame())
    for k, component in enumerate(mixture.names):
        weight = f"{mixture.weights[k]:.4f}"
        assert [component, weight] in [row[:2] for row in Cells(told.to_html()).rows]
        assert f"| {component} | {weight} |" in told.to_markdown()
        assert f"\n{component} & {weight} & " in told.to_latex()
        assert re.search(rf"^{component} +{weight} ", told, re.MULTILINE)
