"""What a search found: one candidate for each number of components and kind of model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.doors import Reported
from mixtura.em.solve import FitResult
from mixtura.errors import MixturaError
from mixtura.mixture.shown import overview
from mixtura.text import Passage, Summary, Table, Tabled, glance

__all__ = ["CRITERIA", "Candidate", "Selection"]

CRITERIA = ("bic", "icl", "aic")

# Models that a notebook shows.
SHOWN = 10

# Beside the name of a model that is not sound, and what it means.
MARK = "*"
UNSOUND = (
    f"{MARK} only a prior keeps it finite, or it has more parameters than there are numbers: its "
    "criterion says nothing beside those of others"
)


@dataclass(frozen=True, slots=True, repr=False)
class Candidate:
    """One cell of a search.

    Attributes
    ----------
    kind : the structure's code, or the family's name
    n_components : K
    result : the fit, or None where there is none
    failure : why there is none, or None
    n_numbers : how many numbers it was fitted to; None for rows times columns
    """

    kind: str
    n_components: int
    result: FitResult | None = None
    failure: str | None = None
    n_numbers: float | None = None

    def __repr__(self) -> str:
        told = self.failure if self.result is None else f"BIC {self.result.bic:.6g}"
        return f"<Candidate {self.kind}, {self.n_components} components: {told}>"

    def _repr_html_(self) -> str:
        """Return the components for a notebook, or why there are none."""
        if self.result is None:
            return glance([Passage(said=repr(self)[1:-1])])
        rows = self.result.effective_rows.tolist()
        return glance([Passage(said=repr(self)[1:-1]), *overview(self.result.mixture, rows)])

    @property
    def is_sound(self) -> bool:
        """Return whether there is a fit whose likelihood can be set beside those of others."""
        result = self.result
        return result is not None and result.soundness.is_sound and not self.is_outnumbered

    @property
    def is_outnumbered(self) -> bool:
        """Return whether the fit has more free parameters than there are numbers."""
        return self.result is not None and self.result.n_parameters > self._numbers

    @property
    def _numbers(self) -> float:
        assert self.result is not None
        if self.n_numbers is not None:
            return self.n_numbers
        # Weights are counts of equal rows, unless they add up to less.
        rows = max(self.result.n_rows, self.result.total_weight)
        return rows * self.result.mixture.n_columns

    @property
    def cautions(self) -> list[str]:
        """Return why the fit is not sound, as sentences, the gravest first."""
        if self.result is None:
            return []
        found = list(self.result.cautions)
        if self.is_outnumbered:
            found.append(
                f"{self.result.n_parameters} free parameters are more than the {self._numbers:g} "
                "numbers they were fitted to, so any likelihood can be had; try fewer components "
                "or a simpler structure"
            )
        return found

    def order(self, criterion: str) -> tuple[bool, float]:
        """Return what candidates are ranked by, lowest first: sound ones, then the criterion."""
        return not self.is_sound, self.value(criterion)

    def value(self, criterion: str) -> float:
        """Return a criterion (lower is better), infinite where there is no fit."""
        return np.inf if self.result is None else float(getattr(self.result, criterion))

    def row(self) -> dict[str, Any]:
        """Return the cell as a row of a table."""
        result = self.result
        row: dict[str, Any] = {"n_components": self.n_components, "kind": self.kind}
        if result is None:
            return row | {"sound": False, "caution": None, "failure": self.failure}
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
            "n_iter": result.history.n_sweeps,
            "seconds": result.seconds,
            "sound": self.is_sound,
            "caution": next(iter(self.cautions), None),
            "failure": None,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Selection(Tabled, Reported):
    """All candidates of a search, by their sizes and then their parameters.

    Attributes
    ----------
    candidates : the cells
    criterion : "bic", "icl" or "aic"; lower is better
    interrupted : whether the search was stopped before its end
    notes : what was left out of the search and why, as sentences
    """

    candidates: tuple[Candidate, ...]
    criterion: str = "bic"
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        best = repr(self.ranked[0]) if self.ranked else "none fitted"
        return f"<Selection of {len(self.candidates)} models by {self.criterion}; best {best}>"

    def _repr_html_(self) -> str:
        """Return the ranking for a notebook."""
        return self.summary(top=SHOWN)._repr_html_()

    @property
    def ranked(self) -> list[Candidate]:
        """Return the candidates that were fitted, best first, those that are not sound last.

        A fit that only a prior keeps finite, or that has more free parameters than there are
        numbers, can have any likelihood, so its criterion says nothing beside those of others.
        """
        fitted = [candidate for candidate in self.candidates if candidate.result is not None]
        return sorted(fitted, key=lambda candidate: candidate.order(self.criterion))

    @property
    def passed_over(self) -> list[Candidate]:
        """Return the candidates below the best whose criterion is lower, lowest first."""
        ranked = self.ranked
        return [
            candidate
            for candidate in ranked[1:]
            if candidate.value(self.criterion) < ranked[0].value(self.criterion)
        ]

    @property
    def remarks(self) -> list[str]:
        """Return what a reader of the ranking should know, as sentences."""
        passed_over = ranked_last_words(self.passed_over, self.criterion)
        return [*passed_over, *failed_words(self.candidates), *self.notes]

    @property
    def best(self) -> Candidate:
        """Return the sound candidate with the lowest criterion; if none is sound, of all.

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

    def predict(self, X: Any) -> NDArray[np.intp]:
        """Return the most probable component of the best fit for each row (N,); -1 for noise.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        """
        mixture = self.result.mixture
        return mixture.labels[mixture.responsibilities(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the posterior probabilities (N, K) of the best fit; `X` as in `predict`."""
        return self.result.mixture.responsibilities(X)

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return the log density of each row (N,) by the best fit; `X` as in `predict`."""
        return self.result.mixture.log_density(X)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each candidate; those that failed say why."""
        return [candidate.row() for candidate in self.candidates]

    def grid(self, *, comparable: bool = False) -> Mapping[str, Mapping[int, float]]:
        """Return the criterion by kind and number of components, infinite where there is no fit.

        Parameters
        ----------
        comparable : whether it is infinite too where a fit is not sound and the best is
        """
        only_sound = comparable and any(candidate.is_sound for candidate in self.candidates)
        kinds: dict[str, dict[int, float]] = {}
        for candidate in self.candidates:
            shown = candidate.is_sound or not only_sound
            value = candidate.value(self.criterion) if shown else np.inf
            kinds.setdefault(candidate.kind, {})[candidate.n_components] = value
        return kinds

    def summary(self, top: int = 3) -> Summary:
        """Return the best candidates as a table, and what to know of the ranking."""
        shown = self.ranked[:top]
        rows = [
            [
                candidate.kind + ("" if candidate.is_sound else MARK),
                str(candidate.n_components),
                f"{candidate.result.log_likelihood:.3f}",
                str(candidate.result.n_parameters),
                f"{candidate.value(self.criterion):.3f}",
            ]
            for candidate in shown
            if candidate.result is not None
        ]
        header = ["model", "components", "log-likelihood", "df", self.criterion.upper()]
        title = f"Best {len(rows)} of {len(self.candidates)} models by {self.criterion.upper()}"
        marked = [] if all(candidate.is_sound for candidate in shown) else [UNSOUND]
        said = "\n".join([*marked, *self.remarks])
        passage = Passage(f"{title} (lower is better)", (Table.of(header, rows),), said)
        return Summary([passage], self.table())


def ranked_last_words(passed_over: Sequence[Candidate], criterion: str) -> list[str]:
    """Return how many models with a lower criterion are ranked last, and why."""
    if not passed_over:
        return []
    lowest, name, count = passed_over[0], criterion.upper(), len(passed_over)
    stand = "1 model stands" if count == 1 else f"{count} models stand"
    return [
        f"{stand} below all sound ones in spite of a lower {name}; of the lowest, "
        f"{_called(lowest)} ({name} {lowest.value(criterion):.3f}): {lowest.cautions[0]}"
    ]


def failed_words(candidates: Sequence[Candidate]) -> list[str]:
    """Return how many models could not be fitted, and why the first could not."""
    failed = [candidate for candidate in candidates if candidate.result is None]
    if not failed:
        return []
    models = "1 model" if len(failed) == 1 else f"{len(failed)} models"
    first = "" if len(failed) == 1 else "of the first, "
    reason = failed[0].failure or "no reason was given"
    return [
        f"{models} of {len(candidates)} could not be fitted; {first}{_called(failed[0])}: {reason}"
    ]


def _called(candidate: Candidate) -> str:
    size = candidate.n_components
    return f"{candidate.kind} with {size} component{'' if size == 1 else 's'}"
