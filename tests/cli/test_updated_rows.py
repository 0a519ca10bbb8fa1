"""Rows without a cell are nothing to a model that takes rows in by command."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal

from mixtura import CategoricalMixture, GaussianMixture, PoissonMixture, VonMisesMixture
from mixtura.cli.command import command
from mixtura.store import load_with_facts

FAMILIES: dict[str, Any] = {
    "gaussian": GaussianMixture,
    "von_mises": VonMisesMixture,
    "poisson": PoissonMixture,
    "categorical": CategoricalMixture,
}


def drawn(rng: np.random.Generator, family: str, n_rows: int) -> pd.DataFrame:
    """Return rows with some cells missing, and a weight, but no row without a cell."""
    group = rng.integers(0, 2, (n_rows, 1))
    if family == "categorical":
        table = np.where(rng.random((n_rows, 2)) < 0.2 + 0.6 * group, "yes", "no").astype(object)
    elif family == "poisson":
        table = rng.poisson(2 + 6 * group, (n_rows, 2)).astype(float)
    else:
        table = rng.normal(2 + 3 * group, 0.5, (n_rows, 2))
    frame = pd.DataFrame(table, columns=["first cell", "b"])
    frame.loc[rng.random(n_rows) < 0.1, "b"] = None
    return frame.assign(w=rng.integers(1, 4, n_rows))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_an_update_by_rows_without_a_cell_among_others_is_that_by_the_others(
    family: str, weighted: bool, tmp_path: Path, fresh_seed: int
) -> None:
    rng, run = np.random.default_rng(fresh_seed), CliRunner().invoke
    rows = drawn(rng, family, 200)
    cells, counted = rows[["first cell", "b"]], rows.w if weighted else None
    gaps = {} if family == "categorical" else {"missing": "marginal"}
    made = FAMILIES[family](2, random_state=0, **gaps)
    model = str(tmp_path / "model.mixtura")
    made.fit(cells, sample_weight=counted).save(model)
    further = drawn(rng, family, 60)
    further.to_csv(tmp_path / "further.csv", index=False)
    silent = rng.random(60) < 0.4
    empty = further.assign(**{"first cell": None, "b": None})
    places = np.argsort(np.r_[np.arange(60), np.flatnonzero(silent) - 0.5], kind="stable")
    both = pd.concat([further, empty[silent]]).iloc[places]
    both.to_csv(tmp_path / "both.csv", index=False)
    empty.to_csv(tmp_path / "empty.csv", index=False)
    asked = ["--weights", "w"] if weighted else []
    found = []
    for name in ("further", "both"):
        target = str(tmp_path / f"{name}.mixtura")
        told = run(command, ["update", model, str(tmp_path / f"{name}.csv"), "-o", target, *asked])
        assert told.exit_code == 0, told.output
        assert (f"{silent.sum()} row(s) have no cell at all" in told.output) == (name == "both")
        found.append(load_with_facts(target))
    (one, its), (other, theirs) = found
    assert_array_equal(one.weights, other.weights)
    for key in ("n_rows", "total_weight", "log_likelihood", "bic", "icl", "entropy"):
        assert its[key] == theirs[key], key
    nothing = run(command, ["update", model, str(tmp_path / "empty.csv"), *asked])
    assert nothing.exit_code == 1
    assert "no row of weight above zero has a known cell" in nothing.output
