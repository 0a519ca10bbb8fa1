"""Compiled runs of counts, categories and chances, alone or beside Gaussian columns."""

from collections.abc import Sequence
from ctypes import addressof
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.compiled import CompiledRuns, held_shares
from mixtura.components.joint_packed import Joining, JointPacked
from mixtura.components.kernel import Terms
from mixtura.components.packed import Numbers
from mixtura.components.prior import ConjugatePrior, NoPrior
from mixtura.components.segments import Block, SegmentKind
from mixtura.components.weighing import Weighing
from mixtura.native.runs import Coded, Problem, Rows, Segment, address

__all__ = ["Joining", "JointKernel"]

Float = NDArray[np.float64]


def _only(parts: tuple[Any, ...]) -> Any:
    return parts[0]


ALONE = Joining(_only, _only, _only, lambda value: (value,))

# Prior, weighing, and how much digits are worth.
Key: TypeAlias = tuple[int, Weighing, float]


@dataclass(frozen=True, slots=True, eq=False)
class JointKernel(CompiledRuns):
    """Blocks of columns, ready to be run on; see `mixtura.components.kernel.Kernel`.

    Attributes
    ----------
    blocks : in the order of the columns; None stands for the Gaussian one
    gaussian : the kernel of the Gaussian columns alone, or None
    features : (P, n) those of the Gaussian columns or the constant, then those of the blocks
    weights : (n,) or None
    total_weight : Σ w
    softness : what part of every row a start gives to all components alike
    joining : of the blocks' values
    codes : (J, n) where the ones of cells stand among the features of all blocks that are coded,
        negative where they have none; None where no block is
    excluded : (K, n) which components rows cannot belong to, or None
    even : natural parameters that noise as the last component has of the features behind the first
        ones, their constants together before them; None: there is no noise
    beside : whether the last feature is one that only noise reads
    """

    blocks: tuple[Block | None, ...]
    gaussian: Any
    features: Float
    weights: Float | None
    total_weight: float
    softness: float
    joining: Joining
    codes: NDArray[np.int32] | None = None
    excluded: NDArray[np.bool_] | None = None
    even: Float | None = None
    beside: bool = False
    _problems: dict[Key, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        blocks: Sequence[Block | None],
        weights: Float | None,
        total_weight: float,
        softness: float,
        gaussian: Any = None,
        joining: Joining = ALONE,
    ) -> Self:
        """Return the kernel of blocks."""
        counted = [block.features for block in blocks if block is not None]
        if gaussian is None:
            first = np.ones((1, counted[0].shape[1]))
        else:
            first = gaussian.products[: gaussian.n_features]
        features = np.ascontiguousarray(np.concatenate([first, *counted]))
        own = None if weights is None else np.ascontiguousarray(weights)
        codes = _joined_codes(blocks)
        return cls(tuple(blocks), gaussian, features, own, total_weight, softness, joining, codes)

    def with_noise(self, told: Sequence[Any], beside: Float | None = None) -> Self:
        """Return the same with noise as the last component.

        Parameters
        ----------
        told : of each block, natural parameters (1 + E,), or of Gaussian columns the log density
        beside : (n,) what the log density of noise has beyond that, or None
        """
        gaussian = self.gaussian
        constant, even = 0.0, []
        for block, own in zip(self.blocks, told, strict=True):
            if block is None:
                gaussian = gaussian.with_noise(own)
                continue
            constant += own[0]
            even.append(own[1:])
        features = self.features
        if beside is not None:
            even.append(np.ones(1))
            features = np.concatenate([features, beside[None]])
        return replace(
            self,
            gaussian=gaussian,
            features=features,
            even=np.concatenate([[constant], *even]),
            beside=beside is not None,
            _problems={},
        )

    def excluding(self, excluded: NDArray[np.bool_]) -> Self:
        """Return the same loop over rows that are excluded from components, as in (K, n)."""
        return replace(self, excluded=np.ascontiguousarray(excluded), _problems={})

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.features.shape[1]

    @property
    def n_codes(self) -> int:
        """Return how many features are coded."""
        return sum(block.n_codes for block in self.blocks if block)

    @property
    def n_extras(self) -> int:
        """Return how many features the blocks but the Gaussian one have."""
        return sum(block.segments.width for block in self.blocks if block) + self.beside

    def packing(self, n_components: int) -> JointPacked:
        """Return the workspace of a mixture."""
        n_features = len(self.features) + self.n_codes
        if self.gaussian is None:
            numbers = Numbers(n_components, n_features, self.n_extras)
            return JointPacked(self, numbers, None)
        beside = self.gaussian.packing_beside(n_components, n_features, self.n_extras)
        return JointPacked(self, beside.numbers, beside)

    def tried(
        self, sources: Sequence[NDArray[Any]], n_components: int, terms: Terms, sweeps: int
    ) -> list[tuple[float, Float, Any] | None]:
        """Return where many starts lead in a few sweeps; labels are softened."""
        soft = [self._softened(source, n_components) for source in sources]
        # Named, as slots make a class of another identity.
        return CompiledRuns.tried(self, soft, n_components, terms, sweeps)

    def _softened(self, source: NDArray[Any], n_components: int) -> NDArray[Any]:
        if source.ndim > 1 or self.softness == 0:
            return source
        responsibilities = np.full((len(source), n_components), self.softness / n_components)
        responsibilities[np.arange(len(source)), source] += 1.0 - self.softness
        return responsibilities

    def problem(self, terms: Terms, far: float) -> Problem | None:
        """Return what C is told, or None for a prior that is no pseudo-rows."""
        key = id(terms.prior), terms.weighing, far
        if key not in self._problems:
            told = self._told(terms, far)
            if told is None:
                return None
            # All that C reads is kept, and the prior, or another might be given its identity.
            self._problems[key] = terms.prior, told
        return self._problems[key][1][0]

    def _told(self, terms: Terms, far: float) -> tuple[Any, ...] | None:
        pairs = list(zip(self.blocks, self._parts_of(terms.prior), strict=True))
        pseudo: list[Float] = []
        segments: list[Segment] = []
        for block, prior in pairs:
            if block is None:
                continue
            added = _pseudo_features(prior, block.segments.width)
            if added is None:
                return None
            pseudo.append(added[1:])
            segments += block.segments.told(added[0])
        held = held_shares(terms.weighing)
        problem = self._gaussian_problem(pairs, terms, held, far)
        if problem is None:
            return None
        if self.beside:
            pseudo.append(np.zeros(1))
            segments.append(Segment(SegmentKind.NOTHING, 1, 0, 0.0))
        every = (Segment * len(segments))(*segments)
        sums = np.concatenate(pseudo)
        features, weights = self.features, self.weights
        problem.rows = Rows(
            address(features),
            None if weights is None else address(weights),
            features.shape[1],
            features.strides[0] // features.itemsize,
            len(features),
        )
        coded = None
        if self.codes is not None:
            coded = Coded(address(self.codes), len(self.codes), self.n_codes)
            problem.rows.coded = addressof(coded)
        if self.excluded is not None:
            problem.rows.exclude(self.excluded)
        log_base = sum(block.log_base for block in self.blocks if block)
        problem.constant += log_base / self.total_weight
        problem.n_segments = len(segments)
        problem.segments = addressof(every)
        problem.pseudo = address(sums)
        even = None if self.even is None else self.even[1:].copy()
        if self.even is not None and even is not None:
            problem.even, problem.has_noise = address(even), 1
            problem.log_noise += float(self.even[0])
        return problem, every, sums, held, even, coded

    def _parts_of(self, prior: Any) -> Sequence[Any]:
        if isinstance(prior, NoPrior):
            return [prior] * len(self.blocks)
        return self.joining.parts(prior)

    def _gaussian_problem(
        self,
        pairs: Sequence[tuple[Block | None, Any]],
        terms: Terms,
        held: Float | None,
        far: float,
    ) -> Problem | None:
        """Return a copy of what C is told of the Gaussian columns, or of none."""
        if self.gaussian is None:
            return Problem(
                structure=NO_COLUMNS,
                total_weight=self.total_weight,
                concentration=terms.weighing.concentration,
                held_weights=None if held is None else address(held),
                far=far,
            )
        prior = next(prior for block, prior in pairs if block is None)
        found = self.gaussian.problem(Terms(prior, terms.weighing), far)
        return None if found is None else Problem.from_buffer_copy(found)


# Any structure whose components need no scatter in common.
NO_COLUMNS = 5


def _joined_codes(blocks: Sequence[Block | None]) -> NDArray[np.int32] | None:
    """Return the codes of all blocks among the coded features of all."""
    found, first = [], 0
    for block in blocks:
        if block is not None and block.codes is not None:
            found.append(np.where(block.codes < 0, block.codes, block.codes + np.int32(first)))
            first += block.n_codes
    return np.ascontiguousarray(np.concatenate(found)) if found else None


def _pseudo_features(prior: Any, width: int) -> Float | None:
    """Return the pseudo-rows' features (1 + E,), or None where a prior is none of such."""
    if isinstance(prior, ConjugatePrior):
        return prior.features
    return np.zeros(1 + width) if isinstance(prior, NoPrior) else None
