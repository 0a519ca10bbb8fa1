"""The models of a search, and which of them are special cases of others."""

from dataclasses import dataclass

from mixtura.components.family import Family

__all__ = ["Cell", "is_nested"]

# What a letter of a structure may be, each a special case of the next.
LETTERS = "IEV"


@dataclass(frozen=True, slots=True)
class Cell:
    """A model to be fitted.

    Attributes
    ----------
    kind : how tables call it
    family : the component distribution
    n_components : K, without noise
    """

    kind: str
    family: Family
    n_components: int

    @property
    def n_free(self) -> int:
        """Return the number of free parameters of the components."""
        return self.family.n_free(self.n_components + self.family.has_noise)


def is_nested(kind: str, other: str) -> bool:
    """Return whether one structure of covariances is a special case of another.

    So it is if each letter, of volume, shape and orientation, is: I of E, and E of V.
    """
    if not set(kind) | set(other) <= set(LETTERS):
        return False
    return all(
        LETTERS.index(one) <= LETTERS.index(two) for one, two in zip(kind, other, strict=True)
    )
