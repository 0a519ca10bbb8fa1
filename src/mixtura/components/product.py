"""Mixed columns: blocks of columns, each with a family of its own, independent in a component."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.arrays import Pairs
from mixtura.components.background import Backgrounds, Passes
from mixtura.components.beside_noise import BesideNoise
from mixtura.components.catalogue import FAMILIES
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.family import Evaluator, Family, Product
from mixtura.components.gaussian.kernel import GaussianKernel
from mixtura.components.joint import Joining, JointKernel
from mixtura.components.kernel import Kernel
from mixtura.components.wording import Wording
from mixtura.components.words import component_count
from mixtura.errors import DataError, ParameterError
from mixtura.kinds import ColumnKind
from mixtura.native.parts import DensePart
from mixtura.sums import Sums
from mixtura.text import Passage

__all__ = [
    "ProductEvaluator",
    "ProductFamily",
    "ProductMoments",
    "ProductParameters",
    "ProductPrior",
    "ProductSums",
    "arrays_of_block",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ProductParameters:
    """The parameters of each block, with the same K."""

    parts: tuple[Any, ...]

    @property
    def n_components(self) -> int:
        """Return K."""
        return self.parts[0].n_components

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        taken = (None if part is None else part.take(components) for part in self.parts)
        return type(self)(tuple(taken))

    def padded(self) -> Self:
        """Return the parameters themselves: no component is noise."""
        return self

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        blocks = zip(*(part.parts for part in parts), strict=True)
        return cls(tuple(type(block[0]).concatenate(block) for block in blocks))


@dataclass(frozen=True, slots=True)
class ProductSums(Sums):
    """The sums of each block."""

    parts: tuple[Any, ...]

    def __add__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, other: Self
    ) -> Self:
        """Merge the statistics of two disjoint sets of rows."""
        return type(self)(tuple(map(add, self.parts, other.parts)))

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(tuple(part.take(components) for part in self.parts))


@dataclass(frozen=True, slots=True)
class ProductMoments:
    """The moments of each block."""

    parts: tuple[Any, ...]

    @property
    def effective_rows(self) -> Float:
        """Return N_k (K,)."""
        return self.parts[0].effective_rows

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together."""
        return type(self)(tuple(map(add, self.parts, other.parts)))

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        return type(self)(tuple(part.times(factor) for part in self.parts))

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        return type(self)(tuple(part.take(components) for part in self.parts))

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components have no spread in some direction of some block."""
        return np.any([part.collapsed() for part in self.parts], axis=0)


@dataclass(frozen=True, slots=True)
class ProductPrior:
    """The penalty of each block."""

    parts: tuple[Any, ...]

    @property
    def supports(self) -> bool:
        """Return whether that of some block supports its components."""
        return any(part.supports for part in self.parts)

    def augment(self, moments: ProductMoments) -> ProductMoments:
        """Return the moments of the blocks, each with the pseudo-rows of its penalty."""
        pairs = zip(self.parts, moments.parts, strict=True)
        return ProductMoments(tuple(prior.augment(part) for prior, part in pairs))

    def log_density(self, parameters: ProductParameters) -> float:
        """Return the sum of the blocks' penalties."""
        return sum(map(_log_density, self.parts, parameters.parts))


