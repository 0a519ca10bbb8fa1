"""The families of blocks of mixed columns, made for the rows that are to be fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mixtura.components.catalogue import ROWS
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import RowSource, blocks_of
from mixtura.data.checks import check_varying, words_of_one_value
from mixtura.data.columns import column_moments
from mixtura.data.gaps import Gaps
from mixtura.data.levels import Labels
from mixtura.data.resolution import column_steps
from mixtura.data.stand_ins import ends_of
from mixtura.estimators.columnwise import family_of_rows, notes_of
from mixtura.estimators.gaps import family_for

__all__ = ["BlockSettings", "block_family"]


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """What is said of all blocks.

    Attributes
    ----------
    covariance_type : of the Gaussian one
    prior : by name, or one of the user's own
    remedy : what may be done about a column of one value
    """

    covariance_type: str
    prior: Any
    remedy: str


def block_family(
    kind: str,
    source: RowSource,
    names: Sequence[str | int],
    labels: Sequence[Labels],
    settings: BlockSettings,
    note: Callable[..., None],
) -> Any:
    """Return the family of a block.

    Parameters
    ----------
    kind : of its columns
    source : its rows
    names : of its columns, or their places
    labels : of each of them its levels, none where it holds numbers
    note : is told what is to be said of the rows
    """
    if kind not in ("gaussian", "categorical"):
        family = family_of_rows(
            ROWS[kind], source, names, prior=settings.prior, constant=settings.remedy
        )
        for sentence in notes_of(family, source, kind) if family.gaps else []:
            note(sentence)
        for sentence in words_of_one_value(*ends_of(source), names):
            note(sentence, warn=True)
        return family
    gaps = Gaps.among((block.rows for block in blocks_of(source)), kind == "categorical")
    if gaps.n_missing:
        note(gaps.words(kind))
    if kind == "categorical":
        return CategoricalFamily.of(tuple(labels), (block.rows for block in blocks_of(source)))
    form, family = structure(settings.covariance_type), family_for(source, names)
    mean, spread = column_moments(source)
    if form.storage != "spherical":
        check_varying(spread, names, settings.remedy)
    return family.of(form, mean, spread, steps=column_steps(source))
