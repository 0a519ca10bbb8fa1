"""Mixtures, estimators and searches draw what the page of the report has, on any axes."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from scipy.stats import norm

import mixtura
from mixtura import (
    CategoricalMixture,
    DataError,
    DeconvolvedGaussianMixture,
    GaussianMixture,
    GaussianMixtureClassifier,
    IntervalGaussianMixture,
    MixedMixture,
    MixtureClassifier,
    ParameterError,
    PoissonMixture,
    StudentTMixture,
    select,
)
from mixtura.projection import project
from mixtura.report import figure_names, figure_of, report_of, write_report

pytestmark = pytest.mark.drawn(3, among="file")

mpl.use("Agg")


def rows(n_columns: int = 3) -> pd.DataFrame:
    made = np.random.default_rng(5).normal(size=(120, n_columns))
    made += np.repeat([0.0, 7.0], 60)[:, None]
    return pd.DataFrame(made, columns=["length", "width", "height"][:n_columns])


def marks(axes: Any) -> list[tuple[Any, ...]]:
    """Return what is drawn: of each panel its words, and the points of its lines."""
    panels = [axes] if isinstance(axes, Axes) else list(axes)
    return [
        (
            panel.get_xlabel(),
            panel.get_ylabel(),
            [text.get_text() for text in panel.texts],
            [np.nan_to_num(line.get_xydata(), nan=-9e9).round(9).tolist() for line in panel.lines],
            len(panel.patches),
        )
        for panel in panels
    ]


CASES = {
    "pairs of columns": (GaussianMixture(2, random_state=0), rows()),
    "a plane": (GaussianMixture(2, random_state=0), rows(2)),
    "a line": (GaussianMixture(2, random_state=0), rows(1)),
    "a search within": (GaussianMixture("auto", random_state=0), rows(2)),
    "beside noise": (PoissonMixture(2, noise="uniform", random_state=0), rows().abs().astype(int)),
    "categories": (CategoricalMixture(2, random_state=0), rows().gt(3).astype(int).astype(str)),
    "t": (StudentTMixture(2, random_state=0), rows()),
    "mixed": (
        MixedMixture(2, {"gaussian": ["length"], "categorical": ["width"]}, random_state=0),
        rows().assign(width=lambda frame: frame["width"].gt(3).astype(str)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_figure_of_the_page_is_drawn_alike_in_any_axes(name: str) -> None:
    model, frame = CASES[name]
    report = report_of(model.fit(frame), frame)
    for kind in figure_names(report):
        expected = marks(figure_of(report, kind).axes)
        assert marks(model.plot(kind, frame)) == expected
        place = Figure(layout="constrained").subplots(1, 2)[0]
        drawn = model.plot(kind, frame, ax=place)
        assert marks(drawn) == expected
        if len(expected) == 1:
            assert drawn is place
    mpl.pyplot.close("all")


def test_the_first_figure_is_drawn_unless_a_kind_is_named() -> None:
    model = GaussianMixture(2, random_state=0).fit(rows())
    report = report_of(model, rows())
    first, *_ = figure_names(report)
    assert marks(model.plot(X=rows())) == marks(figure_of(report, first).axes)
    assert marks(model.plot()) == marks(figure_of(report, "trace").axes)


def test_a_search_draws_each_criterion_by_size_and_structure() -> None:
    search = select(rows(), range(1, 4), ["EII", "VVI"], random_state=0)
    for name in ("bic", "icl", "aic"):
        axes = search.plot(name)
        values = {
            (candidate.n_components, round(candidate.value(name), 9))
            for candidate in search.candidates
            if candidate.is_sound
        }
        shown = {
            (int(x), round(y, 9))
            for line in axes.lines
            for x, y in np.asarray(line.get_xydata())
            if np.isfinite(y)
        }
        assert shown == values
        assert axes.get_ylabel().startswith(name.upper())
    assert marks(search.plot()) == marks(search.plot("bic"))
    auto = GaussianMixture("auto", random_state=0).fit(rows(2))
    assert marks(auto.plot("icl")) == marks(auto.selection_.plot("icl"))


def test_what_was_read_from_a_file_is_drawn_but_for_its_history(tmp_path) -> None:
    model = GaussianMixture(2, random_state=0).fit(rows())
    model.save(tmp_path / "model")
    again = mixtura.load(tmp_path / "model")
    for one in (again, model.mixture_):
        assert marks(one.plot("pairs", rows())) == marks(model.plot("pairs", rows()))
        with pytest.raises(
            ParameterError,
            match="figures pairs, uncertainty, profile, qq, projection, but no 'trace'",
        ):
            one.plot("trace")


def test_what_cannot_be_drawn_is_said() -> None:
    model = GaussianMixture(2, random_state=0)
    with pytest.raises(ParameterError, match="not fitted; call fit first"):
        model.plot()
    model.fit(rows())
    with pytest.raises(ParameterError, match=r"has the figures pairs.* but no 'horses'"):
        model.plot("horses")
    with pytest.raises(ParameterError, match=r"'pairs' shows rows; give them, as in plot\('pairs'"):
        model.plot("pairs")
    with pytest.raises(ParameterError, match="show rows; give them"):
        model.mixture_.plot()
    with pytest.raises(DataError, match="width"):
        model.plot("pairs", rows()[["length", "height"]])
    with pytest.raises(ParameterError, match="panels, which take the place of an ax that subplots"):
        model.plot("trace", ax=Figure().add_axes((0, 0, 1, 1)))


def test_a_figure_of_its_own_has_the_pages_colours_whatever_the_style() -> None:
    model = GaussianMixture(2, random_state=0).fit(rows(1))
    with mpl.style.context("dark_background"):
        axes = model.plot("pairs", rows(1))
    assert mpl.colors.to_hex(axes.get_facecolor()) == "#ffffff"
    assert mpl.colors.to_hex(axes.figure.get_facecolor()) == "#ffffff"


def test_a_qq_plot_has_sorted_rows_against_quantiles_of_the_mixture() -> None:
    frame = rows()
    model = StudentTMixture(2, random_state=0).fit(frame)
    axes = model.plot("qq", frame)
    assert [panel.get_title() for panel in axes[:3]] == list(frame.columns)
    levels = (np.arange(len(frame)) + 0.5) / len(frame)
    for panel, name in zip(axes, frame.columns, strict=False):
        expected = model.mixture_.marginal([name]).ppf(levels)
        shown = np.asarray(panel.lines[0].get_xydata())
        np.testing.assert_allclose(shown[:, 0], expected, rtol=1e-12)
        np.testing.assert_array_equal(shown[:, 1], np.sort(frame[name]))


@pytest.mark.parametrize("name", ["mixed", "categories", "beside noise"])
def test_a_qq_plot_is_of_columns_that_have_quantiles(name: str) -> None:
    model, frame = CASES[name]
    model.fit(frame)
    if name == "mixed":
        assert model.plot("qq", frame).get_title() == "length"
        return
    with pytest.raises(ParameterError, match=r"has the figures .* but no 'qq'"):
        model.plot("qq", frame)


def test_boundaries_part_the_plane_where_the_likeliest_component_changes() -> None:
    frame = rows(2)
    model = GaussianMixture(2, random_state=0).fit(frame)
    axes = model.plot("boundaries", frame)
    middle = np.column_stack([axes.get_xlim(), axes.get_ylim()]).mean(axis=0)
    for region, k in zip(axes.collections, (0, 1), strict=True):
        for point in (*model.means_, middle + 1.5, middle - 1.5):
            inside = any(path.contains_point(point) for path in region.get_paths())
            assert inside == (model.mixture_.predict([point])[0] == k)
    wide = GaussianMixture(2, random_state=0).fit(rows())
    with pytest.raises(ParameterError, match="but no 'boundaries', which is drawn of two amounts"):
        wide.plot("boundaries", rows())
    pair = list(rows().columns[:2])
    wide.mixture_.marginal(pair).plot("boundaries", rows()[pair])


@pytest.mark.parametrize("model", [GaussianMixture(2, random_state=0), StudentTMixture(2)])
def test_lines_of_a_density_hold_the_shares_that_they_say(model: Any) -> None:
    axes = model.fit(rows(2)).plot("density")
    lines = axes.collections[-1]
    drawn = model.mixture_.rvs(20_000, random_state=5).astype(float)
    inside = [
        np.mean(np.sum([part.contains_points(drawn) for part in split(path)], axis=0) % 2)
        for path in lines.get_paths()
    ]
    np.testing.assert_allclose(inside, [0.95, 0.9, 0.75, 0.5, 0.25], atol=0.015)


def split(path: Any) -> list[Any]:
    return [Path(part) for part in path.to_polygons()]


def test_a_density_of_one_column_is_the_sum_of_its_components() -> None:
    model = GaussianMixture(2, random_state=0).fit(rows(1))
    for given in (None, rows(1)):
        *parts, total = model.plot("density", given).lines
        x, y = np.asarray(total.get_xydata()).T
        np.testing.assert_allclose(y, model.mixture_.pdf(x), rtol=1e-12)
        own = [part.get_ydata() for part in parts]
        np.testing.assert_allclose(np.sum(own, axis=0), y, rtol=1e-12)
        for part, weight, mean, variance in zip(
            own, model.weights_, model.means_[:, 0], model.covariances_[:, 0, 0], strict=True
        ):
            expected = weight * norm(mean, variance**0.5).pdf(x)
            np.testing.assert_allclose(part, expected, rtol=1e-9, atol=1e-300)
    wide = GaussianMixture(2, random_state=0).fit(rows())
    with pytest.raises(ParameterError, match="but no 'density', which is drawn of one amount or"):
        wide.plot("density")
    for names in (["width"], ["width", rows().columns[0]]):
        wide.mixture_.marginal(names).plot("density")


@pytest.mark.parametrize("model", [GaussianMixture(2, random_state=0), StudentTMixture(2)])
def test_a_profile_has_means_in_standard_deviations_of_all(model: Any) -> None:
    frame = rows().assign(width=lambda frame: 1000 * frame["width"])
    axes = model.fit(frame).plot("profile")
    drawn = model.mixture_.rvs(400_000, random_state=0).astype(float)
    labels = model.mixture_.predict(drawn)
    lines = [np.asarray(line.get_xydata()) for line in axes.lines if len(line.get_xydata()) == 3]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(frame.columns)
    for k, line in enumerate(lines):
        own = (drawn[labels == k].mean(axis=0) - drawn.mean(axis=0)) / drawn.std(axis=0)
        np.testing.assert_allclose(line[:, 0], own, atol=0.02)
    assert len(lines) == 2


def test_a_family_that_has_a_profile_of_its_own_keeps_it() -> None:
    model, frame = CASES["categories"]
    report = report_of(model.fit(frame), frame)
    assert marks(model.plot("profile")) == marks(figure_of(report, "profile").axes)


def test_the_directions_of_three_columns_and_more_are_drawn_and_on_pages_of_four() -> None:
    frame = rows(3).assign(weight=np.arange(120) % 7)
    model = GaussianMixture(2, random_state=0).fit(frame)
    assert "projection" in figure_names(report_of(model, frame))
    own = model.plot("projection", frame)
    scores = project(model).transform(frame)
    drawn = np.vstack([line.get_xydata() for line in own.lines if len(line.get_xydata())])
    assert sorted(map(tuple, drawn.round(9).tolist())) == sorted(
        map(tuple, scores[:, :2].round(9).tolist())
    )
    one = GaussianMixture(2, covariance_type="tied", random_state=0).fit(rows(3))
    assert "projection" not in figure_names(report_of(one, rows(3)))
    assert "direction 1" in one.plot("projection", rows(3)).get_xlabel()
    with pytest.raises(ParameterError, match="no 'projection'"):
        GaussianMixture(2, random_state=0).fit(rows(2)).plot("projection", rows(2))


def test_a_classifier_draws_its_classes_together() -> None:
    labels = np.repeat(["short", "long"], 60)
    model = GaussianMixtureClassifier(covariance_type="full").fit(rows(), labels)
    axes = model.plot("projection", rows())
    assert isinstance(axes, Axes)
    assert model.mixture_.names == ("long", "short")
    frame = model.to_frame()
    mean = frame[(frame["class"] == "short") & (frame["parameter"] == "mean")]
    np.testing.assert_allclose(mean["value"], rows().to_numpy()[:60].mean(axis=0), rtol=1e-9)
    words = MixtureClassifier(CategoricalMixture()).fit(rows().gt(3).astype(str), labels)
    with pytest.raises(ParameterError, match="not drawn together"):
        words.plot("pairs", rows())


def test_a_fit_and_a_search_write_the_page_of_the_command(tmp_path) -> None:
    frame = rows(2)
    for model in (GaussianMixture(2, random_state=0).fit(frame), select(frame, [1, 2], "full")):
        page = tmp_path / "page.html"
        model.report(page, frame, title="Lengths <1>")
        assert "Data:" not in page.read_text(encoding="utf-8")
        write_report(tmp_path / "other.html", report_of(model, frame, title="Lengths <1>"))
        assert page.read_text("utf-8") == (tmp_path / "other.html").read_text("utf-8")
        assert "<h1>Lengths &lt;1&gt;</h1>" in page.read_text("utf-8")
    with pytest.raises(ParameterError, match="is not fitted"):
        GaussianMixture(2).report(tmp_path / "none.html", frame)
    assert not (tmp_path / "none.html").exists()


def blurred() -> tuple[Any, Any]:
    rng = np.random.default_rng(8)
    errors = rng.uniform(0.1, 4.0, (120, 2))
    return rows(2) + rng.normal(size=(120, 2)) * np.sqrt(errors), errors


@pytest.mark.parametrize("name", ["errors", "intervals"])
def test_what_underlies_rows_is_drawn_where_they_are_thought_to_lie(name: str) -> None:
    frame, errors = blurred()
    if name == "errors":
        told: dict[str, Any] = {"covariance": errors}
        model: Any = DeconvolvedGaussianMixture(2, random_state=0).fit(frame, **told)
    else:
        frame, told = np.floor(frame), {"upper": np.floor(frame) + 1}
        model = IntervalGaussianMixture(2, covariance_type="diag", random_state=0)
        model.fit(frame, **told)
    with pytest.raises(ParameterError, match="which these are not"):
        model.plot("qq", frame, **told)
    axes = model.plot("boundaries", frame, **told)
    places, _ = model.posterior(frame, **told)
    labels = model.predict(frame, **told)
    for k, line in enumerate(axes.lines):
        np.testing.assert_allclose(line.get_xydata(), places[labels == k])
    # Without rows it is the mixture that underlies them.
    expected = marks(model.mixture_.plot("density"))
    assert marks(model.plot("density")) == expected
    assert model.plot("pairs", frame, **told) is not None
    with pytest.raises(ParameterError, match="not fitted; call fit first"):
        type(model)(2).plot("pairs", frame)
