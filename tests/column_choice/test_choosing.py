"""Columns are chosen as by clustvarsel, and those that tell clusters apart are found."""

from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mixtura import CategoricalMixture, DataError, ParameterError
from mixtura.column_choice import ColumnChoice, choose_columns, judges
from mixtura.column_choice.regression import Moments
from tests.oracles import clustvarsel

pytestmark = pytest.mark.drawn(8)

# Simple structures in few sizes: seconds in place of minutes.
FEW: dict[str, Any] = {"n_components": range(1, 4), "covariance_type": ("EEE", "VVV")}


def drawn(seed: int, n_rows: int = 150) -> np.ndarray:
    """Return rows of which columns 1 and 3 have three clusters, and column 0 follows from 1."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, 5))
    cluster = np.arange(n_rows) % 3
    rows[:, 1] += 5.0 * (cluster > 0)
    rows[:, 3] += 5.0 * (cluster > 1)
    rows[:, 0] += rows[:, 1]
    return rows


def test_the_steps_are_those_of_clustvarsel_on_its_own_example() -> None:
    theirs = clustvarsel()
    table = pd.DataFrame(theirs["columns"])
    kinds = ("EII", "VEV", "EVE", "EEV", "VII")
    found = choose_columns(table, range(1, 4), kinds, random_state=0)
    assert set(found.columns) == set(theirs["chosen"])
    told = [(step.column, step.action, step.accepted, step.n_components) for step in found.steps]
    assert told == [
        (one["column"], one["action"], one["accepted"], one["n_components"])
        for one in theirs["steps"]
    ]
    # Two systems' EM from their own starts, theirs to a relative change of 1e-5.
    for step, one in zip(found.steps, theirs["steps"], strict=True):
        assert step.evidence == pytest.approx(one["evidence"], abs=0.05)
        assert step.bic <= one["bic"] + 0.05


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_tell_clusters_apart_are_found(seed: int) -> None:
    assert choose_columns(drawn(seed), **FEW, random_state=0).columns == (1, 3)


def test_from_all_columns_on_the_same_are_left() -> None:
    found = choose_columns(drawn(1), **FEW, direction="backward", random_state=0)
    assert found.columns == (1, 3)
    assert found.left_out == (0, 2, 4)
    assert found.steps[0].action == "remove"


def test_few_columns_that_promise_most_are_tried_and_the_same_are_chosen() -> None:
    rows = np.hstack([drawn(2), np.random.default_rng(0).normal(size=(150, 2))])
    every = choose_columns(rows, **FEW, random_state=0)
    few = choose_columns(rows, **FEW, n_tried=2, random_state=0)
    assert every.columns == few.columns == (1, 3)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_line_is_that_of_all_subsets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6)) * 10.0 ** rng.uniform(-6, 6, 6) + 1.0
    weights = rng.integers(1, 4, size=60).astype(float)
    total, others = weights.sum(), range(1, 6)
    repeated = np.repeat(rows, weights.astype(int), axis=0)
    values = []
    for own in chain.from_iterable(combinations(others, size) for size in range(6)):
        terms = np.column_stack([np.ones(len(repeated)), repeated[:, list(own)]])
        terms = terms / np.abs(terms).max(axis=0)
        beside = np.linalg.lstsq(terms, repeated[:, 0])[0]
        left = np.mean((repeated[:, 0] - terms @ beside) ** 2)
        fit = total * (np.log(2 * np.pi * left) + 1)
        values.append(fit + np.log(total) * (len(own) + 2))
    found = Moments.of(rows, weights)
    assert found.bic(0, tuple(others)) == pytest.approx(min(values), rel=1e-9)


def told(found: ColumnChoice) -> list[tuple[Any, ...]]:
    return [(step.action, step.column, step.accepted) for step in found.steps]


def test_the_order_of_columns_and_their_units_change_nothing() -> None:
    rows = drawn(3)
    found = choose_columns(rows, **FEW, random_state=0)
    order = [3, 4, 0, 2, 1]
    units = 10.0 ** np.array([-5.0, 3.0, 0.0, 6.0, 2.0])
    other = choose_columns(rows[:, order] * units, **FEW, random_state=0)
    assert told(found) == [(*one[:1], order[one[1]], one[2]) for one in told(other)]
    evidence = [[step.evidence for step in one.steps] for one in (found, other)]
    assert_allclose(*evidence, atol=0.02)


def test_weights_count_rows_and_threads_change_no_bit() -> None:
    rows = drawn(0, 60)
    weights = np.arange(60) % 2 + 1
    one, two = (
        choose_columns(rows, **FEW, sample_weight=weights, random_state=0, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    assert one.steps == two.steps
    repeated = choose_columns(np.repeat(rows, weights, axis=0), **FEW, random_state=0)
    assert told(repeated) == told(one)
    evidence = [[step.evidence for step in found.steps] for found in (one, repeated)]
    assert_allclose(*evidence, atol=0.02)


def items(seed: int, n_rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    classes = rng.random(n_rows) < 0.5
    columns: dict[str, Any] = {
        f"tells {place}": rng.random(n_rows) < np.where(classes, 0.85, 0.15) for place in range(4)
    }
    columns |= {f"noise {place}": rng.random(n_rows) < 0.4 for place in range(2)}
    return pd.DataFrame(columns).map({True: "yes", False: "no"}.get)


@pytest.mark.parametrize("seed", range(2))
def test_items_that_depend_on_classes_are_found(seed: int) -> None:
    found = choose_columns(items(seed), range(1, 4), family="categorical", random_state=0)
    assert found.columns == tuple(f"tells {place}" for place in range(4))
    assert found.selection is not None
    assert found.selection.best.n_components == 2


def test_the_evidence_for_an_item_is_the_difference_of_three_fits() -> None:
    table = items(0)
    found = choose_columns(table, 2, family="categorical", random_state=0)
    first = found.steps[0]
    rest = table.drop(columns=first.column)
    bic = [
        CategoricalMixture(2, n_init=5, random_state=0).fit(one).bic(one) for one in (table, rest)
    ]
    counts = table[first.column].value_counts()
    alone = -2 * (counts * np.log(counts / 400)).sum() + np.log(400)
    assert first.evidence == pytest.approx(bic[1] + alone - bic[0], abs=0.01)


def test_the_steps_are_a_table_and_the_mixture_is_of_the_chosen_columns() -> None:
    table = pd.DataFrame(drawn(0), columns=list("abcde"))
    found = choose_columns(table, **FEW, random_state=0)
    assert found.columns == ("b", "d")
    assert found.to_frame().shape == (len(found.steps), 7)
    assert "chosen: b, d" in found.summary()
    assert found.selection is not None
    assert len(found.selection.predict(table)) == 150


def test_where_no_column_has_clusters_one_component_is_left() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3))
    found = choose_columns(rows, **FEW, random_state=0)
    assert found.selection is None or found.selection.best.n_components == 1


def test_what_cannot_be_chosen_from_is_said() -> None:
    rows = drawn(0)
    with pytest.raises(ParameterError, match="a number from 2 up"):
        choose_columns(rows, 1)
    with pytest.raises(DataError, match="nothing to choose"):
        choose_columns(rows[:, :1])
    with pytest.raises(DataError, match="row 3"):
        choose_columns(np.where(np.arange(150)[:, None] == 3, np.nan, rows))
    with pytest.raises(ParameterError, match='direction="backward"'):
        choose_columns(items(0), family="categorical", direction="forward")
    with pytest.raises(ParameterError, match="family"):
        choose_columns(rows, family="poisson")


def test_a_search_that_is_interrupted_ends_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(60, 3))
    whole = judges.select
    monkeypatch.setattr(
        judges, "select", lambda *given, **told: replace(whole(*given, **told), interrupted=True)
    )
    with pytest.raises(KeyboardInterrupt):
        choose_columns(rows, [2], "diag")


def test_columns_without_any_mixture_of_two_are_not_chosen() -> None:
    # Two items of two levels determine no two classes, whatever the rows.
    rows = np.array([["a", "b"], ["b", "a"], ["a", "a"], ["b", "b"], ["a", "b"]], dtype=object)
    found = choose_columns(rows, [1, 2], family="categorical", random_state=0)
    assert found.columns == ()
    assert found.selection is None
    assert all(step.evidence == -np.inf for step in found.steps[:1])
    assert not any(np.isnan(step.evidence) for step in found.steps)


def test_a_column_that_is_one_value_in_a_component_is_told_of_by_numbers(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = rng.integers(2, size=60)
    rows = np.column_stack([labels * 5.0, labels + 0.0, *rng.normal(size=(2, 60))])
    rows[:, 0] += rng.normal(size=60)
    # In either component the second column has but one value.
    parts = [Moments.of(rows, (labels == k) + 1e-300) for k in range(2)]
    for part in parts:
        assert np.isfinite(part.correlations).all()
        assert np.isfinite([part.deviance(j, (0, 2)) for j in (1, 3)]).all()
