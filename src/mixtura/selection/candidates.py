"""What a search found: one candidate for each number of components and kind of model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixtura.em.solve import FitResult
from mixtura.errors import MixturaError
from mixtura.text import text_table

__all__ = ["CRITERIA", "Candidate", "Selection"]

CRITERIA = ("bic", "icl", "aic")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cell of a search.

    Attributes
    ----------
    kind : the structure's code, or the family's name
    n_components : K
    result : the fit, or None where there is none
    failure : why there is none, or None
    """

    kind: str
    n_components: int
    result: FitResult | None = None
    failure: str | None = None

    def value(self, criterion: str) -> float:
        """Return a criterion (lower is better), infinite where there is no fit."""
        return np.inf if self.result is None else float(getattr(self.result, criterion))

    def row(self) -> dict[str, Any]:
        """Return the cell as a row of a table."""
        result = self.result
        row: dict[str, Any] = {"n_components": self.n_components, "kind": self.kind}
        if result is None:
            return row | {"failure": self.failure}
        return row | {
            "log_likelihood": result.log_likelihood,
            "df": result.n_parameters,
            "bic": result.bic,
            "icl": result.icl,
            "aic": result.aic,
            "mclust_bic": -result.bic,
            "entropy": result.entropy,
            "smallest_component": float(result.effective_rows[result.mixture.labels >= 0].min()),
            "converged": result.ending.converged,
            "starts_agreeing": result.starts_agreeing,
            "n_starts": result.n_starts,
            "n_iter": len(result.history),
            "seconds": result.seconds,
            "failure": None,
        }


@dataclass(frozen=True, slots=True)
class Selection:
    """All candidates of a search, by their sizes and then their parameters.

    Attributes
    ----------
    candidates : the cells
    criterion : "bic", "icl" or "aic"; lower is better
    interrupted : whether the search was stopped before its end
    """

    candidates: tuple[Candidate, ...]
    criterion: str = "bic"
    interrupted: bool = False

    @property
    def ranked(self) -> list[Candidate]:
        """Return the candidates that were fitted, best first."""
        fitted = [candidate for candidate in self.candidates if candidate.result is not None]
        return sorted(fitted, key=lambda candidate: candidate.value(self.criterion))

    @property
    def best(self) -> Candidate:
        """Return the candidate with the lowest criterion.

        Raises
        ------
        MixturaError
            If no candidate could be fitted.
        """
        ranked = self.ranked
        if not ranked:
            reasons = {candidate.failure for candidate in self.candidates if candidate.failure}
            raise MixturaError("no model could be fitted: " + "; ".join(sorted(reasons)))
        return ranked[0]

    @property
    def result(self) -> FitResult:
        """Return the fit of the best candidate."""
        result = self.best.result
        assert result is not None
        return result

    def times(self, factor: float) -> "Selection":
        """Return the same search with every row weight multiplied."""
        candidates = (
            replace(each, result=each.result and each.result.times(factor))
            for each in self.candidates
        )
        return replace(self, candidates=tuple(candidates))

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each candidate; those that failed say why."""
        return [candidate.row() for candidate in self.candidates]

    def grid(self) -> Mapping[str, Mapping[int, float]]:
        """Return the criterion by kind and number of components."""
        kinds: dict[str, dict[int, float]] = {}
        for candidate in self.candidates:
            value = candidate.value(self.criterion)
            kinds.setdefault(candidate.kind, {})[candidate.n_components] = value
        return kinds

    def summary(self, top: int = 3) -> str:
        """Return the best candidates as a text table."""
        rows = [
            [
                candidate.kind,
                str(candidate.n_components),
                f"{candidate.result.log_likelihood:.3f}",
                str(candidate.result.n_parameters),
                f"{candidate.value(self.criterion):.3f}",
            ]
            for candidate in self.ranked[:top]
            if candidate.result is not None
        ]
        header = ["model", "components", "log-likelihood", "df", self.criterion.upper()]
        title = f"Best {len(rows)} of {len(self.candidates)} models by {self.criterion.upper()}"
        return f"{title} (lower is better)\n{text_table(header, rows)}"
