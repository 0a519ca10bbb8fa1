"""`mixtura merge MODEL FILES`: components merged into clusters, and which row is in which."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from mixtura.archive import read_archive
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.answers import CLUSTERS, answers_of, described_rows
from mixtura.cli.class_tables import write_csv
from mixtura.cli.contradictions import check_written
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.options import folder_option, force_option, missing_option, weights_option
from mixtura.cli.output import MERGING, MODEL, REPORT, Output, output_folder, summed_up, told
from mixtura.cli.rows import read_without, weights_of
from mixtura.data.paths import called_together
from mixtura.errors import ParameterError
from mixtura.estimators.stored import arrays_kept
from mixtura.inference import Merging
from mixtura.inference import merge as merged
from mixtura.inference.pairs import METHODS
from mixtura.mixture.tables import rows_of
from mixtura.report import PAGE_PACKAGES, require
from mixtura.report.compared import merged_sheet
from mixtura.report.sheet import write_sheet
from mixtura.scoring.assigned import AssignedRows, assigned_rows
from mixtura.store import save
from mixtura.text.formulas import cells_written

__all__ = ["merge"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--criterion",
    type=click.Choice(METHODS),
    default="entropy",
    show_default=True,
    help="What pairs are merged for: entropy or overlap of their rows; of Gaussian components also "
    "their shapes (bhattacharyya, ridge), the dip test or the modes of the density.",
)
@click.option(
    "-c",
    "--clusters",
    type=click.IntRange(1),
    help="Number of clusters; default that of the criterion: by entropy, where its curve bends.",
)
@missing_option
@weights_option
@click.option("--id", "id_column", help="Column that identifies a row in assignments.csv.")
@click.option("--proba", is_flag=True, help="Write the probabilities of all clusters too.")
@folder_option("Folder for the model, assignments.csv, merging.csv and report.html.")
@force_option
@keep_formulas_option
def merge(
    model: Path,
    files: tuple[str, ...],
    criterion: str,
    clusters: int | None,
    missing: str | None,
    weights: str | None,
    id_column: str | None,
    proba: bool,
    output: Path | None,
    force: bool,
    keep_formulas: bool,
) -> None:
    """Merge the components of MODEL into clusters, by the rows of FILES.

    A cluster that is not of the components' form takes several of them. Prints the tree; with -o a
    model file that says which components are one cluster, as mixtura predict heeds, the cluster of
    each row, the tree and a report are written to a new folder.
    """
    check_written(output, {"--force": force, "--keep-formulas": keep_formulas, "--proba": proba})
    arrays, document = read_archive(model)
    mixture, facts = described_rows(model, arrays, document)
    most = mixture.n_components - int(mixture.family.has_noise)
    if clusters is not None and clusters > most:
        raise ParameterError(
            f"-c {clusters} is more than the {most} components of '{model}'; give fewer"
        )
    called = called_together(files)
    with nullcontext() if output is None else output_folder(output, force=force) as folder:
        if folder is not None:
            require(*PAGE_PACKAGES)
        with in_words_of_the_command(called):
            table = read_without(files, called, missing, (weights, id_column))
            rows = rows_of(mixture, table)
            counted = weights_of(table, weights)
            tree = merged(mixture.coded, rows, sample_weight=counted, criterion=criterion)
        size = tree.n_clusters if clusters is None else clusters
        names = None if id_column is None else table.column(id_column)
        with summed_up(tree.summary):
            if folder is not None:
                described = document.get("estimator")
                estimator = None if described is None else (arrays_kept(arrays), described)
                clustered = {**facts, CLUSTERS: [list(part) for part in tree.partition(size)]}
                with told(folder.shown):
                    save(folder.partial / MODEL, mixture, clustered, estimator)
                found = assigned_rows(
                    answers_of(folder.partial / MODEL),
                    rows,
                    names,
                    id_column,
                    keep_formulas,
                    weights=counted,
                    all_components=proba,
                )
                _write(folder, tree, size, table.path.name, found)


def _write(folder: Output, tree: Merging, size: int, source: str, found: AssignedRows) -> None:
    """Write what stands beside the model, and put all in place together."""
    with told(folder.shown):
        found.write(folder.partial / found.file)
        write_csv(folder.partial / MERGING, _tabled(tree), cells_written(keep_formulas=False))
        sheet = merged_sheet(tree, size, found.sizes, source)
        write_sheet(folder.partial / REPORT, sheet)
    folder.hand_over(MODEL, found.file, MERGING, REPORT)


def _tabled(tree: Merging) -> list[dict[str, Any]]:
    """Return the tree as rows of text and numbers."""
    return [
        {
            "n_clusters": row["n_clusters"],
            "entropy": row["entropy"],
            "merged": "" if row["merged"] is None else "+".join(map(str, row["merged"])),
            "gain": row["gain"],
            "components": " ".join("+".join(map(str, part)) for part in row["components"]),
        }
        for row in tree.table()
    ]
