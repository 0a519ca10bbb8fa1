"""The pages of components merged into clusters, and of two models compared."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mixtura.agreement import Comparison
from mixtura.data.gaps import words_of_empty
from mixtura.inference import Merging
from mixtura.report.sections import Section
from mixtura.report.sheet import Picture, Sheet
from mixtura.report.tables import Table
from mixtura.text import component_names, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["compared_sheet", "merged_sheet"]


def merged_sheet(tree: Merging, n_clusters: int, sizes: NDArray[Any], source: str) -> Sheet:
    """Return what a page shows of components merged into clusters.

    Parameters
    ----------
    tree : all merges
    n_clusters : how many clusters were chosen
    sizes : (C,) the weight of the rows in each, those of noise last
    source : where the rows came from
    """
    found = tree.mixture
    entropy = tree.entropies[n_clusters - 1]
    numbers = [
        ("clusters", str(n_clusters), f"{tree.n_clusters} by {tree.criterion}"),
        ("components", str(len(tree.entropies)), "noise not counted"),
        ("entropy", f"{entropy:.3f}", "nats of doubt between clusters, all rows"),
        ("before", f"{tree.entropies[-1]:.3f}", "nats of doubt between components"),
    ]

    def draw() -> "Figure":
        from mixtura.report.agreement import merging_figure

        return merging_figure(tree)

    caption = (
        "How much doubt there is about the cluster of each row. The ring is where merging ends by "
        "the criterion; from there to the left merges put together what rows tell apart."
    )
    partition = tree.partition(n_clusters)
    clusters = tuple(
        (
            str(place),
            " + ".join(map(str, part)),
            f"{found.weights[list(part)].sum():.4f}",
            f"{sizes[place]:.10g}",
        )
        for place, part in enumerate(partition)
    )
    merges = tuple(
        (
            str(row["n_clusters"]),
            number(row["entropy"]),
            "" if row["gain"] is None else number(row["gain"]),
            "  ".join("+".join(map(str, part)) for part in row["components"]),
        )
        for row in tree.table()
    )
    return Sheet(
        f"Clusters of {source}",
        f"{len(tree.entropies)} components merged by {tree.criterion}",
        source,
        numbers,
        [Picture("entropy", "How many clusters", draw, caption)],
        [
            Section(
                "clusters",
                "The clusters",
                (),
                (Table(("cluster", "components", "weight", "rows"), clusters),),
            ),
            Section(
                "tree",
                "The tree",
                (),
                (Table(("clusters", "entropy", "merged for", "which"), merges, prose=True),),
            ),
        ],
    )


def compared_sheet(found: Comparison, models: tuple[str, str], source: str) -> Sheet:
    """Return what a page shows of two models of the same rows.

    Parameters
    ----------
    found : what they say
    models : what they are called
    source : where the rows came from
    """
    one, other = found.log_likelihoods
    moved, counted = int(found.changed.sum()), len(found.labels) - found.n_silent
    numbers = [
        ("agreement", f"{found.agreement:.4f}", f"{moved} of {counted} rows change"),
        ("adjusted Rand", f"{found.adjusted_rand:.4f}", "1 is the same groups, 0 chance"),
        ("first", f"{one:.3f}", "log-likelihood in nats"),
        (
            "second",
            f"{other:.3f}",
            f"{found.difference:+.3f}, standard error {found.standard_error:.3f}",
        ),
    ]
    matching = found.matching
    sides = (matching.known, matching.found)
    rows, columns = ([_called(label) for label in each.tolist()] for each in sides)

    def draw() -> "Figure":
        from mixtura.report.agreement import confusion_figure

        return confusion_figure(matching.counts, rows, columns, ("first", "second"))

    caption = (
        "Groups of the first model in rows, of the second in columns, which are in the order of "
        "those they are matched with: rows on the diagonal stay where they are."
    )
    cells = tuple(
        (name, *(f"{count:.10g}" for count in counts))
        for name, counts in zip(rows, matching.counts, strict=True)
    )
    table = Table(("", *columns), cells)
    said = (f"{words_of_empty(found.n_silent)}.",) if found.n_silent else ()
    return Sheet(
        f"Two models of {source}",
        f"{models[0]} and {models[1]}",
        source,
        numbers,
        [Picture("matched", "Which groups stand for which", draw, caption)],
        [Section("table", "Rows in each two groups", said, (table,))],
    )


def _called(label: Any) -> str:
    return component_names([label])[0] if isinstance(label, int) else str(label)
