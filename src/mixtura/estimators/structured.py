"""Estimators whose components have one of several structures, which may be found by `fit`."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from mixtura.components.noise import without_noise
from mixtura.errors import ParameterError
from mixtura.estimators.constant import VaryingColumns
from mixtura.estimators.inputs import Sourced
from mixtura.estimators.sizes import is_auto
from mixtura.selection import Candidate, Selection

__all__ = ["Structured"]


class Structured(VaryingColumns):
    """What estimators share that have a `covariance_type`."""

    covariance_type: str

    def _form(self) -> Any:
        """Return the structure, or its name; where it is to be found, the simplest until it is."""
        if not isinstance(self.covariance_type, str):
            raise ParameterError(
                f"covariance_type should be a name, but got {self.covariance_type!r}"
            )
        if not is_auto(self.covariance_type):
            return self.covariance_type
        family: Any = None if not hasattr(self, "mixture_") else without_noise(self.mixture_.family)
        return "spherical" if family is None else family.structure.code

    def _is_chosen(self) -> bool:
        return super()._is_chosen() or self._finds_structure()

    def _finds_structure(self) -> bool:
        """Return whether the structure is to be found from the rows."""
        return is_auto(self.covariance_type)

    def _searched(
        self,
        X: Any,
        sample_weight: ArrayLike | None,
        sizes: list[int],
        criterion: str = "bic",
        progress: Callable[[Candidate, int], None] | None = None,
    ) -> tuple[Selection, Sourced]:
        given = self._sourced(X, sample_weight, min(sizes), max(sizes))
        kinds = "all" if is_auto(self.covariance_type) else self.covariance_type
        found = self._ranked(given, sizes, kinds, criterion=criterion, progress=progress)
        return found, given

    @abstractmethod
    def _ranked(self, given: Sourced, sizes: list[int], kinds: Any, **how: Any) -> Selection:
        """Return mixtures of several sizes and structures, ranked."""
