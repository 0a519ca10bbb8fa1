"""What `mixtura transition` found: as text, as CSV, and as a paper takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura import __version__
from mixtura.classes import LatentTransition, LikelihoodRatio
from mixtura.cli.class_tables import write_csv
from mixtura.cli.output import (
    CLASSES,
    COEFFICIENTS,
    ENUMERATION,
    LATEX,
    TABLES,
    TRANSITIONS,
    Output,
    told,
)
from mixtura.data.waves import Waves
from mixtura.errors import MixturaError
from mixtura.mixture import Mixture
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import ASSIGNMENTS
from mixtura.text import (
    Passage,
    Summary,
    Table,
    as_latex,
    as_markdown,
    probability,
)
from mixtura.text.digits import significant
from mixtura.text.formulas import cells_written
from mixtura.writing import write_text

__all__ = ["SizeTried", "Transitions"]

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SizeTried:
    """The model of a number of classes, or why there is none.

    Attributes
    ----------
    n_classes : how many
    mixture : what classes the fit began with
    found : the model
    failure : why there is none
    """

    n_classes: int
    mixture: Mixture | None = None
    found: LatentTransition | None = None
    failure: str | None = None

    def row(self) -> dict[str, Any]:
        """Return a row of the table over numbers of classes."""
        one = self.found
        return {
            "n_classes": self.n_classes,
            "log_likelihood": None if one is None else one.log_likelihood,
            "df": None if one is None else one.n_parameters,
            "aic": None if one is None else one.aic,
            "bic": None if one is None else one.bic,
            "smallest_share": None if one is None else float(one.shares.min()),
            "converged": None if one is None else one.converged,
            "failure": self.failure,
        }


@dataclass(frozen=True, slots=True)
class Transitions:
    """All that is told of classes at several waves.

    Attributes
    ----------
    waves : people and their answers
    person : name of the column that identifies people, or None
    tried : the model of each number of classes
    found : the one of the lowest BIC
    tests : that hold it against others, by what they test, or why one could not be
    classes : (N, T, K) posteriors, NaN of people who lack a covariate
    """

    waves: Waves
    person: str | None
    tried: tuple[SizeTried, ...]
    found: LatentTransition
    tests: Mapping[str, LikelihoodRatio | str]
    classes: NDArray[np.float64]

    @staticmethod
    def best_of(tried: Sequence[SizeTried]) -> SizeTried:
        """Return the model of the lowest BIC.

        Raises
        ------
        MixturaError
            If there is none.
        """
        fitted = [(one.found.bic, one) for one in tried if one.found is not None]
        if not fitted:
            reasons = sorted({one.failure for one in tried if one.failure})
            raise MixturaError("no model could be fitted: " + "; ".join(reasons))
        return min(fitted, key=lambda pair: pair[0])[1]

    def text(self) -> Summary:
        """Return it for a terminal."""
        passages = [self._sizes(), *self._profiles(), *self.found.summary().passages]
        if self.tests:
            passages.append(Passage("Tests by the likelihood ratio", (self._tested(),)))
        missing = self.waves.words_of_missing()
        if missing:
            passages.append(Passage(said=missing))
        return Summary(passages, self.found.table())

    def _sizes(self) -> Passage:
        """Return the table over numbers of classes."""
        rows, failed = [], []
        for one in self.tried:
            row = one.row()
            if one.found is None:
                failed.append(f"{one.n_classes} classes could not be fitted: {one.failure}")
                continue
            cells = [f"{row['log_likelihood']:.3f}", f"{row['df']}"]
            cells += [f"{row['aic']:.2f}", f"{row['bic']:.2f}", f"{row['smallest_share']:.1%}"]
            rows.append([str(one.n_classes), *cells])
        header = ["classes", "log-likelihood", "df", "AIC", "BIC", "smallest"]
        size = len(self.found.classes)
        said = (
            f"Lower is better; chosen by BIC: {size} classes. smallest: the smallest share of a "
            "class at a wave."
        )
        words = "\n".join([said, *failed])
        return Passage("Numbers of classes", (Table.of(header, rows),), words)

    def _profiles(self) -> list[Passage]:
        """Return what classes are, of all waves or of each."""
        profiles, titles = self.found.profiles, ["Classes at all waves"]
        if len(profiles) > 1:
            titles = [f"Classes at wave {name}" for name in self.waves.names]
        return [
            Passage(title, own.tables, own.said)
            for title, one in zip(titles, profiles, strict=True)
            for own in one.summary().passages
        ]

    def _tested(self) -> Table:
        rows = [
            [name, one, "", ""]
            if isinstance(one, str)
            else [name, f"{one.statistic:.3f}", str(one.df), probability(one.p_value)]
            for name, one in self.tests.items()
        ]
        return Table.of(["model", "statistic", "df", "p"], rows)

    def write(self, folder: Output, *, keep_formulas: bool) -> None:
        """Write the tables into a folder, and put it in place."""
        safe, found = cells_written(keep_formulas=keep_formulas), self.found
        sizes = [one.row() for one in self.tried]
        tables = {ENUMERATION: sizes, CLASSES: self._classes(), TRANSITIONS: found.table()}
        if found.covariates is not None:
            tables[COEFFICIENTS] = found.coefficients_table()
        tables[ASSIGNMENTS] = self._assignments()
        with told(folder.shown):
            for name, rows in tables.items():
                write_csv(folder.partial / name, rows, safe)
            passages = [*self.text().passages, Passage("Methods", (), self.methods())]
            write_text(folder.partial / TABLES, as_markdown(passages))
            write_text(folder.partial / LATEX, as_latex(passages))
        folder.hand_over(*tables, TABLES, LATEX)

    def _classes(self) -> Rows:
        """Return the numbers of classes, of all waves or with the wave."""
        profiles = self.found.profiles
        if len(profiles) == 1:
            return profiles[0].table()
        named = zip(self.waves.names, profiles, strict=True)
        return [{"wave": name, **row} for name, one in named for row in one.table()]

    def _assignments(self) -> Rows:
        """Return a row for each person and wave: the class, and the probabilities of all."""
        people = self.waves.people
        called = self.person or "row"
        who = range(people.n_rows) if self.person is None else people.column(self.person)
        taken = {"wave", "class", "probability"}
        called = f"{called} (id)" if called in taken else called
        titles = Answers.of(self.found.mixtures[0]).names
        rounded, rows = significant(self.classes), []
        for person, own in zip(who, rounded.tolist(), strict=True):
            for wave, shares in zip(self.waves.names, own, strict=True):
                known = shares[0] == shares[0]
                best = int(np.argmax(shares))
                row = {called: person, "wave": wave}
                row["class"] = self.found.classes[best] if known else None
                row["probability"] = shares[best] if known else None
                cells = shares if known else [None] * len(shares)
                rows.append(row | dict(zip(titles, cells, strict=True)))
        return rows

    def methods(self) -> str:
        """Return a paragraph on how classes were found, with the numbers of this fit."""
        found = self.found
        sizes = [one.n_classes for one in self.tried if one.found is not None]
        tried = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
        text = (
            f"Latent transition models with {tried} classes were fitted to {found.n:.10g} people "
            f"at {found.n_waves} waves ({', '.join(self.waves.names)}) by the EM algorithm with "
            f"mixtura {__version__}. {found.how}. By BIC {len(found.classes)} classes were "
            f"retained (log-likelihood {found.log_likelihood:.3f}, {found.n_parameters} free "
            f"parameters, BIC {found.bic:.3f}, AIC {found.aic:.3f})."
        )
        held = [
            f"{name} by the likelihood ratio {one.statistic:.3f}, df = {one.df}, p "
            f"{'' if said.startswith('<') else '= '}{said}"
            for name, one in self.tests.items()
            if not isinstance(one, str)
            for said in (probability(one.p_value),)
        ]
        return f"{text} Tested were {'; '.join(held)}." if held else text
