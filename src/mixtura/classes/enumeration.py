"""How many classes there are: one table over K, as papers print it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixtura.classes.criteria import CRITERIA, correct_model_probabilities, criteria_of
from mixtura.classes.searching import searched
from mixtura.em.solve import FitResult
from mixtura.errors import InformationError, ParameterError
from mixtura.estimators.categorical import CategoricalMixture
from mixtura.estimators.settings import checked_integer
from mixtura.inference.likelihood_ratio import LikelihoodRatioTest, likelihood_ratio_test
from mixtura.inference.vuong import VuongTest, vuong_test
from mixtura.mixture import Mixture
from mixtura.selection import MARK, Candidate, Selection
from mixtura.text import Passage, Summary, Table, Tabled, probability

__all__ = ["STARTS", "Enumeration", "enumerate_classes", "enumeration_of"]

# Starts that the default model carries to the end.
STARTS = 20
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Enumeration(Tabled):
    """Fits of several numbers of classes, and what speaks for each.

    Attributes
    ----------
    selection : the fits, by K
    tests : the bootstrap test of K - 1 classes against K, by K, of those that were tested
    vlmr : the Vuong-Lo-Mendell-Rubin test of the same, likewise
    untold : why there is no such test, by K
    """

    selection: Selection
    tests: dict[int, LikelihoodRatioTest]
    vlmr: dict[int, VuongTest] = field(default_factory=dict)
    untold: dict[int, str] = field(default_factory=dict)

    @property
    def fitted(self) -> list[tuple[int, FitResult]]:
        """Return K and the fit, of those that could be fitted, in order."""
        return [(one.n_components, one.result) for one in self.selection.candidates if one.result]

    def mixture(self, n_classes: int, labels: Sequence[str] | None = None) -> Mixture:
        """Return the mixture of so many classes.

        Parameters
        ----------
        n_classes : K
        labels : (K,) names for the classes, the largest first

        Raises
        ------
        ParameterError
            If that number was not fitted, or the names are not as many.
        """
        for size, result in self.fitted:
            if size == n_classes:
                return result.mixture if labels is None else result.mixture.relabel(labels)
        sizes = ", ".join(str(size) for size, _ in self.fitted)
        raise ParameterError(f"{n_classes} classes were not fitted; there are fits of {sizes}")

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each K: what papers print, and what else there is to know.

        `bayes_factor` is that of K classes against the next number in the table, by
        exp(-BIC / 2); `correct_model_probability` is among all of the table that are sound.
        `blrt_p` is of K - 1 classes against K, as are `vlmr_p` and, of the adjusted statistic
        `lmr`, `lmr_p` (see `mixtura.inference.vuong_test`). Shares are of the weight of rows.
        `start_ends` has what each start came to, the highest first: its log-likelihood with that
        of the prior.
        """
        rows = [_row(candidate, self.tests, self.vlmr) for candidate in self.selection.candidates]
        sound = [row for row in rows if row["sound"]]
        if sound:
            chances = correct_model_probabilities([row["bic"] for row in sound])
            for row, chance in zip(sound, chances, strict=True):
                row["correct_model_probability"] = chance
            for row, after in pairwise(sound):
                row["bayes_factor"] = float(np.exp(min(0.5 * (after["bic"] - row["bic"]), 700.0)))
        return rows

    @property
    def preferred(self) -> dict[str, int]:
        """Return which K each criterion is lowest for, among sound fits.

        "blrt" and "lmr" are the first K that K + 1 classes do not better significantly (5 %), as
        far as that was tested by the bootstrap, and by the adjusted test of Lo, Mendell and Rubin.
        """
        sound = [row for row in self.table() if row["sound"]]
        if not sound:
            return {}
        found = {
            name: min(sound, key=lambda row, name=name: row[name])["n_classes"] for name in CRITERIA
        }
        tested = {"blrt": {size: one.p_value for size, one in self.tests.items()}}
        tested["lmr"] = {size: one.adjusted_p_value for size, one in self.vlmr.items()}
        for name, p_values in tested.items():
            beyond = [size for size, p_value in p_values.items() if p_value > SIGNIFICANT]
            if beyond:
                found[name] = min(beyond) - 1
        return found

    def summary(self) -> Summary:
        """Return the table as text, which K each criterion prefers, and what is to be doubted."""
        rows, tested = self.table(), bool(self.tests)
        header = ["classes", "log-lik.", "df", "AIC", "CAIC", "BIC", "SABIC", "AWE", "entropy"]
        header += ["smallest", "starts", *(["BLRT p"] if tested else [])]
        cells = [_cells(row, tested) for row in rows if row["failure"] is None]
        table = Table.of(header, cells)
        first = (
            "Lower is better. entropy: 1 - E / (n log K), as Mplus has it; smallest: the share of "
            "the\nsmallest class; starts: how many of those carried to the end reached this "
            f"likelihood{';' if tested else '.'}"
        )
        if tested:
            first += "\nBLRT p: of one class less."
        lines: list[str] = []
        chosen: dict[int, list[str]] = {}
        for name, size in self.preferred.items():
            chosen.setdefault(size, []).append(name.upper())
        words = [f"{', '.join(names)}: {size}" for size, names in sorted(chosen.items())]
        lines += [f"preferred by {'; '.join(words)}"] if words else []
        for row in rows:
            if said := row["failure"] or row["caution"]:
                lines.append(f"{row['n_classes']}: {said}")
        lines += self.selection.notes
        if not (self.vlmr or self.untold):
            return Summary([Passage("", (table,), "\n".join([first, *lines]))], rows)
        passages = [Passage("", (table,), first), _vlmr_words(self.vlmr, self.untold)]
        return Summary([*passages, Passage(said="\n".join(lines))], rows)


