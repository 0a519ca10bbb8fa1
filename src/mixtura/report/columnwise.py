"""What a page shows of columns that are independent in a component, whatever their family."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from mixtura.inference import dispersion
from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.certainty import certainty, note_sentences, shares_note, shares_of_modes
from mixtura.report.contents import Report
from mixtura.report.drawing import INK, colour, drawn_name, marker, tidy
from mixtura.report.parts import Drawing, FamilyPage
from mixtura.report.profile import drawn_components, name_components, unnamed_note
from mixtura.report.sections import Section
from mixtura.report.spread import MOST_ITEMS, spread_figure
from mixtura.report.tables import Table, component_titles
from mixtura.text import number, probability

__all__ = ["COLUMNS", "COLUMNWISE", "bin_masses", "columns_figure", "dispersed", "telling_columns"]

Float = NDArray[np.float64]

DRAWN_COLUMNS = 6
BINS = 60
# A column's axis ends where this share of its rows lies below.
KEPT = 0.995
# Points of a bin at which its share is taken from the density.
POINTS = 32
OPEN_ROWS = 24
# Scores of rows, N x M, that a page looks at.
MOST_SCORES = 20_000_000
MOST_COLUMNS = 24
# Where a ratio is above 1 beyond doubt, and enough to matter.
SURE, MUCH = 5.0, 1.2


def _moments(mixture: Mixture) -> tuple[Float, Float]:
    family: Any = mixture.family
    return family.column_moments(mixture.parameters)


def telling_columns(mixture: Mixture, count: int) -> list[int]:
    """Return the columns of which most of the variance lies between components, in order."""
    means, variances = _moments(mixture)
    with np.errstate(over="ignore", invalid="ignore"):
        between = mixture.weights @ (means - mixture.weights @ means) ** 2
        within = mixture.weights @ variances
        # Where squares are beyond numbers, columns come in their order.
        worth = np.nan_to_num(between / np.maximum(between + within, 1e-300), nan=0.0)
    return np.sort(np.argsort(-worth, kind="stable")[:count]).tolist()


def columns_figure(report: Report, canvas: Canvas = new_figure) -> Figure:
    """Draw the rows and the components in the columns that part them best."""
    mixture = report.result.mixture
    chosen = telling_columns(mixture, DRAWN_COLUMNS)
    across = min(len(chosen), 2)
    down = -(-len(chosen) // across)
    figure = canvas(4.6 * across + 0.6, 0.7 + 2.7 * down)
    panels = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    for axes, column in zip(panels, chosen, strict=False):
        _panel(
            tidy(axes, "y"), mixture.coded.marginal([column]), np.asarray(report.rows)[:, column]
        )
        axes.set_xlabel(drawn_name(report.columns[column]), parse_math=False)
    for axes in panels[len(chosen) :]:
        axes.set_visible(False)
    name_components(figure, mixture, color=INK, linewidth=1.8)
    return figure


def _panel(axes: Axes, margin: Mixture, values: Float) -> None:
    whole = margin.kinds[0].name == "count"
    values = values[~np.isnan(values)]
    last = max(float(np.quantile(values, KEPT)), 1.0 if whole else np.finfo(float).tiny)
    width = max(1.0, np.ceil((last + 1) / BINS)) if whole else last / BINS
    edges = np.arange(0, last + 1.5 * width, width)
    middles = edges[:-1] + (width - 1 if whole else width) / 2
    shift = 0.5 if whole else 0.0
    shares = np.histogram(values, edges - shift)[0] / len(values)
    axes.bar(middles, shares, 0.86 * width, color="#dfe4ea", linewidth=0)
    masses = margin.weights * bin_masses(margin, edges[:-1], width, whole=whole)
    for k in drawn_components(margin):
        style = {"marker": marker(k), "ms": 3.5} if whole else {}
        axes.plot(middles, masses[:, k], color=colour(k), linewidth=1.2, **style)
    axes.plot(middles, masses.sum(axis=1), color=INK, linewidth=1.8)
    axes.set_ylim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=whole))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def bin_masses(margin: Mixture, starts: Float, width: float, *, whole: bool) -> Float:
    """Return what share (B, K) of each component lies in bins, by points within them.

    Parameters
    ----------
    margin : of one column
    starts : (B,) of the bins
    width : of each, a whole number for counts
    whole : whether cells are counts, of which up to `POINTS` of a bin are looked at
    """
    count = min(int(width), POINTS) if whole else POINTS
    within = (np.arange(count) + (0.0 if whole else 0.5)) * width / count
    points = (starts[:, None] + (np.floor(within) if whole else within)).ravel()[:, None]
    each = np.zeros((len(points), margin.n_components))
    # Beyond the most that a count may be nothing lies.
    there = points[:, 0] <= margin.kinds[0].most
    each[there] = np.exp(margin.component_log_density(points[there]))
    return each.reshape(len(starts), count, -1).mean(axis=1) * width


def _spread(report: Report, canvas: Canvas) -> Figure:
    mixture = report.result.mixture
    chosen = telling_columns(mixture, MOST_ITEMS)
    means = _moments(mixture)[0][:, chosen]
    names = [report.columns[column] for column in chosen]
    return spread_figure(mixture, names, means, mixture.weights @ means, "mean", canvas)


def _of_columns(report: Report, most: int) -> str:
    count = report.result.mixture.n_columns
    if count <= most:
        return ""
    return f" Of {count} columns the {most} are shown that tell the components apart best."


def _centres(report: Report) -> list[Table]:
    """Return a table of each number of the family, and of means where they are none of these."""
    mixture = report.result.mixture
    family: Any = mixture.family
    chosen = telling_columns(mixture, MOST_ITEMS)
    header = ("", *component_titles(report))
    shown = {each.heading: getattr(mixture.parameters, each.name) for each in family.numbers}
    shown.setdefault("Means", _moments(mixture)[0])
    return [
        Table(
            header,
            tuple((report.columns[j], *map(number, array[:, j].tolist())) for j in chosen),
            f"{heading}.{_of_columns(report, MOST_ITEMS)}",
            folded=len(chosen) > OPEN_ROWS,
        )
        for heading, array in shown.items()
    ]


def dispersed(report: Report) -> list[Section]:
    """Return a table of dispersion, or nothing: of other columns, exposures, noise and weights."""
    result = report.result
    mixture = result.mixture
    counted = all(kind.name in ("count", "draws") for kind in mixture.kinds)
    plain = (report.labels >= 0).all() and np.isclose(result.total_weight, report.n_rows)
    small = len(report.rows) * result.n_parameters <= MOST_SCORES
    if not (counted and plain and small):
        return []
    found = dispersion(mixture.coded, report.rows, missing="marginal")
    together = [row for row in found.table() if row["component"] == "all"]
    together = [row for row in together if np.isfinite(row["ratio"])]
    more = [row for row in together if row["of"] == "variance" and row["z"] > SURE]
    remarks = [
        "How much counts vary, and how many zeros there are, over what the mixture says: 1 where "
        "it is right. z is of the ratio against 1, with what was estimated taken into account."
    ]
    worst = max(more, key=lambda row: row["ratio"], default=None)
    if worst is not None and worst["ratio"] > MUCH:
        where = f"Counts in '{worst['column']}'" if mixture.kinds[0].name == "count" else "Rows"
        remarks.append(
            f"{where} vary {worst['ratio']:.3g} times as much as the components say, which then "
            "stand for how counts vary as much as for kinds of rows; a family with a number for "
            "that fits better, such as negative binomials."
        )
    cells = tuple(
        (
            _called(row["column"], report),
            row["of"],
            f"{row['ratio']:.3f}",
            f"{row['z']:.2f}",
            probability(row["p_value"]),
        )
        for row in together[:MOST_COLUMNS]
    )
    table = Table(("", "of", "ratio", "z", "p"), cells, "Dispersion by column.")
    return [Section("dispersion", "Dispersion of counts", remarks, (table,))]


def _called(column: str, report: Report) -> str:
    names = list(report.result.mixture.column_names)
    return report.columns[names.index(column)] if column in names else column


COLUMNS = Drawing(
    "columns",
    "Rows and components",
    columns_figure,
    lambda report: (
        "Bars are the share of rows with each value, coloured lines the components times their "
        "weights, the dark line their sum. Where bars and dark line part, the model misses "
        "something." + _of_columns(report, DRAWN_COLUMNS)
    ),
    # A count's share is that of its row's exposure.
    lambda report: all(kind.name != "exposure" for kind in report.result.mixture.kinds),
)

COLUMNWISE = FamilyPage(
    figures=lambda _: (
        COLUMNS,
        Drawing(
            "profile",
            "Means of the components",
            _spread,
            lambda report: (
                "The mean of each column in each component. Upright marks are the whole mixture."
                + unnamed_note(report.result.mixture)
                + _of_columns(report, MOST_ITEMS)
            ),
            of_rows=False,
        ),
    ),
    component_columns=shares_of_modes,
    component_note=shares_note,
    centres=_centres,
    sections=dispersed,
    numbers=certainty,
    cautions=note_sentences,
)
