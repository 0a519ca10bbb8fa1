"""Further rows taken into a mixture that was fitted to others, which are not read again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained import bound_to
from mixtura.components.resuming import Seen, known_of, remembering, resumed, totals_of
from mixtura.components.simplex import SMALLEST
from mixtura.data import RowSource
from mixtura.em.failures import survivors
from mixtura.em.fit import fit_each
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.plan import as_swept
from mixtura.em.solve import FitResult, SolveOptions, certified_run, fit_options, result_of
from mixtura.em.sweep import Sweep
from mixtura.engines import Engine
from mixtura.mixture import Mixture

__all__ = ["Drift", "Taken", "take_in"]

Float = NDArray[np.float64]

# Standard errors by which further rows are less likely than those before, from which it is said.
TOLD = 5.0
# Rows drawn from a mixture, to know how its log densities vary.
DRAWN = 256
# Standard errors by which shares of missing cells differ that are another kind of rows.
MOST_APART, ROUNDING = 3.0, 1e-9


@dataclass(frozen=True, slots=True)
class Drift:
    """How further rows compare with those that a mixture was fitted to, before it takes them in.

    Attributes
    ----------
    expected : nats a row that the mixture says of rows like those of its fit: their mean
        log-likelihood less p / n, by which a fit of p parameters to n rows flatters itself (Akaike)
    found : nats a row that it says of the further ones
    error : the standard error of their difference, by rows drawn from the mixture or by the
        further ones, whichever vary more
    n_further : how many further rows there are, by weights that differ fewer
    comparable : whether about as many cells are missing in both, as rows with more of them say less
    """

    expected: float
    found: float
    error: float
    n_further: float
    comparable: bool = True

    @property
    def is_worse(self) -> bool:
        """Return whether the further rows are less likely by five standard errors.

        Of few rows more is asked: -log f has a tail that falls by e a nat, so that by x = 5²/2 the
        mean of n exceeds what it should be by √(2 v x) + x / n (Boucheron, Lugosi and Massart 2013,
        section 2.4).
        """
        least = TOLD * self.error + TOLD**2 / 2 / self.n_further
        return self.comparable and self.found < self.expected - least

    def sentence(self) -> str:
        """Return it in words."""
        if not self.comparable:
            return (
                "the further rows and those before lack unlike shares of their cells, so that "
                "their likelihoods do not compare"
            )
        return (
            f"a row of these has a log-likelihood of {self.found:.4g} under the model as it was, "
            f"and one of those that it was fitted to {self.expected:.4g} (standard error of the "
            f"difference {self.error:.2g})"
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A mixture that has taken rows in.

    Attributes
    ----------
    part : the fit to the further rows; its likelihood and `history` are of these alone
    seen : what is to be known of all rows to take others in
    drift : how the further rows compared
    notes : what is to be said of the further rows, as of those that were left out
    """

    part: FitResult
    seen: Seen
    drift: Drift
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> FitResult:
        """Return the fit to all rows, each part by the model that had just taken it in.

        How sure rows are of their components is what the further ones are, for all.
        """
        part, seen = self.part, self.seen
        scale = seen.total_weight / part.total_weight
        return replace(
            part,
            log_likelihood=seen.log_likelihood,
            log_largest=part.log_largest * scale,
            entropy=part.entropy * scale,
            effective_rows=seen.moments.effective_rows,
            n_rows=seen.n_rows,
            total_weight=seen.total_weight,
            seen=seen,
        )

    def facts(self) -> dict[str, Any]:
        """Return what a summary says, as JSON can hold it."""
        note = (
            f"rows came in {self.seen.n_parts} parts; the log-likelihood is the sum over parts, "
            "each under the model that had just taken it in, and entropy and ICL go by the last"
        )
        facts = self.whole.facts()
        notes = [*facts.get("notes", ()), *self.notes, note, self.drift.sentence()]
        return {**facts, "notes": notes}


def _weight_kept(n_rows: float, half_life: float | None) -> float:
    """Return what rows count that have seen so many others come: 2^(-n / half-life)."""
    return 1.0 if half_life is None else float(2.0 ** (-n_rows / half_life))


