"""The models of a search, and which of them are special cases of others."""

from dataclasses import dataclass

from mixtura.components.family import Family

__all__ = ["Cell", "is_nested"]

# What a letter of a structure may be, each a special case of the next; of factor analysers too.
LETTERS, FACTOR_LETTERS = "IEV", "CU"
# What parts the structure of factor analysers from their number of factors.
FACTORS = " q="


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

    So it is if each letter, of volume, shape and orientation, is: I of E, and E of V. Of factor
    analysers, such as "CUU q=2", C is of U, and fewer factors are of more.
    """
    if FACTORS in kind and FACTORS in other:
        (one, few), (two, many) = kind.split(FACTORS), other.split(FACTORS)
        return int(few) <= int(many) and _are_nested(one, two, FACTOR_LETTERS)
    return set(kind) | set(other) <= set(LETTERS) and _are_nested(kind, other, LETTERS)


def _are_nested(code: str, other: str, letters: str) -> bool:
    return all(letters.index(a) <= letters.index(b) for a, b in zip(code, other, strict=True))
