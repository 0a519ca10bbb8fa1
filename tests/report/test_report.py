"""A report is one page with the numbers of the fit, and figures that show its geometry."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.path import Path as MatplotlibPath
from nightly import first
from oracles import dataset

from mixtura import MixturaError, select
from mixtura.em.outcomes import Outcomes
from mixtura.em.soundness import Soundness
from mixtura.em.stopping import Ending
from mixtura.report import Report, extras, families, write_report
from mixtura.report.certainty import note_sentences
from mixtura.report.contents import PLOTTED_ROWS
from mixtura.report.criterion import criterion_figure
from mixtura.report.drawing import drawn_name, spread_apart
from mixtura.report.ellipses import LEVELS, ellipse_path, radius_of
from mixtura.report.marginals import marginal, separating_columns
from mixtura.report.page import render_report
from mixtura.report.pairs import drawn_columns, pairs_figure
from mixtura.report.panels import Points
from mixtura.report.sentences import cautions, choice
from mixtura.report.tables import component_table, ranking_table
from mixtura.report.trace import trace_figure
from mixtura.report.uncertainty import uncertainty_figure
from mixtura.selection import Candidate, Selection

pytestmark = pytest.mark.drawn(4, among="file")

HOSTILE = (
    "<script>alert(1)</script>",
    '$\\frac{$ & "q" id="y"',
    "line\nbreak \x00 and a long name",
)


def normal_rows(n_rows: int, n_columns: int) -> np.ndarray:
    rows = np.random.default_rng(5).normal(size=(n_rows, n_columns))
    rows[: n_rows // 3, 0] += 7
    return rows


ROWS: dict[str, Callable[[], np.ndarray]] = {
    "galaxies": lambda: dataset("galaxies").values,
    "faithful": lambda: dataset("faithful").values,
    "diabetes": lambda: dataset("diabetes").values,
    "wdbc10": lambda: dataset("wdbc10").values,
    "single": lambda: normal_rows(80, 2)[27:],
    "many": lambda: normal_rows(6000, 2),
}

# Name of the rows, numbers of components, structures, D.
CASES = [
    ("galaxies", (1, 2, 3), ("EII", "VII"), 1),
    ("faithful", (1, 2, 3), ("EEE", "VVV", "VVI"), 2),
    ("diabetes", (2, 3), ("VVV", "EII"), 3),
    ("wdbc10", (2,), ("VVV", "EEE"), 10),
    ("single", (1,), ("VVV",), 2),
    ("many", (2,), ("VVV",), 2),
]


@cache
def report_of(name: str) -> Report:
    ((_, sizes, structures, n_columns),) = (case for case in CASES if case[0] == name)
    rows = ROWS[name]()
    selection = select(rows, sizes, structures, random_state=0)
    probabilities = selection.result.mixture.responsibilities(rows)
    return Report(
        f"{name} as a mixture",
        selection.result,
        selection,
        rows,
        tuple(f"column {j}" for j in range(n_columns)),
        probabilities.argmax(axis=1),
        probabilities.max(axis=1),
        f"{name}.csv",
        seed=0,
    )


@cache
def page_of(name: str) -> str:
    return render_report(report_of(name))


def points_of(report: Report) -> Points:
    return Points(report.rows, report.labels, report.uncertainty)


class Elements(HTMLParser):
    """Collects the elements of a page, and what was left open."""

    VOID = ("meta", "br", "path", "use", "image", "rect")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.identifiers: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.identifiers += [value for name, value in attrs if name == "id" and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.identifiers += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("name", first(3, ROWS))
def test_a_page_needs_nothing_beside_itself(name: str) -> None:
    page = page_of(name)
    assert page.startswith("<!DOCTYPE html>")
    without_pictures = re.sub(r"data:image/png;base64,[^\"]*", "", page)
    assert not re.search(r"https?:|//\w|@import|<link|<script|\ssrc=", without_pictures)
    references = re.findall(r'href="([^"]{4})', page) + re.findall(r"url\((.{1,5})", page)
    assert all(target.startswith(("#", "data")) for target in references)


@pytest.mark.parametrize("name", ROWS)
def test_elements_are_closed_and_identifiers_stand_once_and_lead_somewhere(name: str) -> None:
    elements = Elements(page_of(name))
    assert elements.open == []
    assert len(set(elements.identifiers)) == len(elements.identifiers)
    targets = re.findall(r'(?:href="|url\()#([^")]+)', page_of(name))
    assert set(targets) <= set(elements.identifiers)


@pytest.mark.parametrize("name", ROWS)
def test_a_page_has_the_numbers_of_the_fit(name: str) -> None:
    result, page = report_of(name).result, page_of(name)
    for number in (
        f"{result.log_likelihood:.4f}",
        f"{result.n_rows}",
        f"{result.n_parameters}",
        f"{result.bic:.3f}",
        f"{result.icl:.3f}",
        f"{result.entropy:.3f}",
        f"{result.starts_agreeing} of {result.n_starts}",
    ):
        assert f"<dd>{number}<small>" in page
    for weight, effective in zip(result.mixture.weights, result.effective_rows, strict=True):
        assert f"<td>{weight:.4f}</td><td>{effective:.1f}</td>" in page


def test_names_titles_and_sources_are_escaped() -> None:
    report = replace(report_of("diabetes"), columns=HOSTILE, title="<b>&</b>", source="<i>'.csv")
    page = render_report(report)
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '<th scope="col">$\\frac{$ &amp; &#34;q&#34; id=&#34;y&#34;</th>' in page
    assert Elements(page).open == []


@pytest.mark.parametrize("name", ["faithful", "diabetes", "wdbc10", "single"])
def test_every_component_has_one_ellipse_of_each_kind_in_every_pair(name: str) -> None:
    mixture = report_of(name).result.mixture
    columns = drawn_columns(mixture)
    pairs = [(a, b) for b in columns for a in columns if a < b]
    wanted = {
        f"pairs-ellipse-{k}-{min(pair)}-{max(pair)}-{level}"
        for k in range(mixture.n_components)
        for pair in pairs
        for level in LEVELS
    }
    found = re.findall(r'id="(pairs-ellipse-[^"]*)"', page_of(name))
    assert len(found) == len(wanted)
    assert set(found) == wanted


def curve(path: MatplotlibPath) -> np.ndarray:
    """Return points all along a path, (n, 2)."""
    steps = np.linspace(0, 1, 200)
    return np.concatenate(
        [segment(steps) for segment, code in path.iter_bezier() if code == path.CURVE4]
    )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e12])
def test_ellipses_have_the_axes_of_the_eigendecomposition(level: str, scale: float) -> None:
    covariance = np.array([[2.0, -1.2], [-1.2, 1.5]]) * scale
    mean = np.array([3.0, -1.0]) * np.sqrt(scale)
    offsets = curve(ellipse_path(mean, covariance, LEVELS[level])) - mean
    lengths = np.hypot(*offsets.T)
    values, axes = np.linalg.eigh(covariance)
    np.testing.assert_allclose(lengths.max(), LEVELS[level] * np.sqrt(values[1]), rtol=1e-4)
    np.testing.assert_allclose(lengths.min(), LEVELS[level] * np.sqrt(values[0]), rtol=1e-4)
    longest = offsets[lengths.argmax()] / lengths.max()
    assert abs(longest @ axes[:, 1]) == pytest.approx(1, abs=1e-4)


def test_ellipses_keep_their_shape_where_units_are_far_apart() -> None:
    deviations, correlation = np.array([1e-8, 1e9]), 0.9
    covariance = np.array([[1, correlation], [correlation, 1]]) * np.outer(deviations, deviations)
    standard = curve(ellipse_path(np.zeros(2), covariance, 2.0)) / deviations
    inverse = np.linalg.inv([[1, correlation], [correlation, 1]])
    np.testing.assert_allclose(np.einsum("ni,ij,nj->n", standard, inverse, standard), 4, rtol=1e-4)


def test_the_outer_ellipse_holds_95_percent() -> None:
    assert LEVELS["95"] == radius_of(0.95)
    squares = np.random.default_rng(0).normal(size=(100_000, 2)) ** 2
    share = (squares.sum(axis=1) < LEVELS["95"] ** 2).mean()
    assert share == pytest.approx(0.95, abs=0.003)


def test_drawn_ellipses_are_those_of_the_mixture() -> None:
    report = report_of("faithful")
    parameters = report.result.mixture.parameters
    figure = pairs_figure(report.result.mixture, points_of(report), report.columns)
    patches = {patch.get_gid(): patch for axes in figure.axes for patch in axes.patches}
    for k, (mean, covariance) in enumerate(
        zip(parameters.means, parameters.covariance.dense(), strict=True)
    ):
        offsets = curve(patches[f"ellipse-{k}-0-1-1sd"].get_path()) - mean
        squares = np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(covariance), offsets)
        np.testing.assert_allclose(squares, 1, rtol=1e-4)


def test_a_marginal_is_the_mixture_with_the_other_columns_summed_out() -> None:
    mixture = report_of("faithful").result.mixture
    x = np.linspace(1, 6, 7)
    y = np.linspace(-100, 250, 4001)
    for position, value in enumerate(x):
        plane = np.exp(mixture.log_density(np.column_stack([np.full(len(y), value), y])))
        alone = np.exp(marginal(mixture, [0]).log_density(x[:, None]))[position]
        assert plane.sum() * (y[1] - y[0]) == pytest.approx(alone, rel=1e-9)


def test_columns_that_separate_come_first_and_repeats_last() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(400, 9))
    rows[:200, [2, 5, 7]] += 6
    rows[:, 8] = rows[:, 5] + 1e-3 * rng.normal(size=400)
    mixture = select(rows, 2, "EEE", random_state=0).result.mixture
    assert {2, 7} < set(separating_columns(mixture, 3))
    assert len({5, 8} & set(separating_columns(mixture, 3))) == 1
    assert len({5, 8} & set(separating_columns(mixture, 6))) == 1
    assert separating_columns(mixture, 9) == list(range(9))


def test_many_columns_are_cut_to_six_and_the_page_says_so() -> None:
    assert len(drawn_columns(report_of("wdbc10").result.mixture)) == 6
    assert "Of 10 columns the 6 are shown" in page_of("wdbc10")
    assert "columns the 6 are shown" not in page_of("diabetes")


def test_many_rows_are_drawn_as_a_sample_and_the_page_says_so() -> None:
    report = report_of("many")
    sample = report.plotted()
    assert len(sample.rows) == len(sample.labels) == len(sample.probabilities) == PLOTTED_ROWS
    assert "random sample of 5,000 of the 6,000 rows" in page_of("many")
    assert "random sample" not in page_of("faithful")
    sizes = np.bincount(report.labels)
    assert f'<th scope="row">0</th><td>{sizes[0]}</td>' in page_of("many")


def test_which_rows_are_drawn_does_not_depend_on_what_stands_in_them() -> None:
    report = report_of("many")
    other = replace(report, rows=np.arange(12000.0).reshape(6000, 2)).plotted()
    drawn = (other.rows[:, 0] / 2).astype(int)
    assert len(np.unique(drawn)) == PLOTTED_ROWS
    np.testing.assert_array_equal(report.plotted().rows, report.rows[drawn])
    assert report_of("faithful").plotted() is report_of("faithful")


def test_one_component_has_no_figure_of_uncertainty_and_one_model_no_ranking() -> None:
    page = page_of("single")
    assert 'id="uncertainty"' not in page
    assert 'id="ranking"' not in page
    assert 'id="criterion"' not in page
    assert 'id="trace"' in page
    assert 'id="uncertainty"' in page_of("faithful")


def test_a_family_without_figures_of_its_own_is_shown_by_what_all_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(families, "PAGES", {})
    page = render_report(report_of("faithful"))
    norm = report_of("faithful").result.history.certificate.gradient_norm
    assert f"Gradient norm {norm:.2g}" in page
    assert 'id="pairs"' not in page
    assert 'id="criterion"' in page
    assert "<pre>Means" in page


def test_a_report_without_a_selection_is_a_report_of_the_fit() -> None:
    page = render_report(replace(report_of("faithful"), selection=None, seed=None))
    assert 'id="ranking"' not in page
    assert "seed not recorded" in page
    assert "seed 0" in page_of("faithful")


def test_the_ranking_has_every_fitted_model_and_marks_three() -> None:
    selection = report_of("faithful").selection
    assert selection is not None
    table = ranking_table(selection)
    assert len(table.rows) == len(selection.candidates)
    assert table.rows[0][5] == f"{selection.result.bic:.3f}"
    assert page_of("faithful").count('<tr class="top">') == 3


def test_failures_are_told_with_their_reason_and_left_out_of_the_figure() -> None:
    report = report_of("faithful")
    assert report.selection is not None
    failed = Candidate("VVX", 2, failure="component <1> collapsed")
    selection = Selection((*report.selection.candidates, failed), interrupted=True)
    page = render_report(replace(report, selection=selection))
    assert "component &lt;1&gt; collapsed" in page
    assert "The search was interrupted" in page
    labels = [text.get_text() for axes in criterion_figure(selection).axes for text in axes.texts]
    assert "EEE" in labels
    assert "VVX" not in labels


def with_doubted_best(report: Report) -> tuple[Selection, Candidate]:
    """Return the candidates with the best of them not sound, and that."""
    assert report.selection is not None
    best = report.selection.best
    assert best.result is not None
    doubted = replace(best, result=replace(best.result, soundness=Soundness(unsupported=(1,))))
    cells = (doubted if one is best else one for one in report.selection.candidates)
    return Selection(tuple(cells)), doubted


def test_a_model_that_is_not_sound_is_last_and_left_out_of_the_figure() -> None:
    report = report_of("faithful")
    selection, doubted = with_doubted_best(report)
    again = replace(report, result=selection.result, selection=selection)
    page = render_report(again)
    assert "1 model stands below all sound ones in spite of a lower BIC" in page
    table = ranking_table(selection)
    assert table.rows[-1][1] == f"{doubted.kind}*"
    assert table.caption.startswith("* only a prior keeps it finite")
    assert doubted.kind not in choice(selection).split("among")[0]
    (line,) = (
        line
        for line in criterion_figure(selection).axes[0].lines
        if line.get_label() == f"_{doubted.kind}"
    )
    assert np.isnan(line.get_ydata()[doubted.n_components - 1])


def test_the_only_sound_model_is_said_to_be_that() -> None:
    selection, doubted = with_doubted_best(report_of("faithful"))
    two = Selection((selection.best, doubted))
    assert choice(two).endswith("among 2 models. No other is sound.")
    page = render_report(replace(report_of("faithful"), result=two.result, selection=two))
    assert 'id="criterion"' not in page


def test_the_line_of_a_kind_has_a_gap_where_a_size_failed() -> None:
    selection = report_of("faithful").selection
    assert selection is not None
    cells = tuple(
        Candidate(cell.kind, cell.n_components, failure="none")
        if (cell.kind, cell.n_components) == ("EEE", 2)
        else cell
        for cell in selection.candidates
    )
    axes = criterion_figure(Selection(cells)).axes[0]
    (line,) = (line for line in axes.lines if line.get_label() == "_EEE")
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), [False, True, False])


def test_the_ring_stands_on_the_best_model() -> None:
    for name in ("faithful", "galaxies"):
        selection = report_of(name).selection
        assert selection is not None
        axes = criterion_figure(selection).axes[0]
        (ring,) = (line for line in axes.lines if line.get_label() == "_best")
        best = selection.best
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (best.n_components, best.value("bic"))


def test_what_to_doubt_is_said() -> None:
    report = report_of("faithful")
    assert any("3 components, the most that were tried" in line for line in cautions(report))
    result = replace(
        report.result,
        ending=Ending.ITERATION_LIMIT,
        soundness=Soundness(unsupported=(0,)),
        effective_rows=np.array([2.5, 100.0, 169.5]),
        history=replace(report.result.history, outcomes=Outcomes(ends=(-5.0, -20.0, -30.0, -31.0))),
    )
    found = "\n".join(cautions(replace(report, result=result)))
    assert "did not converge" in found
    assert "Component(s) 0 (2.5 rows) rest on no more rows" in found
    assert "Component 0 rests on 2.5 effective rows" in found
    assert "No other of 4 starts came to the best end" in found
    page = render_report(replace(report, result=result))
    assert "Before you rely on this fit" in page
    assert "Stopped at the iteration limit" in page


def test_page_and_summary_count_the_same_iterations() -> None:
    report = report_of("faithful")
    n_iter = report.result.facts()["n_iter"]
    assert f"({n_iter} iterations)" in page_of("faithful")
    assert report.selection is not None
    assert report.selection.ranked[0].row()["n_iter"] == n_iter


def test_the_choice_is_told_with_its_margin() -> None:
    selection = report_of("faithful").selection
    assert selection is not None
    first, second = selection.ranked[:2]
    assert f"{second.value('bic') - first.value('bic'):.2f} above it" in choice(selection)


def test_a_component_table_counts_every_row_once() -> None:
    table = component_table(report_of("diabetes"))
    assert sum(int(row[1]) for row in table.rows) == 145


def test_figures_of_extreme_fits_can_be_drawn() -> None:
    history = replace(report_of("single").result.history, steps=[])
    history.steps.append(report_of("single").result.history[0])
    assert len(trace_figure(history).axes) == 2
    one = report_of("single").result.mixture
    sixty = replace(one, weights=np.full(60, 1 / 60), parameters=one.parameters.take([0] * 60))
    uncertainty_figure(np.zeros(5), np.zeros(5, dtype=np.intp), sixty)
    grid = report_of("many").selection
    assert grid is not None
    assert len(criterion_figure(replace(grid, criterion="icl")).axes) == 1


def test_labels_are_moved_no_further_than_they_must() -> None:
    np.testing.assert_allclose(spread_apart([0.0, 5.0, 9.0], 1.0), [0, 5, 9])
    np.testing.assert_allclose(spread_apart([3.0, 3.0, 0.0], 2.0), [2, 4, 0])


def test_drawn_names_are_short_and_printable() -> None:
    assert drawn_name(HOSTILE[2]) == "line break and a long…"
    assert drawn_name(" ") == "(no name)"


def test_figures_leave_the_settings_of_matplotlib_alone() -> None:
    before = dict(mpl.rcParams)
    render_report(report_of("galaxies"))
    assert dict(mpl.rcParams) == before


def test_the_same_report_is_the_same_page() -> None:
    assert render_report(report_of("galaxies")) == page_of("galaxies")


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_report(target, report_of("galaxies"))
    assert target.read_text(encoding="utf-8") == page_of("galaxies")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda package: None if package == "jinja2" else True)
    with pytest.raises(MixturaError, match=r"jinja2; install with pip install 'mixtura\[report\]'"):
        render_report(report_of("galaxies"))


@cache
def gappy_report(n_columns: int) -> Report:
    rng = np.random.default_rng(6)
    rows = normal_rows(150, n_columns)
    rows[rng.random(rows.shape) < 0.15] = np.nan
    selection = select(rows, 2, "EEE", missing="marginal", random_state=0)
    probabilities = selection.result.mixture.responsibilities(rows)
    names = tuple(f"column {j}" for j in range(n_columns))
    labels, surest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return Report("gaps", selection.result, selection, rows, names, labels, surest, "gaps.csv")


@pytest.mark.parametrize(
    ("n_columns", "said"),
    [
        (1, "Rows whose cell is missing are not drawn."),
        (2, "Ticks along an edge are rows"),
        (4, "Ticks along an edge are rows"),
    ],
)
def test_a_page_of_rows_with_missing_cells_says_how_they_are_drawn(
    n_columns: int, said: str
) -> None:
    page = render_report(gappy_report(n_columns))
    assert said in page
    assert said not in page_of("single")
    assert not re.search(r"\bnan\b", re.sub(r"data:image/png[^\"]*", "", page))


def test_rows_that_lack_a_column_are_ticks_on_the_axis_of_the_other() -> None:
    report = gappy_report(2)
    figure = pairs_figure(report.result.mixture, points_of(report), report.columns)
    main = max(figure.axes, key=lambda axes: len(axes.lines))
    missing = np.isnan(report.rows)
    for mark, column in (("|", 0), ("_", 1)):
        lines = [line for line in main.lines if line.get_marker() == mark]
        data = [line.get_xdata() if column == 0 else line.get_ydata() for line in lines]
        expected = report.rows[missing[:, 1 - column] & ~missing[:, column], column]
        np.testing.assert_array_equal(np.sort(np.concatenate(data)), np.sort(expected))


def test_a_column_that_no_drawn_row_has_shows_the_model_alone() -> None:
    report = gappy_report(2)
    rows = report.rows.copy()
    rows[:, 1] = np.nan
    page = render_report(replace(report, rows=rows))
    assert "Rows and components" in page
    mean = report.result.mixture.parameters.means[:, 1]
    figure = pairs_figure(report.result.mixture, points_of(replace(report, rows=rows)), "xy")
    main = max(figure.axes, key=lambda axes: len(axes.lines))
    assert main.get_ylim()[0] < mean.min() < mean.max() < main.get_ylim()[1]


def test_each_line_of_a_note_is_a_sentence() -> None:
    report = replace(gappy_report(2), facts={"notes": ["some cells are missing\n2 rows have none"]})
    assert note_sentences(report) == ["Some cells are missing.", "2 rows have none."]
    assert "<li>2 rows have none.</li>" in render_report(report)
