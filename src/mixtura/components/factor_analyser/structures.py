"""The eight structures of factor-analytic covariances (McNicholas and Murphy 2008).

A code has three letters, C for constrained and U for free: whether loadings are the same in all
components, whether noise variances are, and whether those of one component are the same in all
columns.
"""

from dataclasses import dataclass
from typing import ClassVar

from mixtura.errors import ParameterError

__all__ = ["CODES", "FactorStructure", "factor_structure", "most_factors"]

CODES = ("CCC", "CCU", "CUC", "CUU", "UCC", "UCU", "UUC", "UUU")

# Rows beyond those that span as many directions as there are factors, up to which a component is
# not determined.
SPARE = 3.0


@dataclass(frozen=True, slots=True)
class FactorStructure:
    """What factor-analytic covariances Λ_k Λ_kᵀ + Ψ_k have in common.

    Attributes
    ----------
    code : three letters, C or U
    n_factors : q
    """

    code: str
    n_factors: int

    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("equal loadings", "loadings of their own"),
        ("equal noise", "noise of its own"),
        ("isotropic", "by column"),
    )

    @property
    def shares_loadings(self) -> bool:
        """Whether all components have one Λ."""
        return self.code[0] == "C"

    @property
    def shares_noise(self) -> bool:
        """Whether all components have one Ψ."""
        return self.code[1] == "C"

    @property
    def isotropic(self) -> bool:
        """Whether the noise of a component has one variance."""
        return self.code[2] == "C"

    @property
    def kind(self) -> str:
        """Return how tables call it, such as "UUU q=2"."""
        return f"{self.code} q={self.n_factors}"

    @property
    def words(self) -> str:
        """Return "loadings of their own, noise of its own by column"."""
        loadings, noise, column = (
            pair[letter == "U"] for pair, letter in zip(self.WORDS, self.code, strict=True)
        )
        return f"{loadings}, {noise}, {column}"

    def freed_by_rows(self) -> "FactorStructure":
        """Return the structure of components given some of their columns.

        What is known says more of the factors of one component than of another's.
        """
        return FactorStructure(f"U{self.code[1:]}", self.n_factors)

    def least_rows(self) -> float:
        """Return up to how many rows do not determine a component.

        Up to q + 1 rows lie in what q loadings span, where noise has no variance; what all
        components share is determined by the rows of all.
        """
        shared = self.shares_loadings and self.shares_noise
        return 0.0 if shared else self.n_factors + SPARE

    def n_parameters(self, n_components: int, n_columns: int) -> int:
        """Return the number of free loadings and noise variances (their Table 1).

        Loadings are free but for a rotation of the factors.
        """
        q = min(self.n_factors, n_columns)
        loadings = n_columns * q - q * (q - 1) // 2
        noise = 1 if self.isotropic else n_columns
        times = 1 if self.shares_loadings else n_components
        return times * loadings + (1 if self.shares_noise else n_components) * noise

    def n_bytes(self, n_components: int, n_columns: int) -> int:
        """Return about how many bytes a fit of K components in D columns needs beside its rows."""
        return 48 * n_components * n_columns * (self.n_factors + 4)


def factor_structure(code: str, n_factors: int) -> FactorStructure:
    """Return a structure by its code.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if not isinstance(code, str) or code not in CODES:
        raise ParameterError(
            f"there is no structure {code!r} of factor analysers; use one of {', '.join(CODES)}"
        )
    return FactorStructure(code, n_factors)


def most_factors(n_columns: int) -> int:
    """Return the largest q of which Λ Λᵀ + Ψ has no more parameters than a covariance has.

    That is the largest with (D - q)² ≥ D + q (Ledermann 1937), and one at least.

    Examples
    --------
    >>> [most_factors(n_columns) for n_columns in (2, 3, 5, 10)]
    [1, 1, 2, 6]
    """
    few = [q for q in range(1, n_columns) if (n_columns - q) ** 2 >= n_columns + q]
    return max(few, default=1)
