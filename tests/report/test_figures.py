"""A page and its figures are had from Python as from the command."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    ParameterError,
    PoissonMixture,
    select,
)
from mixtura.report import figure_names, figure_of, report_of, write_report


def rows_of(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(120, 2)) + np.repeat([0.0, 7.0], 60)[:, None]
    return pd.DataFrame(rows, columns=["length", "width"])


@pytest.mark.parametrize(
    ("model", "made", "expected"),
    [
        (GaussianMixture(2, random_state=0), lambda frame: frame, {"trace", "uncertainty"}),
        (PoissonMixture(2, random_state=0), lambda frame: frame.abs().astype(int), {"trace"}),
        (
            CategoricalMixture(2, random_state=0),
            lambda frame: frame.gt(3).astype(int).astype(str),
            {"trace", "uncertainty"},
        ),
        (GaussianMixture("auto", random_state=0), lambda frame: frame, {"criterion", "trace"}),
    ],
)
def test_every_figure_of_the_page_is_drawn(
    model: Any, made: Any, expected: set[str], fresh_seed: int
) -> None:
    frame = made(rows_of(fresh_seed))
    report = report_of(model.fit(frame), frame)
    names = figure_names(report)
    assert expected <= set(names)
    for name in names:
        figure = figure_of(report, name)
        assert isinstance(figure, Figure)
        assert figure.axes


def test_a_search_shows_its_ranking_and_a_page_is_written(tmp_path, fresh_seed: int) -> None:
    frame = rows_of(fresh_seed)
    found = select(frame, (1, 2), ["EII", "VVV"], random_state=0)
    report = report_of(found, frame, title="Two <clusters>", source="made up")
    assert "criterion" in figure_names(report)
    write_report(tmp_path / "page.html", report)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Two &lt;clusters&gt;" in page
    assert page.count("<svg") >= len(figure_names(report))


def test_rows_are_put_where_the_model_predicts(fresh_seed: int) -> None:
    frame = rows_of(fresh_seed)
    model = GaussianMixture(2, random_state=0).fit(frame)
    report = report_of(model, frame[["width", "length"]])
    assert np.array_equal(report.labels, model.predict(frame))
    assert np.allclose(report.probabilities, model.predict_proba(frame).max(axis=1))
    assert report.columns == ("length", "width")


def test_what_was_taken_in_since_is_shown(fresh_seed: int) -> None:
    frame = rows_of(fresh_seed)
    model = GaussianMixture(2, random_state=0).fit(frame)
    model.partial_fit(rows_of(fresh_seed + 1))
    assert report_of(model, frame).result.mixture is model.mixture_


def test_what_cannot_be_shown_is_said() -> None:
    frame = rows_of(0)
    with pytest.raises(ParameterError, match="is not fitted"):
        report_of(GaussianMixture(2), frame)
    model = GaussianMixture(2, random_state=0).fit(frame)
    with pytest.raises(DataError, match="width"):
        report_of(model, frame[["length"]])
    with pytest.raises(ParameterError, match="has the figures"):
        figure_of(report_of(model, frame), "portrait")
