"""Degrees of freedom: free in each component, the same in all, or held."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gamma_shapes import log_gap, shapes_of
from mixtura.errors import ParameterError

__all__ = ["LEAST", "MOST", "START", "Degrees"]

Float = NDArray[np.float64]

# The range of free ones: beyond the upper end a t density is a Gaussian for all that rows say.
LEAST, MOST = 0.5, 200.0
# Of a start: tails that let a wild row go, and rows of a Gaussian count nearly alike.
START = 8.0
TINY = 1e-290


@dataclass(frozen=True, slots=True)
class Degrees:
    """What degrees of freedom are.

    Attributes
    ----------
    held : the numbers of the components, or one for all; none where they are free
    shared : whether free ones are the same in all components
    """

    held: tuple[float, ...] = ()
    shared: bool = False

    WORDS: ClassVar[str] = (
        'degrees_of_freedom should be "free", "equal", a number above 0 or one for each component'
    )

    @classmethod
    def of(cls, given: Any, n_components: int | None = None) -> Self:
        """Return what a setting means.

        Parameters
        ----------
        given : "free", "equal", a number, or a number for each component
        n_components : K, or None where that is not known yet

        Raises
        ------
        ParameterError
            If it is none of these.
        """
        if isinstance(given, str):
            if given not in ("free", "equal"):
                raise ParameterError(f"{cls.WORDS}, but got {given!r}")
            return cls(shared=given == "equal")
        if isinstance(given, Real) and not isinstance(given, bool):
            given = [given]
        try:
            numbers = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise ParameterError(f"{cls.WORDS}, but got {given!r}") from None
        if numbers.ndim != 1 or not numbers.size:
            raise ParameterError(f"{cls.WORDS}, but got {given!r}")
        if not ((numbers > 0) & np.isfinite(numbers)).all():
            raise ParameterError(
                f"{cls.WORDS}, but got {given!r}; GaussianMixture is the limit of infinitely many"
            )
        if n_components is not None and len(numbers) not in (1, n_components):
            raise ParameterError(
                f"degrees_of_freedom holds {len(numbers)} numbers, and there are {n_components} "
                "components"
            )
        return cls(tuple(numbers.tolist()))

    @property
    def tell_apart(self) -> bool:
        """Return whether components are held at numbers of their own."""
        return len(set(self.held)) > 1

    def n_free(self, n_components: int) -> int:
        """Return the number of free parameters."""
        if self.held:
            return 0
        return 1 if self.shared else n_components

    def first(self, n_components: int) -> Float:
        """Return those (K,) to begin with; components of other numbers have a typical one."""
        if len(self.held) == n_components:
            return np.array(self.held)
        typical = float(np.exp(np.mean(np.log(self.held)))) if self.held else START
        return np.full(n_components, typical)

    def maximise(self, rows: Float, gaps: Float, previous: Float | None) -> Float:
        """Return the ν (K,) that maximise the expected log density of u, all within their range.

        They solve log(ν/2) - ψ(ν/2) = E[u - log u - 1] (Peel and McLachlan 2000).

        Parameters
        ----------
        rows : (K,) N_k
        gaps : (K,) Σ w r E[u - log u - 1]
        previous : (K,) those before, or None at a start
        """
        if self.held:
            return self.first(len(rows)) if previous is None else previous
        if self.shared:
            gaps, rows = np.full(len(rows), gaps.sum()), np.full(len(rows), rows.sum())
        least, most = log_gap(np.array([0.5 * MOST, 0.5 * LEAST]))
        found = 2.0 * shapes_of(np.clip(gaps / np.maximum(rows, TINY), least, most))
        return np.clip(found, LEAST, MOST)

    def document(self) -> Mapping[str, Any]:
        """Return what `read` is given."""
        return {"held": list(self.held), "shared": self.shared}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Return what `document` told."""
        return cls(tuple(map(float, document["held"])), bool(document["shared"]))

    def words(self) -> str:
        """Return "degrees of freedom free", equal or held."""
        if self.held:
            return "degrees of freedom held"
        return "degrees of freedom equal" if self.shared else "degrees of freedom free"
