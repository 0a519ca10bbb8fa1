"""Rows and components in the directions in which components differ most."""

import numpy as np
from matplotlib.figure import Figure

from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.projection import project
from mixtura.report.canvases import Canvas
from mixtura.report.pairs import pairs_figure, plane_figure
from mixtura.report.panels import Points

__all__ = ["has_directions", "projection_caption", "projection_figure"]


def has_directions(mixture: Mixture) -> bool:
    """Return whether there are directions that columns do not show by themselves."""
    if mixture.n_columns < 3 or mixture.n_components < 2:
        return False
    try:
        project(mixture)
    except (ParameterError, np.linalg.LinAlgError):
        return False
    return True


def projection_figure(mixture: Mixture, points: Points, canvas: Canvas | None = None) -> Figure:
    """Draw rows and components in the first two directions, or along the only one.

    Parameters
    ----------
    mixture : of Gaussian or t components or factor analysers
    points : the rows in the columns of the mixture
    canvas : makes what is drawn in, a figure of its own by default
    """
    found = project(mixture.coded)
    n_directions = min(found.n_directions, 2)
    scores = np.empty((0, n_directions))
    if len(points.rows):
        scores = found.transform(points.rows, n_directions)
    titles = [f"direction {one['direction']} ({one['share']:.0%})" for one in found.table()]
    draw = pairs_figure if n_directions == 1 else plane_figure
    own = Points(scores, points.labels, points.uncertainty)
    plane = found.in_first(n_directions)
    if canvas is None:
        return draw(plane, own, titles)
    return draw(plane, own, titles, canvas)


def projection_caption(mixture: Mixture) -> str:
    """Return what is to be seen, in words."""
    found = project(mixture)
    means = float(found.directions.by_means.sum() / found.directions.eigenvalues.sum())
    text = (
        f"Of {mixture.n_columns} columns, the directions in which the components differ most; "
        f"{means:.0%} of what differs are their means, the rest their covariances. "
    )
    if found.n_directions == 1:
        return text + "Bars are rows, coloured curves components, the dark curve their sum."
    return text + (
        "Percentages are shares of what differs. The shade says which component is the likeliest "
        "there, solid ellipses reach one standard deviation and dashed ones hold 95 % of a "
        "component. A row is drawn larger the less sure its component is, by all columns. Units "
        "are standard deviations of the whole mixture."
    )
