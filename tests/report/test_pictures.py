"""`mixtura.report.plot` draws what the page of the report has."""

from xml.etree import ElementTree as tree

import numpy as np
import pandas as pd
import pytest

from mixtura import GaussianMixture, ParameterError, select
from mixtura.report import figure_names, plot, report_of


def rows() -> pd.DataFrame:
    made = np.random.default_rng(5).normal(size=(120, 2)) + np.repeat([0.0, 7.0], 60)[:, None]
    return pd.DataFrame(made, columns=["length", "width"])


def test_the_first_figure_of_the_page_is_drawn_unless_another_is_named() -> None:
    model = GaussianMixture(2, random_state=0).fit(rows())
    names = figure_names(report_of(model, rows()))
    assert plot(model, rows()).name == names[0]
    for name in names:
        assert len(plot(model, rows(), name).figure.axes) > 0
    with pytest.raises(ParameterError, match=f"has the figures {names[0]}.*no 'horses'"):
        plot(model, rows(), "horses")


def test_a_notebook_shows_the_figure_and_its_caption() -> None:
    search = select(rows(), range(1, 3), ["VVV", "EII"], random_state=0)
    picture = plot(search, rows(), "criterion")
    shown = tree.fromstring(picture._repr_html_().replace("xlink:href", "href"))
    assert [child.tag for child in shown] == ["svg", "figcaption"]
    assert shown[1].text == picture.caption
    assert repr(picture) == f"<Picture 'criterion': {picture.heading}>"


def test_a_picture_is_written_as_its_extension_says(tmp_path) -> None:
    model = GaussianMixture(2, random_state=0).fit(rows())
    plot(model, rows(), "trace").save(tmp_path / "trace.png")
    assert (tmp_path / "trace.png").read_bytes().startswith(b"\x89PNG")
