"""Options that commands of classes have alike."""

from typing import Any

import click

from mixtura.classes.enumeration import STARTS
from mixtura.cli.families import OFFERS
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.options import Sizes, Structures, folder_option, force_option, seed_option
from mixtura.data.joints import Joint, joints_of
from mixtura.errors import ParameterError
from mixtura.text import split_names

__all__ = [
    "class_family_option",
    "class_structure_option",
    "classes_option",
    "dependent_option",
    "dependent_pairs",
    "labels_option",
    "starts_option",
    "written_options",
]


def classes_option(default: str) -> Any:
    """Return the option of numbers of classes."""
    return click.option(
        "-k",
        "--classes",
        "sizes",
        type=Sizes(),
        default=default,
        show_default=True,
        help="Numbers of classes to try: 3, 2:5 or 2,4.",
    )


def written_options(words: str) -> Any:
    """Return what adds the options of what is written.

    Parameters
    ----------
    words : on the folder
    """
    options = (folder_option(words), force_option, seed_option, keep_formulas_option)

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


dependent_option = click.option(
    "--dependent",
    help="Pairs of items whose answers may depend on one another within a class, 'D:F,E:G'; each "
    "pair is an item of its own, 'D & F'.",
)


def dependent_pairs(asked: str | None, family: str) -> tuple[Joint, ...]:
    """Return the pairs that --dependent names.

    Raises
    ------
    ParameterError
        If it names no pairs, or the family is not of answers.
    """
    pairs = [one.split(":") for one in split_names(asked)]
    if pairs and family not in ("categorical", "mixed", "auto"):
        raise ParameterError(
            f"--dependent is of items that are answers, and --family {family} has other columns; "
            "leave it out"
        )
    return joints_of([tuple(map(str.strip, pair)) for pair in pairs])


class_family_option = click.option(
    "-f",
    "--family",
    type=click.Choice(list(OFFERS)),
    default="categorical",
    show_default=True,
    help="What the columns are: categorical for latent classes, gaussian for latent profiles, "
    "mixed; auto goes by the columns, and says how.",
)

class_structure_option = click.option(
    "-s",
    "--structure",
    "structures",
    type=Structures(),
    default="diag",
    show_default=True,
    help="Covariance structure of numbers: diag, EEI (the same in all classes), full, ...",
)

starts_option = click.option(
    "--starts",
    type=click.IntRange(1),
    default=STARTS,
    show_default=True,
    help="Starts carried to the end for each number of classes.",
)

labels_option = click.option(
    "--labels",
    help="Names for the classes, the largest first, separated by commas: 'low,middle,high'.",
)
