"""Pages of counts and categories: figures that fit the family, and what is to be doubted."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from columnwise_cases import COLUMNWISE
from discrete_cases import rows_for
from nightly import first
from oracles import dataset

from mixtura import (
    CategoricalMixture,
    MixedMixture,
    MultinomialMixture,
    PoissonMixture,
)
from mixtura.estimators.named import estimator_of
from mixtura.report import Report
from mixtura.report.columnwise import columns_figure
from mixtura.report.families import PAGES
from mixtura.report.heat import heat_figure, lift_figure
from mixtura.report.levels import MOST_OF_ITEM, level_rows, telling
from mixtura.report.mixed import block_report
from mixtura.report.page import render_report
from mixtura.report.profile import MOST_LINES, profile_figure
from mixtura.report.spread import spread_figure

pytestmark = pytest.mark.drawn(5, among="file")

HOSTILE = ("<script>alert(1)</script>", "$\\frac{$", "a\nb \x00")


def survey(n_rows=240):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, n_rows)
    frame = pd.DataFrame(
        {
            "x": rng.normal(5 * label, 1),
            "visits": rng.poisson(1 + 8 * label),
            HOSTILE[0]: np.where(rng.random(n_rows) < 0.1 + 0.8 * label, HOSTILE[1], HOSTILE[2]),
            "grade": rng.integers(0, 3 + label).astype(object),
            "smokes": (rng.random(n_rows) < 0.1 + 0.8 * label).astype(float),
        }
    )
    frame.loc[3, "grade"] = None
    return frame


def frame_of(kind):
    rows = rows_for(kind, 200)
    return pd.DataFrame(rows, columns=[f"item {j}" for j in range(rows.shape[1])])


CASES = {
    "categorical": lambda: (CategoricalMixture(), survey()[[HOSTILE[0], "grade", "smokes"]]),
    "multinomial": lambda: (MultinomialMixture(), frame_of("multinomial")),
    **{name: lambda name=name: (estimator_of(name)(), frame_of(name)) for name in COLUMNWISE},
    "mixed": lambda: (
        MixedMixture(
            blocks={
                "gaussian": ["x"],
                "poisson": ["visits"],
                "categorical": [HOSTILE[0], "grade"],
                "bernoulli": ["smokes"],
            }
        ),
        survey(),
    ),
}


@cache
def report_of(kind):
    estimator, frame = CASES[kind]()
    selection = estimator.set_params(random_state=0, n_init=3).select(frame, [1, 2, 3])
    mixture = selection.result.mixture
    rows = mixture.encode(frame)
    probabilities = mixture.responsibilities(frame)
    return Report(
        kind,
        selection.result,
        selection,
        rows,
        mixture.columns,
        probabilities.argmax(axis=1),
        probabilities.max(axis=1),
        f"{kind}.csv",
        seed=0,
        facts=estimator.facts_,
    )


@cache
def page_of(kind):
    return render_report(report_of(kind))


@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("categorical", ["items", "profile"]),
        ("bernoulli", ["items", "profile"]),
        ("multinomial", ["profile", "lift"]),
        ("poisson", ["columns", "profile", "lift"]),
        *((name, ["columns", "profile"]) for name in COLUMNWISE if name not in PAGES),
        (
            "mixed",
            ["pairs-0", "columns-1", "profile-1", "items-2", "profile-2", "items-3", "profile-3"],
        ),
    ],
)
def test_a_page_shows_the_figures_of_its_family(kind, figures):
    page = page_of(kind)
    sections = re.findall(r'<section id="([^"]+)">', page)
    for name in (*figures, "criterion", "ranking", "uncertainty", "trace"):
        assert sections.count(name) == 1
    identifiers = re.findall(r'\sid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert "<pre>" not in page
    assert "modal share" in page
    assert ">entropy<" in page


@pytest.mark.parametrize("kind", ["poisson", "multinomial", "negative_binomial"])
def test_counts_have_a_table_of_dispersion(kind):
    assert page_of(kind).count('<section id="dispersion">') == 1
    assert "Dispersion by column." in page_of(kind)


def test_names_and_labels_are_escaped():
    for kind in ("categorical", "mixed"):
        assert "<script>" not in page_of(kind)
        assert "&lt;script&gt;" in page_of(kind)


def test_statistics_of_the_table_are_on_the_page():
    page = page_of("bernoulli")
    facts = report_of("bernoulli").facts
    assert f"<dd>{facts['table']['g2']:.3f}<small>" in page
    assert f"{facts['table']['residual_df']} residual df" in page
    assert "Largest bivariate residuals" in page
    assert "rows are too few for" not in page
    assert "by G²" in page


def test_missing_cells_are_a_caution_and_leave_the_table_out():
    page = page_of("categorical")
    assert "cells are missing, in 1 of" in page
    assert ">G²<" not in page


def test_repeated_patterns_count_as_the_rows_they_stand_for():
    report = report_of("bernoulli")
    assert f"<dd>{len(report.rows)}<small>rows" in page_of("bernoulli")
    mixture = CategoricalMixture(2, random_state=0)
    selection = mixture.select(dataset("carcinoma").values, [2])
    values = dataset("carcinoma").values.astype(int)
    posterior = selection.result.mixture.responsibilities(values)
    page = render_report(
        Report(
            "carcinoma",
            selection.result,
            selection,
            values,
            tuple("ABCDEFG"),
            posterior.argmax(axis=1),
            posterior.max(axis=1),
            "carcinoma.csv",
            facts=mixture.facts_,
        )
    )
    assert "<dd>118<small>rows" in page
    assert "Items x1 and x4 go together beyond what the components explain" in page


def test_of_two_levels_the_second_is_shown():
    rows = level_rows(report_of("bernoulli").result.mixture, ("a", "b", "c", "d"))
    assert rows.labels == ("1",) * 4
    assert rows.all_single
    expected = report_of("bernoulli").result.mixture.parameters.probabilities
    np.testing.assert_array_equal(rows.probabilities, expected)


def test_the_items_that_tell_most_are_shown_in_the_order_of_the_data():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 400)
    rows = rng.integers(0, 3, (400, 6))
    rows[:, 1] = np.where(rng.random(400) < 0.9, 2 * label, 1)
    rows[:, 4] = np.where(rng.random(400) < 0.8, 2 * label, 1)
    mixture = CategoricalMixture(2, random_state=0).fit(rows).mixture_
    shown = level_rows(mixture, tuple("abcdef"), most=6)
    assert shown.items == ("b",) * 3 + ("e",) * 3
    assert shown.labels == ("0", "1", "2") * 2
    assert shown.starts == (0, 3)
    assert (shown.shown, shown.n_items) == (2, 6)
    np.testing.assert_allclose(shown.overall, mixture.weights @ shown.probabilities)
    assert len(level_rows(mixture, tuple("abcdef"), most=1).labels) == 1


def test_of_many_levels_those_are_shown_that_tell_most():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 2000)
    item = np.where(label == 0, rng.integers(0, 5, 2000), rng.integers(40, 45, 2000))
    item = np.where(rng.random(2000) < 0.3, rng.integers(5, 40, 2000), item)
    other = np.where(rng.random(2000) < 0.9, label, 1 - label)
    mixture = CategoricalMixture(2, random_state=0).fit(np.column_stack([item, other])).mixture_
    shown = level_rows(mixture, ("a", "b"))
    assert shown.cut == 1
    assert {str(level) for level in (*range(5), *range(40, 45))} <= set(shown.labels)
    assert len(shown.labels) == MOST_OF_ITEM + 1


def test_what_an_item_tells_is_its_information_about_the_component():
    weights = np.array([0.5, 0.5])
    apart = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert telling(weights, apart, weights @ apart).sum() == pytest.approx(np.log(2))
    alike = np.full((2, 2), 0.5)
    np.testing.assert_allclose(telling(weights, alike, weights @ alike), 0.0, atol=1e-15)


def texts_of(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_heat_map_prints_percentages():
    mixture = report_of("bernoulli").result.mixture
    figure = heat_figure(mixture, level_rows(mixture, tuple("abcd")))
    ones = mixture.parameters.probabilities
    for share in (*(mixture.weights @ ones), *ones.ravel()):
        assert f"{100 * share:.0f}" in texts_of(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["a = 1", "b = 1", "c = 1", "d = 1"]


def test_the_lift_is_a_ratio_to_the_whole():
    mixture = report_of("multinomial").result.mixture
    overall = np.array([0.5, 0.3, 0.2])
    values = np.array([[1.0, 0.0, 0.2], [0.25, 0.3, 0.0005]])[: mixture.n_components]
    texts = texts_of(lift_figure(mixture, ("p", "q", "r"), values, overall))
    for text in ("×2", "0", "×1", "×0.50"):
        assert text in texts


def test_the_profile_has_a_line_for_each_component():
    mixture = report_of("bernoulli").result.mixture
    figure = profile_figure(mixture, level_rows(mixture, tuple("abcd")))
    lines = figure.axes[0].lines
    assert len(lines) == mixture.n_components + 1
    np.testing.assert_array_equal(lines[1].get_xdata(), mixture.parameters.probabilities[0])


def test_many_components_are_drawn_as_far_as_they_can_be_told_apart():
    rng = np.random.default_rng(0)
    mixture = MultinomialMixture(14, random_state=0).fit(rng.poisson(9, (200, 30))).mixture_
    values = mixture.parameters.probabilities
    names = tuple(f"w{j}" for j in range(30))
    figure = spread_figure(mixture, names, values, mixture.weights @ values, "probability")
    assert len(figure.legends[0].get_texts()) == MOST_LINES + 1
    assert lift_figure(mixture, names, values, mixture.weights @ values).axes


def test_rare_and_frequent_items_share_a_log_axis():
    mixture = report_of("multinomial").result.mixture
    values = np.array([[0.9, 0.001, 0.0], [0.5, 0.004, 0.3]])
    figure = spread_figure(mixture, ("a", "b", "c"), values, values.mean(axis=0), "probability")
    assert figure.axes[0].get_xscale() == "log"
    assert figure.axes[0].get_xlim()[0] > 0


def test_the_fitted_mass_sums_to_the_bars():
    report = report_of("poisson")
    figure = columns_figure(report)
    for axes in figure.axes:
        bars = sum(patch.get_height() for patch in axes.patches)
        assert bars == pytest.approx(1.0, abs=0.03)
        assert axes.lines[-1].get_ydata().sum() == pytest.approx(1.0, abs=0.03)


def test_large_counts_are_drawn_in_bins():
    rng = np.random.default_rng(0)
    rows = rng.poisson(np.where(rng.random((300, 1)) < 0.5, 500.0, 900.0), (300, 3)).astype(float)
    mixture = PoissonMixture(2, random_state=0).fit(rows).mixture_
    whole = report_of("poisson")
    result = replace(whole.result, mixture=mixture)
    figure = columns_figure(replace(whole, result=result, rows=rows, columns=("a", "b", "c")))
    assert 20 < len(figure.axes[0].patches) <= 61
    assert not figure.axes[3].get_visible()


@pytest.mark.parametrize("kind", first(2, COLUMNWISE))
def test_rows_with_missing_cells_have_a_page(kind):
    rows = rows_for(kind, 150).astype(float)
    rows[::7, 1] = np.nan
    asked = {} if kind == "bernoulli" else {"missing": "marginal"}
    estimator = estimator_of(kind)(2, random_state=0, **asked).fit(rows)
    posterior = estimator.predict_proba(rows)
    page = render_report(
        replace(
            report_of(kind),
            result=replace(report_of(kind).result, mixture=estimator.mixture_),
            rows=rows,
            columns=tuple(f"x{j}" for j in range(rows.shape[1])),
            facts=estimator.facts_,
            labels=posterior.argmax(axis=1),
            probabilities=posterior.max(axis=1),
        )
    )
    assert "cells are missing" in page


def test_a_block_of_a_mixed_report_is_a_report():
    whole = report_of("mixed")
    alone = block_report(whole, 1)
    assert alone.columns == ("visits",)
    assert alone.rows.shape == (len(whole.rows), 1)
    assert alone.result.mixture.family.name == "poisson"
    np.testing.assert_array_equal(alone.result.mixture.weights, whole.result.mixture.weights)


def test_typical_items_are_listed_for_wide_counts():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(40, 0.3), 2)
    rows = 1 + np.vstack([rng.multinomial(200, share, 100) for share in shares])
    frame = pd.DataFrame(rows, columns=[f"word{j}" for j in range(40)])
    mixture = MultinomialMixture(2, random_state=0)
    selection = mixture.select(frame, [2])
    posterior = selection.result.mixture.responsibilities(rows)
    page = render_report(
        Report(
            "words",
            selection.result,
            selection,
            rows,
            mixture.mixture_.columns,
            posterior.argmax(axis=1),
            posterior.max(axis=1),
            "words.csv",
        )
    )
    assert "Typical items" in page
    values = mixture.probabilities_
    overall = mixture.weights_ @ values
    best = int(np.argmax(values[0] * np.log(values[0] / overall)))
    assert f"word{best} (×{values[0, best] / overall[best]:.3g})" in page
    assert "Of 40 items the 30 are shown" in page
    assert "modal share" not in page