def enumerate_classes(
    X: Any,
    n_classes: int | Iterable[int] = range(1, 9),
    model: Any = None,
    *,
    sample_weight: ArrayLike | None = None,
    blrt: int = 0,
    vlmr: bool = False,
    random_state: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Enumeration:
    """Fit several numbers of classes, and hold them against one another.

    Parameters
    ----------
    X : (N, D) rows, as the model's `fit` takes them
    n_classes : the numbers of classes, such as range(1, 9)
    model : an estimator, whose settings all fits share: `CategoricalMixture(n_init=50)`,
        `GaussianMixture(covariance_type="diag")`, `MixedMixture(...)`. None:
        `CategoricalMixture` with 20 starts carried to the end
    sample_weight : (N,) row weights; weight 2 is the row twice
    blrt : replicates of the bootstrap likelihood-ratio test of each K - 1 against K (McLachlan
        1987; Nylund, Asparouhov and Muthén 2007); 0: no test
    vlmr : whether to make the Vuong-Lo-Mendell-Rubin test of each K - 1 against K too, plain and
        adjusted; its p-values are often too small (see `mixtura.inference.vuong_test`)
    random_state : a seed, in place of the model's
    progress : called after each fit and each test with how many are done and how many there are

    Returns
    -------
    Enumeration
        `table()`, `summary()`, `preferred`, `mixture(K)`.

    Raises
    ------
    DataError, ParameterError
        If the rows, weights or settings cannot be used.
    """
    checked_integer("blrt", blrt, 0)
    model = CategoricalMixture(n_init=STARTS) if model is None else model
    told = _Told(progress)
    selection = searched(model, X, n_classes, sample_weight, random_state, told.fitted)
    return enumeration_of(
        selection,
        X,
        sample_weight,
        blrt=blrt,
        vlmr=vlmr,
        told=told,
        prior=model.prior,
        random_state=random_state,
        missing=getattr(model, "missing", "marginal"),
        engine=model.engine,
        n_jobs=model.n_jobs,
    )


def enumeration_of(
    selection: Selection,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    blrt: int = 0,
    vlmr: bool = False,
    told: "_Told | None" = None,
    **fitting: Any,
) -> Enumeration:
    """Return the fits of a search, one of each number of classes, with the tests between them.

    Parameters
    ----------
    selection : the search
    X, sample_weight, blrt, vlmr : as in `enumerate_classes`
    told : of each test
    fitting : what `likelihood_ratio_test` takes beside
    """
    ordered = tuple(sorted(selection.candidates, key=lambda one: one.n_components))
    near = _neighbours(ordered)
    pairs = near if blrt else []
    tests: dict[int, LikelihoodRatioTest] = {}
    told = told or _Told(None)
    told.more = len(pairs)
    for smaller, _, size in pairs:
        tests[size] = likelihood_ratio_test(
            smaller, X, sample_weight, n_replicates=blrt, exceedances=None, **fitting
        )
        told.tested()
    found, untold = {}, {}
    for smaller, larger, size in near if vlmr else []:
        try:
            found[size] = vuong_test(
                smaller, larger, X, sample_weight, missing=fitting.get("missing", "error")
            )
        except InformationError as error:
            untold[size] = str(error)
    return Enumeration(replace(selection, candidates=ordered), tests, found, untold)


class _Told:
    """Counts fits and tests for whoever listens."""

    def __init__(self, progress: Callable[[int, int], None] | None) -> None:
        self._progress, self.more = progress, 0
        self._done = self._count = 0

    def fitted(self, _: Candidate, count: int) -> None:
        self._done, self._count = self._done + 1, count
        self._say()

    def tested(self) -> None:
        self._done += 1
        self._say()

    def _say(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._count + self.more)


def _neighbours(candidates: Sequence[Candidate]) -> list[tuple[Mixture, Mixture, int]]:
    """Return the mixtures of K - 1 and K classes where both were fitted, and K."""
    found = {one.n_components: one.result.mixture for one in candidates if one.result is not None}
    return [
        (mixture, found[size + 1], size + 1) for size, mixture in found.items() if size + 1 in found
    ]


def _row(
    candidate: Candidate, tests: dict[int, LikelihoodRatioTest], vlmr: dict[int, VuongTest]
) -> dict[str, Any]:
    size, result = candidate.n_components, candidate.result
    row: dict[str, Any] = {
        "n_classes": size,
        "sound": candidate.is_sound,
        "caution": next(iter(candidate.cautions), None),
        "failure": candidate.failure,
    }
    if result is None:
        return row
    rows = result.effective_rows[result.mixture.labels >= 0]
    test, other = tests.get(size), vlmr.get(size)
    ends = sorted(result.history.outcomes.ends, reverse=True)
    return row | {
        "log_likelihood": result.log_likelihood,
        "df": result.n_parameters,
        "n": result.total_weight,
        **criteria_of(result),
        **result.certainty(),
        "smallest_share": float(rows.min()) / result.total_weight,
        "smallest_rows": float(rows.min()),
        "starts_agreeing": result.starts_agreeing,
        "n_starts": result.n_starts,
        "start_ends": " ".join(f"{end:.4f}" for end in ends),
        "converged": result.ending.converged,
        "blrt": None if test is None else test.statistic,
        "blrt_p": None if test is None else test.p_value,
        "blrt_replicates": None if test is None else len(test.replicates),
        "vlmr_p": None if other is None else other.p_value,
        "lmr": None if other is None else other.adjusted,
        "lmr_p": None if other is None else other.adjusted_p_value,
        "bayes_factor": None,
        "correct_model_probability": None,
    }


def _vlmr_words(vlmr: dict[int, VuongTest], untold: dict[int, str]) -> Passage:
    header = ["classes", "2 (ℓ_K - ℓ_K-1)", "df", "VLMR p", "adjusted", "LMR p"]
    rows = [
        [
            str(size),
            f"{one.statistic:.3f}",
            str(one.df),
            probability(one.p_value),
            f"{one.adjusted:.3f}",
            probability(one.adjusted_p_value),
        ]
        for size, one in sorted(vlmr.items())
    ]
    lines = [f"{size}: no VLMR test, as {why}" for size, why in sorted(untold.items())]
    return Passage("", (Table.of(header, rows),) if rows else (), "\n".join(lines))


def _cells(row: dict[str, Any], tested: bool) -> list[str]:
    entropy, p_value = row["relative_entropy"], row["blrt_p"]
    return [
        f"{row['n_classes']}{'' if row['sound'] else MARK}",
        f"{row['log_likelihood']:.2f}",
        str(row["df"]),
        *(f"{row[name]:.2f}" for name in ("aic", "caic", "bic", "sabic", "awe")),
        "" if entropy is None else f"{entropy:.3f}",
        f"{100 * row['smallest_share']:.1f}%",
        f"{row['starts_agreeing']}/{row['n_starts']}",
        *(["" if p_value is None else f"{p_value:.3f}"] if tested else []),
    ]