def arrays_of_block(arrays: Mapping[str, NDArray[Any]], number: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of a model file that are of one block."""
    start = f"{number}."
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


JOINING = Joining(ProductParameters, ProductSums, ProductMoments, lambda value: value.parts)


def _log_density(prior: Any, parameters: Any) -> float:
    return prior.log_density(parameters)


@final
class ProductEvaluator:
    """The evaluators of the blocks; the mixing weights are folded into the first."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Evaluator]) -> None:
        self.parts = parts

    @property
    def n_components(self) -> int:
        """Return K."""
        return self.parts[0].n_components

    def log_density(self, prepared: tuple[Any, ...], out: Float) -> None:
        """Write the sum of the blocks' log densities into `out` (K, n)."""
        self.parts[0].log_density(prepared[0], out)
        scratch = np.empty_like(out) if len(self.parts) > 1 else out
        for part, tile in zip(self.parts[1:], prepared[1:], strict=True):
            part.log_density(tile, scratch)
            np.add(out, scratch, out=out)

    def product(self) -> Product | None:
        """Return the parts of all blocks, or None where a block does more."""
        found: list[Product] = []
        for part in self.parts:
            product = part.product()
            if not isinstance(product, Product) or len(product.parts) != 1:
                return None
            if isinstance(product.parts[0], DensePart) and product.parts[0].centred is not None:
                return None
            found.append(product)

        def freeze(sums: Sequence[Float]) -> ProductSums:
            own = zip(found, sums, strict=True)
            return ProductSums(tuple(product.freeze([each]) for product, each in own))

        return Product(tuple(product.parts[0] for product in found), freeze)

    def centre_on(self, parameters: ProductParameters) -> None:
        """Take each block's sums about its parameters' means, if there are any."""
        # What only noise reads stands last, and is about nothing.
        for part, about in zip(self.parts, parameters.padded().parts, strict=False):
            if about is not None:
                part.centre_on(about)

    def zeros(self) -> list[Any]:
        """Return the blocks' totals."""
        return [part.zeros() for part in self.parts]

    def accumulate(
        self, prepared: tuple[Any, ...], responsibilities: Float, totals: list[Any]
    ) -> None:
        """Add a tile to the blocks' totals."""
        for part, tile, total in zip(self.parts, prepared, totals, strict=True):
            part.accumulate(tile, responsibilities, total)

    def sums(self, totals: list[Any]) -> ProductSums:
        """Freeze the totals."""
        return ProductSums(
            tuple(part.sums(total) for part, total in zip(self.parts, totals, strict=True))
        )


@final
@dataclass(frozen=True)
class ProductFamily:
    """K products of blocks: log f_k(x) = Σ_b log f_kb(x_b), each block of its own family.

    Attributes
    ----------
    families : of the blocks, whose columns follow one another
    """

    families: tuple[BesideNoise, ...]

    name: ClassVar[str] = "mixed"
    has_noise: ClassVar[bool] = False

    @property
    def start_softness(self) -> float:
        """Return the largest softness that a block asks for."""
        return max(family.start_softness for family in self.families)

    @property
    def fewest_rows(self) -> float:
        """Return the most that a block needs."""
        return max(family.fewest_rows for family in self.families)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return sum(family.n_columns for family in self.families)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return the kinds of the blocks' columns."""
        return tuple(kind for family in self.families for kind in family.kinds)

    @property
    def blocks(self) -> list[slice]:
        """Return the columns of each block."""
        bounds = np.cumsum([0, *(family.n_columns for family in self.families)]).tolist()
        return [slice(*pair) for pair in pairwise(bounds)]

    @property
    def block_names(self) -> list[str]:
        """Return the names of the blocks' families, numbered where one occurs twice."""
        names = [family.name for family in self.families]
        return [
            name if names.count(name) == 1 else f"{name}{names[:block].count(name)}"
            for block, name in enumerate(names)
        ]

    def reading(self, rows: Any) -> "ProductFamily":
        """Return the blocks set to read their columns."""
        pairs = zip(self.families, self.blocks, strict=True)
        return ProductFamily(tuple(family.reading(rows[:, block]) for family, block in pairs))

    def n_features(self) -> int:
        """Return ΣP."""
        return sum(family.n_features() for family in self.families)

    def workspace(self, n_rows: int) -> tuple[Any, ...]:
        """Return the blocks' buffers."""
        return tuple(family.workspace(n_rows) for family in self.families)

    def prepare(self, rows: Float, workspace: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the blocks' tiles."""
        return tuple(
            family.prepare(rows[:, block], room)
            for family, block, room in zip(self.families, self.blocks, workspace, strict=True)
        )

    def bind(self, log_weights: Float, parameters: ProductParameters) -> ProductEvaluator:
        """Return the evaluator of one sweep."""
        nothing = np.zeros_like(log_weights)
        return ProductEvaluator(
            [
                family.bind(nothing if block else log_weights, part)
                for block, (family, part) in enumerate(self._with(parameters))
            ]
        )

    def unbound(self, n_components: int) -> ProductEvaluator:
        """Return an evaluator that accumulates only."""
        return ProductEvaluator([family.unbound(n_components) for family in self.families])

    def shared(self, prepared: tuple[Any, ...], row_weights: Float | None) -> ProductSums:
        """Return the blocks' sums that involve no component."""
        return ProductSums(
            tuple(
                family.shared(tile, row_weights)
                for family, tile in zip(self.families, prepared, strict=True)
            )
        )

    def offset(
        self, parameters: ProductParameters, sums: ProductSums, shared: ProductSums
    ) -> float:
        """Return the sum of the blocks' offsets."""
        parts = zip(self.families, parameters.parts, sums.parts, shared.parts, strict=True)
        return sum(family.offset(*three) for family, *three in parts)

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: ProductSums, distinct_share: float
    ) -> Kernel | None:
        """Return a compiled loop over rows (n, D), or None where a block has none."""
        gaussian, blocks = None, []
        parts = zip(self.families, self.blocks, shared.parts, strict=True)
        for family, columns, own in parts:
            if isinstance(family, ExponentialFamily):
                block = family.block(rows[:, columns], own)
                if block is None:
                    return None
                blocks.append(block)
                continue
            other = family.kernel(rows[:, columns], row_weights, own, distinct_share)
            # Missing cells of one block do not go together with the features of another.
            if gaussian is not None or not isinstance(other, GaussianKernel):
                return None
            gaussian = other
            blocks.append(None)
        if len(blocks) < 2:
            return None
        total = float(len(rows) if row_weights is None else row_weights.sum())
        return JointKernel.of(blocks, row_weights, total, self.start_softness, gaussian, JOINING)

    def moments(
        self, sums: ProductSums, previous: ProductParameters | None, shared: ProductSums
    ) -> ProductMoments:
        """Return the blocks' moments."""
        earlier = self._parts_of(previous)
        parts = zip(self.families, sums.parts, earlier, shared.parts, strict=True)
        return ProductMoments(tuple(family.moments(*three) for family, *three in parts))

    def maximise(
        self, moments: ProductMoments, previous: ProductParameters | None, prior: ProductPrior
    ) -> ProductParameters:
        """Return the blocks' parameters: given the responsibilities, each is maximised alone."""
        earlier = self._parts_of(previous)
        parts = zip(self.families, moments.parts, earlier, prior.parts, strict=True)
        return ProductParameters(tuple(family.maximise(*three) for family, *three in parts))

    def expected_log_density(self, parameters: ProductParameters, moments: ProductMoments) -> float:
        """Return the sum of the blocks' expected log densities."""
        parts = zip(self.families, parameters.parts, moments.parts, strict=True)
        return sum(family.expected_log_density(*two) for family, *two in parts)

    def n_free(self, n_components: int) -> int:
        """Return the sum of the blocks' free parameters."""
        return sum(family.n_free(n_components) for family in self.families)

    def prior(self, name: Any, shared: ProductSums, n_components: int) -> ProductPrior:
        """Return the penalty of that name for every block."""
        if isinstance(name, ProductPrior):
            return name
        parts = zip(self.families, shared.parts, strict=True)
        return ProductPrior(tuple(family.prior(name, part, n_components) for family, part in parts))

    def coordinates(self, moments: ProductMoments, total: float) -> Float:
        """Return the coordinates of the blocks, one after the other."""
        blocks = zip(self.families, moments.parts, strict=True)
        return np.concatenate([family.coordinates(part, total) for family, part in blocks])

    def moments_at(
        self, coordinates: Float, like: ProductMoments, total: float
    ) -> ProductMoments | None:
        """Return the moments at a point, or None where a block has none."""
        parts, start = [], 0
        for family, part in zip(self.families, like.parts, strict=True):
            size = len(family.coordinates(part, total))
            parts.append(family.moments_at(coordinates[start : start + size], part, total))
            start += size
        return None if any(part is None for part in parts) else ProductMoments(tuple(parts))

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: blocks of counts have no such coordinates."""
        return

    def centres(
        self, previous: ProductParameters | None, sums: ProductSums, moments: ProductMoments
    ) -> ProductParameters | None:
        """Return parameters with other means in the blocks whose sums lost digits."""
        earlier = self._parts_of(previous)
        blocks = zip(self.families, earlier, sums.parts, moments.parts, strict=True)
        found = [family.centres(*three) for family, *three in blocks]
        if all(part is None for part in found):
            return None
        pairs = zip(found, earlier, strict=True)
        return ProductParameters(tuple(old if part is None else part for part, old in pairs))

    @property
    def wording(self) -> Wording:
        """Return the words of all blocks together."""
        return Wording.beside([family.wording for family in self.families])

    def unsupported(self, parameters: ProductParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components have too few rows for some block."""
        blocks = zip(self.families, parameters.parts, strict=True)
        return np.any([family.unsupported(part, support) for family, part in blocks], axis=0)

    def borrowed(self, moments: ProductMoments) -> ProductMoments:
        """Return the moments of a start, whose components on few rows borrow of all others."""
        pairs = zip(self.families, moments.parts, strict=True)
        return ProductMoments(tuple(family.borrowed(part) for family, part in pairs))

    def widened(
        self, parameters: ProductParameters, which: NDArray[np.bool_], shared: ProductSums
    ) -> ProductParameters:
        """Return parameters in which some components are as wide as all rows in every block."""
        parts = zip(self.families, parameters.parts, shared.parts, strict=True)
        return ProductParameters(
            tuple(family.widened(part, which, own) for family, part, own in parts)
        )

    def flat(
        self, parameters: ProductParameters, effective_rows: Float, prior: ProductPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width of their own, by component."""
        parts = zip(self.families, parameters.parts, prior.parts, strict=True)
        return self._by_columns(
            family.flat(part, effective_rows, own) for family, part, own in parts
        )

    def finer(self, parameters: ProductParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components are narrower than values step, by component."""
        pairs = zip(self.families, parameters.parts, strict=True)
        return self._by_columns(family.finer(part) for family, part in pairs)

    def excess(self, parameters: ProductParameters, shared: ProductSums) -> Float:
        """Return the sum of the blocks' (K,)."""
        blocks = zip(self.families, parameters.parts, shared.parts, strict=True)
        return reduce(add, (family.excess(part, own) for family, part, own in blocks))

    def _by_columns(
        self, of_blocks: Iterable[Mapping[int, tuple[int, ...]]]
    ) -> dict[int, tuple[int, ...]]:
        """Return what blocks say of their own columns, said of all columns."""
        found: dict[int, tuple[int, ...]] = {}
        for block, own in zip(self.blocks, of_blocks, strict=True):
            for component, columns in own.items():
                earlier = found.get(component, ())
                found[component] = (*earlier, *(block.start + column for column in columns))
        return found

    def rounding(self, parameters: ProductParameters, moments: ProductMoments) -> float:
        """Return the sum of the blocks'."""
        blocks = zip(self.families, parameters.parts, moments.parts, strict=True)
        return sum(family.rounding(*parts) for family, *parts in blocks)

    def merging_losses(
        self, parameters: ProductParameters, moments: ProductMoments, pairs: Pairs
    ) -> Float:
        """Return the sum of the blocks' losses (M,)."""
        blocks = zip(self.families, parameters.parts, moments.parts, strict=True)
        losses = (family.merging_losses(own, sums, pairs) for family, own, sums in blocks)
        return reduce(add, losses)

    def embed(self, rows: Float) -> Float:
        """Return the blocks' points side by side, each block with variance 1 for each column."""
        points = []
        for family, block in zip(self.families, self.blocks, strict=True):
            embedded = np.asarray(family.embed(rows[:, block]), dtype=np.float64)
            spread = embedded.var(axis=0).sum()
            points.append(embedded * np.sqrt(family.n_columns / spread if spread > 0 else 1.0))
        return np.hstack(points)

    def in_user_units(
        self, parameters: ProductParameters
    ) -> tuple["ProductFamily", ProductParameters]:
        """Return the families and parameters out of their frames."""
        pairs = [family.in_user_units(part) for family, part in self._with(parameters)]
        return ProductFamily(tuple(family for family, _ in pairs)), ProductParameters(
            tuple(part for _, part in pairs)
        )

    def in_frame(self, parameters: ProductParameters) -> ProductParameters:
        """Return parameters given in the user's units in the blocks' frames."""
        parts = (family.in_frame(part) for family, part in self._with(parameters))
        return ProductParameters(tuple(parts))

    def row_log_density(self, rows: Float, parameters: ProductParameters) -> Float:
        """Return log f_k(x) (n, K)."""
        return reduce(add, self._by_block(rows, parameters, lambda family: family.row_log_density))

    def compiled_rows(self, parameters: ProductParameters) -> None:
        """Return None: log densities of blocks add up."""
        return

    def far_posterior(self, rows: Float, parameters: ProductParameters) -> Float:
        """Return the product of what the blocks say of such rows."""
        product = reduce(
            np.multiply, self._by_block(rows, parameters, lambda family: family.far_posterior)
        )
        total = product.sum(axis=1, keepdims=True)
        return np.where(total > 0, product / np.where(total > 0, total, 1.0), 1 / product.shape[1])

    def sample(
        self, parameters: ProductParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label."""
        return np.hstack(
            [family.sample(part, labels, rng) for family, part in self._with(parameters)]
        )

    def title(self, n_components: int) -> str:
        """Return "Mixture of mixed columns, 3 components", and what the blocks are."""
        blocks = (
            f"{family.n_columns} {family.name}"
            + (" column" if family.n_columns == 1 else " columns")
            for family in self.families
        )
        return f"Mixture of mixed columns, {component_count(n_components)}\n" + ", ".join(blocks)

    def tables(
        self, parameters: ProductParameters, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return the blocks' tables."""
        return [
            table
            for (family, part), block in zip(self._with(parameters), self.blocks, strict=True)
            for table in family.tables(part, columns[block], names)
        ]

    def describe(self, parameters: ProductParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the blocks as plain tables, by the name of their family."""
        return {
            family.name: family.describe(part, columns[block])
            for (family, part), block in zip(self._with(parameters), self.blocks, strict=True)
        }

    def to_arrays(
        self, parameters: ProductParameters
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays, named by block, and the document of a model file."""
        arrays: dict[str, NDArray[Any]] = {}
        blocks = []
        for number, (family, part) in enumerate(self._with(parameters)):
            own, document = family.to_arrays(part)
            arrays |= {f"{number}.{name}": array for name, array in own.items()}
            blocks.append(document)
        return arrays, {"family": self.name, "blocks": blocks}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["ProductFamily", ProductParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of such blocks, or blocks differ in K.
        """
        pairs = []
        for number, block in enumerate(document["blocks"]):
            own = arrays_of_block(arrays, number)
            pairs.append(FAMILIES[block["family"]].from_arrays(own, block))
        parameters = ProductParameters(tuple(part for _, part in pairs))
        if len({part.n_components for part in parameters.parts}) != 1:
            raise ParameterError("the blocks of a mixed mixture should have the same K")
        return cls(tuple(family for family, _ in pairs)), parameters

    def beside_noise(self) -> "ProductFamily":
        """Return the blocks as they are beside noise."""
        return ProductFamily(tuple(family.beside_noise() for family in self.families))

    def background(self, passes: Passes) -> Backgrounds:
        """Return the product of the blocks' backgrounds."""
        blocks = zip(self.families, self.blocks, strict=True)
        parts = (family.background(_of_block(passes, block)) for family, block in blocks)
        return Backgrounds(tuple(parts), tuple(family.n_columns for family in self.families))

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> Backgrounds:
        """Return the background of the arrays of a model file."""
        parts = (
            family.stored_background(arrays_of_block(arrays, number))
            for number, family in enumerate(self.families)
        )
        return Backgrounds(tuple(parts), tuple(family.n_columns for family in self.families))

    def hold(
        self,
        evaluator: ProductEvaluator,
        places: NDArray[np.intp],
        log_weights: Float,
        background: Backgrounds,
    ) -> None:
        """Give some components the log density of the background, and these weights, instead."""
        blocks = zip(self.families, evaluator.parts, background.parts, strict=True)
        for number, (family, part, own) in enumerate(blocks):
            family.hold(part, places, log_weights * (number == 0), own)

    def expected_of(
        self, sums: ProductSums, which: NDArray[np.bool_], background: Backgrounds
    ) -> float:
        """Return the sum of what the blocks' backgrounds have of some components' sums."""
        blocks = zip(self.families, sums.parts, background.parts, strict=True)
        return sum(family.expected_of(part, which, own) for family, part, own in blocks)

    @property
    def adds_feature(self) -> bool:
        """Return whether the background of some block has a feature of its own."""
        return any(family.adds_feature for family in self.families)

    def feature_beside(self, rows: Any, background: Backgrounds) -> Float | None:
        """Return the sum of the blocks' features of the background, or None where there is none."""
        blocks = zip(self.families, self.blocks, background.parts, strict=True)
        found = [family.feature_beside(rows[:, block], own) for family, block, own in blocks]
        some = [each for each in found if each is not None]
        return reduce(add, some) if some else None

    def kernel_beside(
        self, kernel: Any, background: Backgrounds, beside: Float | None
    ) -> Any | None:
        """Return a compiled loop told of noise and its feature (n,), or None."""
        blocks = zip(self.families, background.parts, strict=True)
        return kernel.with_noise([family.told_of(own) for family, own in blocks], beside)

    def _with(self, parameters: ProductParameters) -> list[tuple[Family, Any]]:
        return list(zip(self.families, parameters.parts, strict=True))

    def _parts_of(self, parameters: ProductParameters | None) -> Sequence[Any]:
        return (None,) * len(self.families) if parameters is None else parameters.parts

    def _by_block(
        self, rows: Float, parameters: ProductParameters, method: Callable[[Family], Any]
    ) -> list[Float]:
        if issparse(rows):
            raise DataError("X is sparse, and blocks of columns are dense; call its .toarray()")
        return [
            method(family)(rows[:, block], part)
            for (family, part), block in zip(self._with(parameters), self.blocks, strict=True)
        ]


def _of_block(passes: Passes, block: slice) -> Passes:
    """Return passes over the columns of a block."""
    return lambda: ((rows[:, block], weights) for rows, weights in passes())
