"""Rows of known groups, as rows of one mixture that has the group for an item.

P(group, row) = Σ_k π_k P(group | k) Π_j f_kj(x_j), so the classes of a group have the weights
π_k P(group | k) / P(group), and the rows given their groups the likelihood of both less that of the
groups. An item that differs by group is a column for each of them, which the others lack: missing
cells are left out, so nothing is new to a fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.constrained import Constraints, OrdinalItem, rule_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.margins import marginal_of
from mixtura.components.product import ProductFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.resolution import column_steps
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = ["Joined", "joined", "ordinal_columns", "parts_of"]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]

# The column that is the group, and the owner of what all groups share.
GROUP = ALL = -1


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns of one family, side by side in what is fitted.

    Attributes
    ----------
    family, parameters : those of the rows without groups
    columns : of these rows, `GROUP` for the group
    owners : the group whose rows have the column, or `ALL`
    """

    family: Any
    parameters: Any
    columns: tuple[int, ...]
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Rows and groups together.

    Attributes
    ----------
    rows : (N, D') in which columns are missing where another group has them
    family : of these
    constraints : what its components are bound to, or None
    columns : (D',) which column of the rows without groups each is, -1 for the group
    owners : (D',) the group that has it, or -1
    """

    rows: Any
    family: Any
    constraints: Constraints | None
    columns: Codes
    owners: Codes

    def of_group(self, mixture: Mixture, group: int) -> tuple[Float, Any, Any]:
        """Return weights, family and parameters of the rows of one group.

        Parameters
        ----------
        mixture : of `rows`
        """
        own = (self.columns != GROUP) & ((self.owners == ALL) | (self.owners == group))
        places = np.flatnonzero(own)
        family, parameters = marginal_of(mixture.family, mixture.parameters, places.tolist())
        weights = mixture.weights * self.groups_given_class(mixture)[:, group]
        return weights / weights.sum(), family, parameters

    def groups_given_class(self, mixture: Mixture) -> Float:
        """Return P(group | k) (K, G)."""
        place = int(np.flatnonzero(self.columns == GROUP)[0])
        family, parameters = marginal_of(mixture.family, mixture.parameters, [place])
        return family.level_probabilities(parameters)


def joined(
    mixture: Mixture, rows: Any, groups: Codes, free: Sequence[int], weights: Float
) -> Joined:
    """Return rows with their groups.

    Parameters
    ----------
    mixture : of the rows without groups
    rows : (N, D) as its family reads them
    groups : (N,) from 0 on
    free : columns that differ by group
    weights : (N,)

    Raises
    ------
    ParameterError
        If columns are to differ that covary with others within a class.
    """
    n_groups = int(groups.max()) + 1
    blocks = _with_group(_blocks(mixture, free, n_groups))
    columns = np.array([column for block in blocks for column in block.columns])
    owners = np.array([owner for block in blocks for owner in block.owners])
    table = np.empty((len(rows), len(columns)), dtype=rows.dtype)
    found, start = [], 0
    for block in blocks:
        is_category = isinstance(block.family, CategoricalFamily)
        for place, (column, owner) in enumerate(
            zip(block.columns, block.owners, strict=True), start
        ):
            table[:, place] = groups if column == GROUP else rows[:, column]
            if owner != ALL:
                table[groups != owner, place] = -1 if is_category else np.nan
        stop = start + len(block.columns)
        found.append(_family(block, table[:, start:stop], weights, n_groups))
        start = stop
    family = found[0] if len(found) == 1 else ProductFamily(tuple(found))
    return Joined(table, family, _constraints(mixture, blocks, found), columns, owners)


def parts_of(mixture: Mixture) -> list[tuple[Any, Any, slice]]:
    """Return the families of a mixture, their parameters and columns."""
    family, parameters = mixture.family, mixture.parameters
    if isinstance(family, ProductFamily):
        return list(zip(family.families, parameters.parts, family.blocks, strict=True))
    return [(family, parameters, slice(0, family.n_columns))]


def _blocks(mixture: Mixture, free: Sequence[int], n_groups: int) -> list[_Block]:
    found = []
    for family, parameters, own in parts_of(mixture):
        columns, owners = [], []
        for column in range(own.start, own.stop):
            parts = range(n_groups) if column in free else [ALL]
            columns += [column] * len(parts)
            owners += parts
        form = getattr(family, "structure", None)
        covaries = form is not None and form.storage == "full"
        if covaries and len(columns) > own.stop - own.start:
            other = ", or fit a diagonal structure" if family.name == "gaussian" else ""
            raise ParameterError(
                "columns that covary within a class differ by group together or not at all; leave "
                f"free out{other}"
            )
        found.append(_Block(family, parameters, tuple(columns), tuple(owners)))
    return found


def _with_group(blocks: list[_Block]) -> list[_Block]:
    """Return blocks with the group behind the categories, or in a block of its own."""
    for place, block in enumerate(blocks):
        if isinstance(block.family, CategoricalFamily):
            wider = _Block(
                block.family, block.parameters, (*block.columns, GROUP), (*block.owners, ALL)
            )
            return [*blocks[:place], wider, *blocks[place + 1 :]]
    return [*blocks, _Block(CategoricalFamily(()), None, (GROUP,), (ALL,))]


def _family(block: _Block, rows: Any, weights: Float, n_groups: int) -> Any:
    """Return the family of the columns of a block, with those that differ once for each group."""
    first = min((column for column in block.columns if column != GROUP), default=0)
    own = [column - first for column in block.columns if column != GROUP]
    if isinstance(block.family, GaussianFamily | IncompleteGaussianFamily):
        source = ArrayRows(rows, weights)
        mean, spread = column_moments(source)
        kind = IncompleteGaussianFamily if np.isnan(rows).any() else GaussianFamily
        return kind.of(block.family.structure, mean, spread, steps=column_steps(source))
    if not isinstance(block.family, CategoricalFamily):
        return marginal_of(block.family, block.parameters, own)[0].reading(rows)
    levels = tuple(block.family.levels[column] for column in own)
    return CategoricalFamily((*levels, n_groups) if GROUP in block.columns else levels)


def ordinal_columns(mixture: Mixture) -> dict[int, OrdinalItem]:
    """Return the ordinal items of a mixture by their columns."""
    if mixture.constraints is None:
        return {}
    items = {item.first: item for item in mixture.constraints.ordinal}
    found, start = {}, 0
    for family, _, own in parts_of(mixture):
        if isinstance(family, CategoricalFamily):
            places = zip(range(own.start, own.stop), start + family.starts, strict=True)
            found |= {column: items[int(first)] for column, first in places if int(first) in items}
        start += _width(family)
    return found


def _constraints(mixture: Mixture, blocks: list[_Block], families: list[Any]) -> Constraints | None:
    """Return what the components are bound to: ordinal items, those of each group by themselves."""
    if mixture.constraints is None:
        return None
    items, found, start = ordinal_columns(mixture), [], 0
    for block, family in zip(blocks, families, strict=True):
        if isinstance(family, CategoricalFamily):
            for column, first in zip(block.columns, family.starts.tolist(), strict=True):
                item = items.get(column)
                found += [] if item is None else [replace(item, first=start + first)]
        start += _width(family)
    size = mixture.n_components
    free = Constraints.free(size, start)
    return Constraints(free.values, free.ties, tuple(found))


def _width(family: Any) -> int:
    """Return how many numbers a component has."""
    return max(part.stop for part in rule_of(family).arrays.values())
