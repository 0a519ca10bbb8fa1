"""A model that was read from a file has a page of the rows that it is shown on."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mixtura
from mixtura import (
    CategoricalMixture,
    ContaminatedMixture,
    FactorAnalyserMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    ParameterError,
    StudentTMixture,
)
from mixtura.cli.command import command
from mixtura.report import report_of

COUNTED = ("log_likelihood", "entropy", "n_rows", "n_parameters")
# An estimator knows by how much densities of rounded columns exceed one a step, a mixture not.
CRITERIA = ("bic", "icl", "aic")

ESTIMATORS: dict[str, tuple[Any, Any]] = {
    "full": (GaussianMixture(2, random_state=0), lambda counts: counts / 3),
    "EVE": (GaussianMixture(2, covariance_type="EVE", random_state=0), lambda counts: counts / 3),
    "gaps": (
        GaussianMixture(2, missing="marginal", random_state=0),
        lambda counts: (counts / 3).mask(counts == counts.iloc[0, 0]),
    ),
    "noise": (GaussianMixture(2, noise="uniform", random_state=0), lambda counts: counts / 3),
    "t": (StudentTMixture(2, random_state=0), lambda counts: counts / 3),
    "contaminated": (ContaminatedMixture(2, random_state=0), lambda counts: counts / 3),
    "factors": (FactorAnalyserMixture(2, n_factors=1, random_state=0), lambda counts: counts / 3),
    "categories": (CategoricalMixture(2, random_state=0), lambda counts: (counts // 9).astype(str)),
    "counts": (NegativeBinomialMixture(2, random_state=0), lambda counts: counts),
    "words": (MultinomialMixture(2, random_state=0), lambda counts: counts),
    "mixed": (
        MixedMixture(2, {"gaussian": ["a", "b"], "poisson": ["c"]}, random_state=0),
        lambda counts: counts,
    ),
}


def drawn(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    means = rng.uniform(4, 40, (2, 3))[rng.integers(0, 2, 150)]
    return pd.DataFrame(rng.poisson(means), columns=["a", "b", "c"])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_of_the_rows_of_the_fit_numbers_are_those_of_the_fit(
    name: str, fresh_seed: int, tmp_path: Path
) -> None:
    model, made = ESTIMATORS[name]
    rows = made(drawn(fresh_seed))
    model.fit(rows).save(tmp_path / "model")
    read = mixtura.load(tmp_path / "model")
    for given, facts in ((read, (*COUNTED, *CRITERIA)), (read.mixture_, COUNTED)):
        shown = report_of(given, rows)
        for fact in facts:
            assert shown.facts[fact] == pytest.approx(model.facts_[fact], rel=1e-9, abs=1e-7), fact
        np.testing.assert_allclose(
            shown.facts["effective_rows"], model.facts_["effective_rows"], rtol=1e-7, atol=1e-7
        )
        np.testing.assert_array_equal(shown.labels, report_of(model, rows).labels)
    read.report(tmp_path / "page.html", rows)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "nothing was fitted to these rows" in page
    assert "did not converge" not in page
    assert "defect of mixtura" not in page


@pytest.mark.usefixtures("sketched")
def test_by_command_rows_count_by_their_weights(fresh_seed: int, tmp_path: Path) -> None:
    frame = drawn(fresh_seed) / 3
    GaussianMixture(2, random_state=0).fit(frame).save(tmp_path / "model.mixtura")
    weights = np.random.default_rng(fresh_seed).integers(1, 4, len(frame))
    for name, rows in (
        ("weighted", frame.assign(w=weights)),
        ("repeated", frame.loc[frame.index.repeat(weights)]),
    ):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        asked = ["--weights", "w"] if name == "weighted" else []
        given = ["report", tmp_path / "model.mixtura", tmp_path / f"{name}.csv", *asked]
        done = CliRunner().invoke(command, list(map(str, [*given, "-o", tmp_path / name])))
        assert done.exit_code == 0, done.output
        total = mixtura.load(tmp_path / "model.mixtura").score_samples(rows[["a", "b", "c"]])
        total = (total * (weights if asked else 1)).sum()
        assert f"<dd>{total:.4f}<" in (tmp_path / name).read_text("utf-8")


def test_what_has_no_page_is_said(tmp_path: Path) -> None:
    frame = drawn(0) / 3
    GaussianMixture(2, random_state=0).fit(frame).save(tmp_path / "model.mixtura")
    frame[["a"]].to_csv(tmp_path / "rows.csv", index=False)
    given = ["report", tmp_path / "model.mixtura", tmp_path / "rows.csv"]
    for page, words in (("page.html", "'b'"), ("rows.csv", "rows.csv")):
        done = CliRunner().invoke(command, list(map(str, [*given, "-o", tmp_path / page])))
        assert done.exit_code in (1, 2)
        assert words in done.output
    assert (tmp_path / "rows.csv").read_text("utf-8").startswith("a\n")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("name", ["page.pdf", "page.csv"])
def test_no_page_is_called_what_it_is_not(tmp_path: Path, name: str) -> None:
    rows = pd.DataFrame({"a": np.random.default_rng(0).normal(size=40)})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    GaussianMixture(1).fit(rows).save(tmp_path / "model.mixtura")
    given = ["report", tmp_path / "model.mixtura", tmp_path / "rows.csv", "-o", tmp_path / name]
    done = CliRunner().invoke(command, list(map(str, given)))
    assert done.exit_code
    assert "let its name end in .html" in str(done.exception or "") + done.output
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["page.pdf", "page.PNG", "page.csv"])
def test_a_page_by_the_name_of_another_file_is_refused_before_work(tmp_path, name):
    rows = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(ParameterError, match=r"is written as HTML; let its name end in \.html"):
        GaussianMixture().fit(rows).report(tmp_path / name, rows)
    assert not list(tmp_path.iterdir())
