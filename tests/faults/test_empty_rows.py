"""A row without any known cell counts nowhere (row 4)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mixtura
from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    select,
)
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(4)

SAID = "3 row(s) have no cell at all; their posterior is the mixing weights, and they do not count"
BLOCKS: dict[str, list[int | str]] = {"gaussian": [0], "poisson": [1], "categorical": [2]}
MADE: dict[str, tuple[Any, dict[str, Any]]] = {
    "full": (GaussianMixture, {"missing": "marginal"}),
    "VEV": (GaussianMixture, {"missing": "marginal", "covariance_type": "VEV"}),
    "noise": (GaussianMixture, {"missing": "marginal", "noise": "uniform"}),
    "poisson": (PoissonMixture, {"missing": "marginal"}),
    "exposure": (PoissonMixture, {"missing": "marginal", "exposure": 2}),
    "geometric": (GeometricMixture, {"missing": "marginal"}),
    "negative binomial": (NegativeBinomialMixture, {"missing": "marginal"}),
    "gamma": (GammaMixture, {"missing": "marginal"}),
    "bernoulli": (BernoulliMixture, {}),
    "categorical": (CategoricalMixture, {}),
    "mixed": (MixedMixture, {"blocks": BLOCKS, "missing": "marginal"}),
}


def table(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows, and the same with three among them that have no cell."""
    rng = np.random.default_rng(seed)
    means = np.where(np.arange(60)[:, None] < 30, [1.0, 2.0, 3.0], [9.0, 7.0, 8.0])
    if kind in ("full", "VEV", "noise"):
        rows = rng.normal(means)
    elif kind == "gamma":
        rows = rng.gamma(means)
    elif kind in ("bernoulli", "categorical"):
        rows = (rng.random((60, 3)) < means / 10).astype(float)
    else:
        rows = rng.poisson(means).astype(float) + (kind == "exposure") * np.eye(3)[2]
    empty = np.full((3, 3), np.nan)
    if kind == "exposure":
        empty[:, 2] = 1.0
    return rows, np.insert(rows, rng.integers(0, 61, 3), empty, axis=0)


def fitted(kind: str, rows: Any, **given: Any) -> Any:
    made, settings = MADE[kind]
    return made(n_components=2, random_state=0, **settings).fit(rows, **given)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", MADE)
def test_row_4_a_fit_is_that_of_the_other_rows(kind: str, seed: int) -> None:
    plain, gappy = table(kind, seed)
    one, other = fitted(kind, plain), fitted(kind, gappy)
    assert other.log_likelihood_ == one.log_likelihood_
    assert other.weights_.tolist() == one.weights_.tolist()
    assert SAID in other.summary()
    for name in ("bic", "aic", "icl"):
        expected = pytest.approx(getattr(one, name)(plain), rel=1e-12)
        assert getattr(other, name)(gappy) == expected
    empty = np.isnan(gappy).sum(axis=1) >= 2
    shares = np.append(one.weights_, 1 - one.weights_.sum())[: one.predict_proba(plain).shape[1]]
    np.testing.assert_allclose(other.predict_proba(gappy)[empty], np.tile(shares, (3, 1)))


@pytest.mark.parametrize("kind", ["full", "poisson", "exposure", "gamma", "categorical", "mixed"])
def test_row_4_rows_beyond_memory_are_left_out_too(kind: str, tmp_path: Path) -> None:
    plain, gappy = table(kind, 5)
    if kind in ("categorical", "mixed"):
        plain, gappy = (pd.DataFrame(rows, columns=list("abc")) for rows in (plain, gappy))
        gappy.to_parquet(tmp_path / "rows.parquet")
    settings = dict(MADE[kind][1])
    if kind == "exposure":
        settings["exposure"] = "c"
    if kind == "mixed":
        settings["blocks"] = {"gaussian": ["a"], "poisson": ["b"], "categorical": ["c"]}
    frame = pd.DataFrame(gappy, columns=list("abc"))
    frame.to_parquet(tmp_path / "rows.parquet")
    data = mixtura.dataset(tmp_path / "rows.parquet", memory=1)
    made = MADE[kind][0](2, random_state=0, **settings) if kind != "mixed" else None
    made = made or MixedMixture(n_components=2, random_state=0, **settings)
    one = made.fit(pd.DataFrame(plain, columns=list("abc")))
    expected = one.log_likelihood_
    assert made.fit(data).log_likelihood_ == pytest.approx(expected, rel=1e-12)
    assert SAID in made.summary()


def test_row_4_what_y_says_of_a_row_without_cells_counts() -> None:
    plain, _ = table("full", 1)
    rows = np.vstack([plain, np.full((3, 3), np.nan)])
    y = np.full(63, -1)
    y[[0, 60, 61]] = [0, 0, 0]
    model = fitted("full", rows, y=y)
    other = fitted("full", plain, y=y[:60])
    assert model.weights_[0] == pytest.approx((60 * other.weights_[0] + 2) / 62, abs=1e-4)
    assert "1 row(s) have no cell at all" in model.summary()


def test_row_4_weights_of_such_rows_count_nowhere() -> None:
    plain, gappy = table("full", 2)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(gappy))
    told = ~np.isnan(gappy).all(axis=1)
    one = fitted("full", plain, sample_weight=weights[told])
    other = fitted("full", gappy, sample_weight=weights)
    assert other.log_likelihood_ == one.log_likelihood_
    assert other.bic(gappy, weights) == pytest.approx(one.bic(plain, weights[told]), rel=1e-12)


def test_row_4_a_search_and_the_command_rank_by_the_other_rows(tmp_path: Path) -> None:
    plain, gappy = table("full", 3)
    bics = [
        [
            each.value("bic")
            for each in select(rows, [1, 2], ["full"], missing="marginal").candidates
        ]
        for rows in (plain, gappy)
    ]
    assert bics[0] == bics[1]
    out = []
    for rows in (plain, gappy):
        frame = pd.DataFrame(rows, columns=list("abc"))
        # A line of nothing is no row of a file.
        frame.insert(0, "id", range(len(frame)))
        frame.to_csv(tmp_path / "rows.csv", index=False)
        asked = ["fit", str(tmp_path / "rows.csv"), "--columns", "a,b,c", "-k", "2"]
        done = CliRunner().invoke(command, [*asked, "--structures", "full"])
        assert done.exit_code == 0
        out.append(done.output)
    assert SAID in " ".join(out[1].split())
    found = [next(line for line in text.splitlines() if "BIC" in line) for text in out]
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", sorted(MADE.keys() - {"exposure"}))
def test_row_4_where_no_row_that_counts_has_a_cell_it_is_said(kind: str, tmp_path: Path) -> None:
    maker, settings = MADE[kind]
    frame = pd.DataFrame(np.where(np.arange(20)[:, None] < 5, [[1.0, 1.0, 1.0]], np.nan))
    frame.columns = [*"abc"]
    weights = np.where(np.arange(20) < 5, 0.0, 1.0)
    frame.assign(w=weights).to_parquet(tmp_path / "rows.parquet")
    beyond = mixtura.dataset(tmp_path / "rows.parquet", weights="w", memory=1)
    for given in ({"X": frame.to_numpy(), "sample_weight": weights}, {"X": beyond}):
        with pytest.raises(mixtura.DataError, match="no row of weight above zero has a known cell"):
            maker(n_components=2, **settings).fit(**given)