def _drift_of(
    mixture: Mixture, seen: Seen, rows: Any, weights: Float | None, known: float
) -> Drift:
    """Return how rows (N, D) compare with those that were seen.

    Parameters
    ----------
    mixture : before it takes the rows in
    rows, weights : coded ones, and their weights (N,) or None
    known : the share of their cells that are not missing
    """
    density = mixture.coded.log_density(rows)
    before = max(seen.total_weight, SMALLEST)
    # Shares have squares and sums whatever the weights are.
    each = np.full(len(density), 1.0) if weights is None else weights / weights.max()
    each /= each.sum()
    found = float(each @ density)
    with np.errstate(invalid="ignore", over="ignore"):
        variance = max(float(each @ (density - found) ** 2), _variance_of(mixture))
    # Weights that differ tell of fewer rows.
    n_further = 1.0 / float(each @ each)
    fewer = 1 / before + 1 / n_further
    error = sqrt(variance * fewer) if np.isfinite(variance) else 0.0
    expected = (seen.log_likelihood - mixture.n_parameters) / before
    was = seen.known / before
    pooled = (was + known) / 2
    slack = MOST_APART * sqrt(max(pooled * (1 - pooled), 0.0) * fewer)
    return Drift(expected, found, error, n_further, abs(was - known) <= slack + ROUNDING)


def _variance_of(mixture: Mixture) -> float:
    """Return how far log densities vary of rows that a mixture is true for."""
    rng = np.random.default_rng(0)
    labels = rng.choice(mixture.n_components, DRAWN, p=mixture.weights / mixture.weights.sum())
    drawn = mixture.family.sample(mixture.parameters, labels, rng)
    return float(np.var(mixture.coded.log_density(drawn)))


def take_in(
    mixture: Mixture,
    seen: Seen,
    source: RowSource,
    engine: Engine,
    options: Callable[[Any], SolveOptions],
    *,
    n_rows: int | None = None,
    half_life: float | None = None,
) -> Taken:
    """Return a mixture that has taken further rows in, by EM on these from where it stands.

    What was seen of earlier rows stays as it is (`Remembered`), faded where there is a half-life;
    so every step raises one objective, and a few rows move little that many have settled. With one
    sweep this is stepwise EM (Cappé and Moulines 2009) with steps of w / (W + w); going on until
    it has converged costs a few sweeps of the further rows.

    Parameters
    ----------
    seen : of the rows before
    source : the further rows, coded as the family of the mixture reads them
    options : says of the family, in its frame, how EM runs; there are no starts
    n_rows : of the further ones, where equal rows are one in the source
    half_life : rows after which those before count half; None: all rows count alike
    """
    began = perf_counter()
    faded = seen.times(_weight_kept(source.total_weight, half_life))
    rows = as_swept(seen.family, source)[1]
    block = rows.block(0, rows.n_rows)
    plain, moments = resumed(seen.family, faded.moments, block.rows)
    family = bound_to(plain, mixture.constraints)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), engine.session():
        sweep = Sweep(family, rows, engine)
        known = known_of(plain, sweep.shared) / sweep.total_weight
        drift = _drift_of(mixture, seen, block.rows, block.weights, known)
        told = replace(options(family), earlier=())
        # Penalties are those of all rows: these alone may be one, of which cells are missing.
        bare = replace(told, prior=None, rescue=False)
        loop = fit_options(sweep, mixture.n_components, bare)
        totals = totals_of(plain, moments) + sweep.shared

        def remembered(name: Any) -> Any:
            if name == "evidence":
                return remembering(plain, family.evident(moments, totals), moments)
            prior = family.prior(name, totals, mixture.n_components)
            return remembering(plain, prior, moments)

        loop = replace(
            loop,
            prior=remembered(told.prior),
            fallback=remembered("rescue") if told.rescue else None,
            weighing=replace(loop.weighing, seen=tuple(moments.effective_rows.tolist())),
        )
        start = Model(log_weights_of(mixture.weights), family.in_frame(mixture.parameters))
        runs = fit_each(sweep, [start], loop)
        run = next(survivors(runs, loop))
        statistics = sweep([run.model])[0]
        run = certified_run(sweep, run, statistics, loop)
        result = result_of(sweep, run, statistics, loop, mixture.columns, (1, 1), began)
    both = Seen.of(
        plain,
        moments + statistics.moments,
        faded.log_likelihood + result.log_likelihood,
        faded.known + known * sweep.total_weight,
        seen.n_rows + (source.n_rows if n_rows is None else n_rows),
        seen.n_parts + 1,
    )
    return Taken(result, both, drift)
