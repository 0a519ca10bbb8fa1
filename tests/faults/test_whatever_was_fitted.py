"""Whatever was fitted can be saved, summarised and reported (findings C, G and I)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from mixtura import BernoulliMixture, CategoricalMixture, GaussianMixture, load
from mixtura.archive import read_archive, write_archive
from mixtura.cli.command import command
from mixtura.goodness import facts as goodness_facts
from mixtura.report import families, parts
from mixtura.store import load_with_facts

pytestmark = pytest.mark.drawn(3, among="file")

OUTPUTS = {"model.mixtura", "assignments.csv", "report.html"}


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def clusters(scale: float, n_columns: int = 2) -> Any:
    rng = np.random.default_rng(0)
    return (np.repeat([[0.0], [6.0]], 30, axis=0) + rng.normal(size=(60, n_columns))) * scale


def written(path: Path, rows: Any) -> Path:
    header = ",".join(f"c{j}" for j in range(rows.shape[1]))
    np.savetxt(path, rows, fmt="%.17g", delimiter=",", header=header, comments="")
    return path


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_row_11_numbers_of_any_size_are_reported(scale: float, tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", clusters(scale))
    done = run("fit", path, "-k", "2", "-s", "full,diag", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == OUTPUTS
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "± inf" not in page
    assert "± nan" not in page


@pytest.fixture
def quick_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the residuals of pairs out where there are more than some 50 000."""
    monkeypatch.setattr(goodness_facts, "PAIR_COST", 2e6)


@pytest.mark.usefixtures("quick_pairs")
@pytest.mark.parametrize(
    ("estimator", "shape"), [(CategoricalMixture, (30, 310, 12)), (BernoulliMixture, (12, 1100, 2))]
)
def test_so_many_items_that_no_pattern_is_expected_are_saved(
    estimator: Any, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    *size, n_levels = shape
    rows = np.random.default_rng(0).integers(0, n_levels, size)
    fitted = estimator(1).fit(rows)
    table = fitted.facts_["table"]
    assert 0 < table["g2"] < np.inf
    assert "more than 1e308" in fitted.summary()
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.facts_["table"] == table
    assert again.summary() == fitted.summary()
    assert json.loads(run("summary", tmp_path / "model", "--json").stdout)["fit"]["n_rows"] == len(
        rows
    )


@pytest.mark.usefixtures("quick_pairs")
def test_many_items_are_reported(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 2, (12, 1100))
    path = written(tmp_path / "rows.csv", rows)
    arguments = ("-f", "categorical", "-k", "1:2", "--starts", "1", "-o", tmp_path / "out")
    done = run("fit", path, *arguments)
    assert done.exit_code == 0, done.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == OUTPUTS


@pytest.mark.parametrize("scale", [1e-250, 1e180, 1e250])
def test_noise_has_a_density_at_any_scale(scale: float, tmp_path: Path) -> None:
    plain = GaussianMixture(2, noise="uniform", random_state=0).fit(clusters(1.0))
    fitted = GaussianMixture(2, noise="uniform", random_state=0).fit(clusters(scale))
    shift = 2 * np.log(scale)
    assert fitted.mixture_.family.background.log_constant == pytest.approx(
        plain.mixture_.family.background.log_constant - shift, rel=1e-9
    )
    np.testing.assert_allclose(
        fitted.predict_proba(clusters(scale)), plain.predict_proba(clusters(1.0)), atol=1e-6
    )
    fitted.save(tmp_path / "model")
    assert load(tmp_path / "model").summary() == fitted.summary()


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: {"a": 1},
        lambda facts: {**facts, "log_likelihood": "much"},
        lambda facts: {**facts, "certificate": 3},
        lambda facts: {**facts, "effective_rows": None},
        lambda facts: {**facts, "notes": 7},
        lambda facts: {**facts, "table": []},
    ],
)
def test_facts_that_are_none_are_left_out_of_a_summary(change: Any, tmp_path: Path) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(clusters(1.0))
    fitted.save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    del document["estimator"]
    write_archive(tmp_path / "model", arrays, {**document, "facts": change(document["facts"])})
    done = run("summary", tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert "not as expected" in done.stdout
    assert load_with_facts(tmp_path / "model")[0].n_components == 2


def test_a_page_stands_without_a_drawing_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(report: Any, canvas: Any) -> Any:
        raise OverflowError("axes <b>too</b> long")

    assert families.PAGES
    for drawing in parts.COMMON:
        monkeypatch.setattr(type(drawing), "draw", property(lambda self: fail), raising=False)
    path = written(tmp_path / "rows.csv", clusters(1.0))
    done = run("fit", path, "-k", "1:2", "-s", "full", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "could not be made: axes &lt;b&gt;too&lt;/b&gt; long." in page


def test_a_defect_of_a_drawing_is_called_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(report: Any, canvas: Any) -> Any:
        raise AttributeError("no such thing")

    assert families.PAGES
    for drawing in parts.COMMON:
        monkeypatch.setattr(type(drawing), "draw", property(lambda self: fail), raising=False)
    path = written(tmp_path / "rows.csv", clusters(1.0))
    done = run("fit", path, "-k", "1:2", "-s", "full", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "could not be made: a defect of mixtura, please report it (AttributeError: no" in page


def test_facts_of_a_live_estimator_are_not_left_out_in_silence(tmp_path: Path) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(clusters(1.0))
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    for estimator in (fitted, again):
        estimator.facts_["certificate"] = 3
    with pytest.raises((TypeError, AttributeError)):
        fitted.summary()
    assert "not as expected" in again.summary()
    again.fit(clusters(1.0))
    assert "not as expected" not in again.summary()
