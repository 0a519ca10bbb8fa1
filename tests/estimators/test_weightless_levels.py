"""Levels that only rows of weight 0 have are read, and are no parameters."""

import numpy as np
import pandas as pd
import pytest

from mixtura import CategoricalMixture, MixedMixture, load
from mixtura.inference import merge

N = 90
LEVELS = list("abcyz")


def table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows, of which the first two have levels of their own and weigh nothing."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(3) * 2, size=(2, 4))
    state = rng.integers(2, size=N)
    codes = [[rng.choice(3, p=chances[k, j]) for j in range(4)] for k in state]
    rows = np.array(list("abc"), dtype=object)[np.array(codes)]
    rows[2:5] = [["a"] * 4, ["b"] * 4, ["c"] * 4]
    rows[0], rows[1, 0] = "z", "y"
    return rows, np.where(np.arange(N) < 2, 0.0, 1.0)


def shares(seed: int, n_components: int = 2) -> np.ndarray:
    """Return shares of the rows, from which fits with and without the first two go one way."""
    return np.random.default_rng(seed).dirichlet(np.ones(n_components), size=N)


KINDS = {
    "plain": {},
    "pure": {"prior": None},
    "by evidence": {"prior": "evidence"},
    "noise": {"noise": "uniform"},
    "adjacent": {"ordinal": {0: LEVELS}},
    "cumulative": {"ordinal": {0: LEVELS, 2: ["a", "b", "c", "z"]}, "ordinal_link": "cumulative"},
    "equal": {"equal": {"probabilities": True}},
    "one equal": {"equal": {"probabilities": [0]}},
    "equal weights": {"mixing_weights": "equal"},
}


def without(levels: list[str]) -> list[str]:
    return [level for level in levels if level in "abc"]


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_those_of_a_fit_without_such_rows(kind: str, fresh_seed: int) -> None:
    rows, weights = table(fresh_seed)
    told, start = dict(KINDS[kind]), shares(fresh_seed, 2 + (kind == "noise"))
    model = CategoricalMixture(2, responsibilities_init=start, **told).fit(
        rows, sample_weight=weights
    )
    if "ordinal" in told:
        told["ordinal"] = {j: without(levels) for j, levels in told["ordinal"].items()}
    other = CategoricalMixture(2, responsibilities_init=start[2:], **told).fit(rows[2:])
    assert model.n_parameters_ == other.n_parameters_
    assert model.categories_[0] == tuple(LEVELS)
    if kind not in ("by evidence", "noise"):
        assert model.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=0.01)
        assert model.bic(rows, sample_weight=weights) == pytest.approx(
            other.bic(rows[2:]), abs=0.02
        )
    assert np.isfinite(model.predict_proba(rows)).all()


@pytest.mark.filterwarnings("ignore::mixtura.DriftWarning")
def test_files_margins_and_later_rows_know_of_them(fresh_seed: int, tmp_path) -> None:
    rows, weights = table(fresh_seed)
    model = CategoricalMixture(2, random_state=0).fit(rows, sample_weight=weights)
    assert model.n_parameters_ == 2 * 4 * 2 + 1
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.n_parameters_ == again.mixture_.n_parameters == model.n_parameters_
    assert model.mixture_.marginal([0]).n_parameters == 2 * 2 + 1
    merge(model.mixture_, rows, sample_weight=weights)
    later = model.partial_fit(rows[:1])
    # The first row has a level in each column that no row had before; the other is as it was.
    assert later.n_parameters_ == 2 * 4 * 3 + 1


def test_a_table_of_patterns_has_no_cells_of_theirs(fresh_seed: int) -> None:
    rows, weights = table(fresh_seed)
    start = shares(fresh_seed)
    model = CategoricalMixture(2, responsibilities_init=start).fit(rows, sample_weight=weights)
    other = CategoricalMixture(2, responsibilities_init=start[2:]).fit(rows[2:])
    assert model.facts_["n_cells"] == other.facts_["n_cells"] == 3**4
    assert model.facts_["table"]["residual_df"] == other.facts_["table"]["residual_df"]
    assert model.facts_["table"]["g2"] == pytest.approx(other.facts_["table"]["g2"], abs=0.02)


def test_mixed_columns_have_no_parameters_of_theirs(fresh_seed: int) -> None:
    rows, weights = table(fresh_seed)
    rng = np.random.default_rng(fresh_seed)
    frame = pd.DataFrame(rows, columns=list("pqrs")).assign(size=rng.normal(size=N))
    blocks = {"categorical": list("pqrs"), "gaussian": ["size"]}
    start = shares(fresh_seed)
    model = MixedMixture(2, blocks, responsibilities_init=start).fit(frame, sample_weight=weights)
    other = MixedMixture(2, blocks, responsibilities_init=start[2:]).fit(frame[2:])
    assert model.n_parameters_ == other.n_parameters_
    assert model.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=0.01)
