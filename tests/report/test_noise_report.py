"""A page of a fit with noise calls it noise, in every table and figure."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mixtura import select
from mixtura.report import Report
from mixtura.report.drawing import colour, marker
from mixtura.report.marginals import log_density, noise_density, region_levels
from mixtura.report.page import render_report
from mixtura.report.pairs import pairs_figure
from mixtura.report.panels import Points
from mixtura.report.sentences import cautions, choice
from mixtura.report.tables import component_table

pytestmark = pytest.mark.drawn(3, among="file")


def rows_in(n_columns: int) -> np.ndarray:
    rng = np.random.default_rng(n_columns)
    clusters = rng.normal(size=(120, n_columns)) @ (np.eye(n_columns) + 0.4)
    clusters[:60] += 9
    return np.vstack([clusters, rng.uniform(-12, 20, (25, n_columns))])


def report_in(n_columns: int, sizes: tuple[int, ...] = (2,), **settings: float) -> Report:
    rows = rows_in(n_columns)
    selection = select(rows, sizes, ("VVV",), noise="uniform", random_state=0, **settings)
    mixture = selection.result.mixture
    probabilities = mixture.responsibilities(rows)
    return Report(
        "scattered rows",
        selection.result,
        selection,
        rows,
        tuple(f"column {j}" for j in range(n_columns)),
        mixture.labels[probabilities.argmax(axis=1)],
        probabilities.max(axis=1),
        "rows.csv",
    )


@pytest.fixture(scope="module", params=[1, 2, 3, 7], ids="D={}".format)
def report(request: pytest.FixtureRequest) -> Report:
    return report_in(request.param)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render_report(report)


def test_the_page_calls_it_noise_everywhere(page: str) -> None:
    assert "component 2" not in page
    assert '<th scope="row">2</th>' not in page
    assert '<th scope="row">noise</th>' in page
    pictures = dict(
        re.findall(r'<section id="(pairs|uncertainty)">(.*?)</section>', page, re.DOTALL)
    )
    assert re.search(r">noise +\(\d+%\)<", pictures["pairs"])
    assert re.search(r">noise<", pictures["uncertainty"])
    assert "Grey" in pictures["pairs"]


def test_the_page_says_how_many_rows_are_noise_and_how_dense_it_is(
    report: Report, page: str
) -> None:
    volume = np.exp(-report.result.mixture.family.background.log_constant)
    (found,) = re.findall(r"(\d+) of 145 rows are most probably noise.*? rows, (\S+)\.<", page)
    assert int(found[0]) == (report.labels == -1).sum() > 10
    assert float(found[1]) == pytest.approx(volume, rel=1e-4)


def test_the_table_counts_noise_last_and_gives_it_no_mean(report: Report) -> None:
    table = component_table(report, ["column"], [["1 ± 1"], ["2 ± 1"], ["–"]])
    assert [row[0] for row in table.rows] == ["0", "1", "noise"]
    assert [int(row[1]) for row in table.rows] == [(report.labels == k).sum() for k in (0, 1, -1)]


def test_rows_of_noise_are_grey_stars(report: Report) -> None:
    points = Points(report.rows, report.labels, report.uncertainty)
    figure = pairs_figure(report.result.mixture, points, report.columns)
    if report.rows.shape[1] == 1:
        drawn = [c for axes in figure.axes for c in axes.collections if len(c.get_paths()) > 1]
        assert {len(lines.get_paths()) for lines in drawn} >= {(report.labels == -1).sum()}
        return
    panel = next(
        axes for axes in figure.axes if any(line.get_marker() == "*" for line in axes.lines)
    )
    stars = [line for line in panel.lines if line.get_marker() == marker(-1)]
    assert sum(len(line.get_xdata()) for line in stars) == (report.labels == -1).sum()
    assert {line.get_color() for line in stars} == {colour(-1)}
    assert colour(-1) not in {colour(k) for k in range(20)}


@pytest.mark.parametrize("column", [0, 1])
def test_a_margin_is_the_density_summed_over_the_box_and_the_gaussians(column: int) -> None:
    mixture = report_in(2).result.mixture
    box = mixture.family.background.box
    nodes = np.linspace(-60, 80, 7001)
    points = np.array([-5.0, 0.0, 4.0, 17.0, 40.0])
    for point, found in zip(points, log_density(mixture, [column], points[:, None]), strict=True):
        plane = np.empty((len(nodes), 2))
        plane[:, column], plane[:, 1 - column] = point, nodes
        places = (plane - box.corner) @ np.linalg.inv(box.edges)
        outside = ((places < 0) | (places > 1)).any(axis=1)
        density = np.exp(mixture.log_density(plane))
        density[outside] -= mixture.weights[-1] * np.exp(mixture.family.background.log_constant)
        summed = density.sum() * (nodes[1] - nodes[0])
        assert np.exp(found) == pytest.approx(summed, rel=0.02, abs=1e-12)


def test_regions_hold_their_shares_of_rows_drawn() -> None:
    mixture = report_in(3).result.mixture
    rows = mixture.sample(20_000, 5)[0][:, [2, 0]]
    levels = region_levels(mixture, [2, 0], (0.75, 0.5))
    shares = (log_density(mixture, [2, 0], rows)[:, None] >= levels).mean(axis=0)
    np.testing.assert_allclose(shares, [0.75, 0.5], atol=0.03)


def test_noise_of_a_given_volume_has_that_density_in_its_box() -> None:
    report = report_in(2, noise_volume=5000.0)
    mixture = report.result.mixture
    middle = mixture.family.background.box.corner + 0.5 * mixture.family.background.box.edges.sum(
        axis=0
    )
    found = noise_density(mixture, [0, 1], middle[None])[0]
    assert found == pytest.approx(mixture.weights[-1] / 5000)
    assert "one over the area that was given, 5000." in render_report(report)


def test_noise_of_no_row_is_a_caution_and_no_small_component() -> None:
    report = report_in(2)
    gone = replace(report, labels=np.where(report.labels < 0, 0, report.labels))
    assert any("No row is more probably noise" in line for line in cautions(gone))
    few = replace(report.result, effective_rows=np.array([60.0, 60.0, 0.5]))
    assert not any("rests on" in line for line in cautions(replace(report, result=few)))


def test_the_number_of_components_leaves_noise_out() -> None:
    report = report_in(2, sizes=(1, 2, 3))
    assert report.selection is not None
    assert report.selection.best.n_components == 2
    assert "VVV with 2 components and noise among 3 models" in choice(report.selection)
    assert not any("the most that were tried" in line for line in cautions(report))
    row = report.selection.best.row()
    assert row["smallest_component"] == min(report.result.effective_rows[:2])
