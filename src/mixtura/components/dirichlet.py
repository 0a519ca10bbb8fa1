"""The Dirichlet prior on mixing weights."""

from dataclasses import dataclass

from mixtura.errors import ParameterError

__all__ = ["Dirichlet"]


@dataclass(frozen=True, slots=True)
class Dirichlet:
    """A symmetric Dirichlet prior on the mixing weights.

    The weights become (N_k + α - 1) / (N + K(α - 1)), its posterior mode.

    Attributes
    ----------
    concentration : α, at least 1 (below, the density has no maximum); 1 is no prior
    """

    concentration: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.concentration < float("inf"):
            raise ParameterError(
                f"a Dirichlet concentration should be a number from 1 up, got {self.concentration}"
            )
