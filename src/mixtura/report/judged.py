"""The page of a classifier: how well classes are told, by rows that were not fitted."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixtura.discriminant import Judgement
from mixtura.report.sections import Section
from mixtura.report.sheet import Picture, Sheet
from mixtura.report.tables import Table
from mixtura.text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["judged_sheet"]

# Candidates that are listed.
LISTED = 10

# Rows that are drawn.
MOST_ROWS = 5000


def judged_sheet(judged: Judgement, model: Any, source: str, how: str, rows: NDArray[Any]) -> Sheet:
    """Return what a page shows of a classifier.

    Parameters
    ----------
    judged : of rows that it was not fitted to
    model : the classifier, as fitted to all rows
    source : where the rows came from
    how : which rows were judged, in words
    rows : (N, D) those, as the mixtures of the classes encode them
    """
    names = [str(label) for label in judged.classes.tolist()]
    numbers = [
        ("error", f"{judged.error:.4f}", "share of rows of which a wrong class is said"),
        ("Brier score", f"{judged.brier:.4f}", "0 is perfect, 1 always wrong without a doubt"),
        ("rows", f"{judged.weights.sum():.10g}", f"judged: {how}"),
        ("BIC", f"{model.bic_:.3f}", f"of the fit to all rows, {model.n_parameters_} parameters"),
    ]
    if judged.costs is not None:
        meaning = "mean of what is said, of the least expected cost"
        numbers.insert(2, ("cost", f"{judged.cost:.4f}", meaning))
    pictures = [_confusion(judged, names), _calibration(judged)]
    if judged.has_roc:
        numbers.insert(2, ("area", f"{judged.auc:.4f}", "under the ROC curve; 0.5 is by chance"))
        pictures.append(_roc(judged, names[1]))
    pictures += _projection(model, rows)
    return Sheet(
        f"Classes of {source}",
        f"{len(names)} classes, a mixture of each",
        source,
        numbers,
        pictures,
        [_classes(model), *_candidates(model)],
    )


def _confusion(judged: Judgement, names: list[str]) -> Picture:
    def draw() -> "Figure":
        from mixtura.report.agreement import confusion_figure

        return confusion_figure(judged.confusion, names, names)

    caption = "Each row of the picture is a class, each column what is said of its rows."
    return Picture("confusion", "What is said of each class", draw, caption)


def _calibration(judged: Judgement) -> Picture:
    def draw() -> "Figure":
        from mixtura.report.agreement import calibration_figure

        return calibration_figure(judged.calibration())

    caption = (
        "Rows by tenths of the probability of the class that is said of them; larger marks stand "
        "for more rows. On the broken line probabilities are as they should be; below it the "
        "model is surer than it should be."
    )
    return Picture("calibration", "Whether probabilities are to be believed", draw, caption)


def _roc(judged: Judgement, name: str) -> Picture:
    def draw() -> "Figure":
        from mixtura.report.agreement import roc_figure

        return roc_figure(*judged.roc(), name)

    caption = (
        "Where a row is taken for the class from a probability on, the higher it is the fewer are: "
        "each point of the curve is one such limit."
    )
    return Picture("roc", "What finding more of a class costs", draw, caption)


def _projection(model: Any, rows: NDArray[Any]) -> list[Picture]:
    """Return the directions in which Gaussian classes of three columns or more differ."""
    if any(mixture.family.name != "gaussian" for mixture in model.mixtures_):
        return []
    from mixtura.report.panels import Points
    from mixtura.report.projection import has_directions, projection_caption, projection_figure

    mixture = model.mixture_.coded
    if not has_directions(mixture):
        return []

    def draw() -> "Figure":
        drawn = rows
        if len(rows) > MOST_ROWS:
            chosen = np.random.default_rng(len(rows)).choice(len(rows), MOST_ROWS, replace=False)
            drawn = rows[np.sort(chosen)]
        shares = mixture.responsibilities(drawn)
        best = shares.argmax(axis=1)
        doubt = np.maximum(1.0 - shares.max(axis=1), 0.0)
        return projection_figure(mixture, Points(drawn, best, doubt))

    caption = projection_caption(mixture).replace("component", "class")
    return [Picture("projection", "The directions that show the classes", draw, caption)]


def _classes(model: Any) -> Section:
    told = zip(model.classes_.tolist(), model.priors_.tolist(), model.mixtures_, strict=True)
    rows = tuple(
        (str(label), f"{prior:.4f}", str(mixture.n_components), mixture.family.name)
        for label, prior, mixture in told
    )
    table = Table(("class", "prior", "components", "of"), rows)
    return Section("classes", "The classes", (), (table,))


def _candidates(model: Any) -> list[Section]:
    """Return the models that were tried, where one was chosen for all classes."""
    tried = [one for one in getattr(model, "candidates_", []) if one["failure"] is None]
    if len(tried) < 2:
        return []
    names = [name for name in ("bic", "brier", "error") if name in tried[0]]
    rows = tuple(
        (
            one["covariance_type"],
            str(one["n_components"]),
            str(one["df"]),
            *(number(one[name]) for name in names),
        )
        for one in tried[:LISTED]
    )
    header = ("structure", "components", "df", *(name.upper() for name in names))
    table = Table(header, rows)
    return [Section("models", "Models that were tried, the best first", (), (table,))]
