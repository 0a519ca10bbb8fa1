"""Which clusters are found again in samples of the rows (Hennig 2007)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import whole_number
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartOptions
from mixtura.engines import engine_named
from mixtura.errors import MixturaError, ParameterError
from mixtura.inference.refit import from_short_runs, options_of, refit
from mixtura.inference.replicates import reweighted, seeded
from mixtura.inference.rows import Rows, checked
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["Stability", "stability"]

Float = NDArray[np.float64]

# A cluster is found again above the one, and dissolved below the other (Hennig 2008).
RECOVERED, DISSOLVED = 0.75, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Stability(Tabled):
    """How alike each cluster is to the most alike one of each replicate.

    Attributes
    ----------
    labels : (K,) the numbers of the components; noise is no cluster
    replicates : (B, K) the Jaccard coefficient, of the rows that were drawn: the share of those in
        either cluster that are in both
    failed : how many replicates could not be fitted
    """

    labels: NDArray[np.intp]
    replicates: Float
    failed: int

    @property
    def mean(self) -> Float:
        """Return the mean Jaccard coefficient of each cluster (K,).

        Below 0.6 a cluster is not to be trusted, from 0.75 on it is stable (Hennig 2007).
        """
        return self.replicates.mean(axis=0)

    @property
    def recovered(self) -> Float:
        """Return the share of replicates in which each cluster (K,) is found, above 0.75."""
        return (self.replicates > RECOVERED).mean(axis=0)

    @property
    def dissolved(self) -> Float:
        """Return the share of replicates in which each cluster (K,) is lost, at 0.5 or below."""
        return (self.replicates <= DISSOLVED).mean(axis=0)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each cluster."""
        told = zip(
            self.labels.tolist(),
            self.mean.tolist(),
            self.recovered.tolist(),
            self.dissolved.tolist(),
            strict=True,
        )
        names = ("component", "jaccard", "recovered", "dissolved")
        return [dict(zip(names, one, strict=True)) for one in told]

    def summary(self) -> Summary:
        """Return a table, a row for each cluster."""
        rows = [
            [str(row["component"]), *(f"{row[name]:.3f}" for name in list(row)[1:])]
            for row in self.table()
        ]
        table = Table.of(["component", "jaccard", "recovered", "dissolved"], rows)
        return Summary([Passage(tables=(table,))], self.table())


def stability(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    n_replicates: int = 100,
    n_init: int = 1,
    prior: Any = "weak",
    random_state: int | None = None,
    missing: str = "error",
    engine: Any = "threads",
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Stability:
    """Return how surely each cluster is found again in rows drawn with replacement (Hennig 2007).

    As many components are fitted anew, from starts of their own, to the rows that were drawn, each
    once however often it was. A component that rows do not ask for is split and merged in another
    way each time, and its coefficient is low; a high one says no more than that the method finds
    the same again.

    Parameters
    ----------
    mixture : as fitted to these rows
    X : (N, D)
    sample_weight : (N,) row weights from 0 up, by which drawn rows count
    n_replicates : B
    n_init : starts of each that are carried to the end
    prior : as in the fit
    random_state : a seed; replicate b is the same whatever B is and whoever fits it
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN
    engine, n_jobs : whose workers fit replicates side by side
    progress : called with the number of replicates that are done, and B

    Raises
    ------
    ParameterError
        If numbers of the components were held or equal, which starts do not know, or no replicate
        can be fitted.
    DataError
        If rows or weights cannot be used.
    """
    size = whole_number("n_replicates", n_replicates, 1)
    finish = whole_number("n_init", n_init, 1)
    rows = checked(mixture, X, sample_weight, missing).gathered()
    if mixture.constraints is not None and not mixture.constraints.binds_none_alone:
        raise ParameterError(
            "numbers of the components were held or equal, which clusters of a sample are not "
            "looked for under; give a fit without fix and equal"
        )
    reference = replace(mixture, family=rows.family)
    options = options_of(reference, prior, finish=finish)
    seed = int(np.random.default_rng(random_state).integers(2**31))
    task = Found(reference, rows, reference.coded.predict(rows.array), options, seed)
    worker, found = engine_named(engine, n_jobs), []
    with worker.session():
        for one in worker.map(task, range(size)):
            found.append(one)
            if progress is not None:
                progress(len(found), size)
    fitted = [one for one in found if one is not None]
    if not fitted:
        raise ParameterError("no replicate could be fitted; use fewer components or a prior")
    return Stability(_clusters(reference), np.array(fitted), size - len(fitted))


@dataclass(frozen=True, slots=True)
class Found:
    """Fits one replicate; says how alike each cluster is to the most alike there, or None."""

    reference: Mixture
    rows: Rows
    labels: NDArray[np.intp]
    options: SolveOptions
    seed: int

    def __call__(self, number: int) -> Float | None:
        """Return Jaccard coefficients (K,)."""
        rng = seeded(self.seed, number)
        drawn = rng.integers(self.rows.n_rows, size=self.rows.n_rows)
        given = np.ones(self.rows.n_rows) if self.rows.weights is None else self.rows.weights
        weights = np.where(np.bincount(drawn, minlength=self.rows.n_rows) > 0, given, 0.0)
        starts = StartOptions(int(rng.integers(2**31)), finish=self.options.starts.finish)
        options, size = replace(self.options, starts=starts), self.reference.n_components
        try:
            source = reweighted(self.rows, weights)
            maker = from_short_runs(size, options)
            mixture = refit(self.reference, source, size, options, [maker]).mixture
            labels = mixture.coded.predict(self.rows.array)
        except MixturaError:
            return None
        return jaccard(
            self.labels, labels, weights, _clusters(self.reference), _clusters(mixture)
        ).max(axis=1)


def jaccard(
    labels: NDArray[Any],
    others: NDArray[Any],
    weights: Float,
    clusters: NDArray[Any],
    other_clusters: NDArray[Any],
) -> Float:
    """Return the share of the rows in either of two clusters that are in both (K, K').

    Parameters
    ----------
    labels, others : (N,)
    weights : (N,) row weights
    clusters, other_clusters : (K,) and (K',) the labels to be looked at
    """
    one = (labels[:, None] == clusters).astype(np.float64)
    other = (others[:, None] == other_clusters).astype(np.float64)
    both = (one * weights[:, None]).T @ other
    either = (weights @ one)[:, None] + weights @ other - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def _clusters(mixture: Mixture) -> NDArray[np.intp]:
    """Return the numbers of components that are no noise."""
    return mixture.labels[mixture.labels >= 0]
