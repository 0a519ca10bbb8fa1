"""Latent transition analysis: classes at several waves, and how rows move between them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import generator_of, whole_number
from mixtura.classes.posteriors import mixture_of
from mixtura.classes.regression import check_classes, check_errors
from mixtura.classes.transition_errors import Found, transitions_of
from mixtura.classes.transition_starts import Waves, best_chain
from mixtura.classes.transitions import LatentTransition, named_waves
from mixtura.covariates.asked import covariates_of
from mixtura.covariates.design import design_of, intercept_alone
from mixtura.data.gaps import lack_all
from mixtura.data.weights import given_weights
from mixtura.errors import DataError
from mixtura.estimators.settings import checked_choice
from mixtura.inference.refit import options_of
from mixtura.inference.rows import checked
from mixtura.inference.survey import SurveyDesign, sampling_of
from mixtura.mixture import Mixture

__all__ = ["latent_transition"]

Float = NDArray[np.float64]


def latent_transition(
    model: Any,
    waves: Sequence[Any] | Mapping[Any, Any],
    *,
    covariates: Any = None,
    data: Any = None,
    covariates_on: str = "both",
    transitions: str = "by wave",
    measurement: str = "equal",
    sample_weight: ArrayLike | None = None,
    survey: SurveyDesign | None = None,
    missing: str = "marginal",
    prior: Any = "weak",
    standard_errors: str = "robust",
    n_init: int = 5,
    max_iter: int = 5000,
    random_state: int | np.random.Generator = 0,
) -> LatentTransition:
    """Fit classes at two or more waves, of which each depends on the class before.

    The latent Markov model (Wiggins 1973; Collins and Lanza 2010): a class at the first wave, a
    multinomial logit of the class at a wave given that at the wave before, and answers given the
    class at their own wave. All of it is fitted together by EM, forward and back over the waves.

    Parameters
    ----------
    model : a fitted estimator, or a `Mixture`, of 2 classes at least, which says what classes there
        are: as a rule of the rows of all waves, one below the other
    waves : (T,) of rows (N, D), the same people in the same order, read as the fit read its own; as
        a list, or by what waves are called, such as years. Who has no answer at a wave has missing
        cells there, and who has none at any does not count
    covariates : (N, ...) what foretells classes: a frame, series or array, or with data a formula
        or a list of names. Rows that lack one have no part
    data : (N, ...) the frame that has the columns of a formula, or those that are named
    covariates_on : "both", "initial" (classes at the first wave) or "transition"
    transitions : "by wave", or "equal" for the same from each wave to the next
    measurement : "equal" for classes that are the same at all waves, or "free"; hold one against
        the other by `against`
    sample_weight : (N,) row weights; weight 2 is the row twice
    survey : how the rows were drawn, in place of `sample_weight`: errors are by linearisation
    missing : "error", or "marginal" to leave missing cells out
    prior : on the components, as in the estimators
    standard_errors : "robust" (sandwich), "observed" (information), or "scores" (outer product).
        Numbers on the edge of their range, such as a transition that nobody makes, are taken as
        known
    n_init : starts, of which the best end is kept: the model, and others from short runs
    max_iter : E-steps of each at the most
    random_state : a seed or a numpy Generator, for the other starts

    Returns
    -------
    LatentTransition
        With `table()`, `summary()`, `predict_proba(waves)` and `against(other)`.

    Raises
    ------
    ParameterError
        If the model has noise, or weights or numbers that are held, or a setting cannot be used.
    DataError
        If waves, weights or covariates cannot be used, waves are not of as many rows, or nobody
        has an answer at one, unless moves and classes are the same at all.
    InformationError
        If coefficients have no bound, or the rows do not determine the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import BernoulliMixture, latent_transition
    >>> rng = np.random.default_rng(0)
    >>> first = rng.random(500) < 0.5
    >>> moved = first ^ (rng.random(500) < 0.1)
    >>> chances = [np.where(state, 0.9, 0.1)[:, None] for state in (first, moved)]
    >>> waves = [(rng.random((500, 5)) < chance).astype(int) for chance in chances]
    >>> found = latent_transition(BernoulliMixture(2).fit(np.vstack(waves)), waves)
    >>> bool(abs(found.transitions[0].diagonal() - 0.9).max() < 0.05)
    True
    """
    mixture = mixture_of(model)
    check_errors(standard_errors, survey)
    check_classes(mixture)
    checked_choice("covariates_on", covariates_on, ("both", "initial", "transition"))
    checked_choice("transitions", transitions, ("by wave", "equal"))
    checked_choice("measurement", measurement, ("equal", "free"))
    whole_number("max_iter", max_iter, 1)
    seed = int(generator_of(random_state).integers(2**31))
    others = whole_number("n_init", n_init, 1) - 1
    called, given = named_waves(waves)
    arrays = _read(mixture, called, given, missing)
    n_rows = len(arrays[0])
    sampling = sampling_of(n_rows, given_weights(given[0], sample_weight), survey)
    present, asked = np.ones(n_rows, dtype=bool), None
    if covariates is not None:
        asked = covariates_of(covariates, data, n_rows)
        present = asked.complete
    known = _known(mixture, arrays)
    answered = known.any(axis=0)
    places = np.flatnonzero(present & answered & (sampling.weights > 0))
    if transitions == "by wave" or measurement == "free":
        _check_asked(called, known[:, places])
    sampling = sampling.of(places)
    read, terms, plain = None, (), intercept_alone(len(places))
    design = plain
    if asked is not None:
        read, terms = asked.of(places).fitted()
        design = design_of(terms, sampling.weights)
    stacked = checked(mixture.coded, np.concatenate(arrays), None, missing)
    told = Waves(
        mixture,
        tuple(rows[places] for rows in np.split(stacked.array, len(arrays))),
        stacked.family,
        sampling.weights,
        plain if covariates_on == "transition" else design,
        plain if covariates_on == "initial" else design,
        transitions == "equal",
        options_of(mixture, prior, seed, finish=others),
    )
    chain, end = best_chain(told, free=measurement == "free", max_iter=max_iter)
    left = int((~present).sum()), int((present & ~answered).sum())
    found = Found(called, told, chain, end, read, terms, sampling, *left)
    return transitions_of(found, standard_errors)


def _known(mixture: Mixture, arrays: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Return which rows have a known cell at each wave (T, N)."""
    categorical = np.array([kind.name == "category" for kind in mixture.kinds])
    return ~np.stack([lack_all(rows, categorical) for rows in arrays])


def _check_asked(called: Sequence[Any], known: NDArray[np.bool_]) -> None:
    """Raise `DataError` naming a wave at which nobody who counts has an answer."""
    for name, own in zip(called, known, strict=True):
        if known.any() and not own.any():
            raise DataError(
                f"wave {name} has no answer of anybody who counts, so moves to it and from it "
                "cannot be told; leave the wave out"
            )


def _read(mixture: Mixture, called: Sequence[Any], waves: Sequence[Any], missing: str) -> list[Any]:
    """Return the rows (N, D) of each wave, coded, of as many rows."""
    if len(waves) < 2:
        raise DataError("waves should be a list of the rows of each wave, 2 waves at least")
    arrays = [checked(mixture, wave, None, missing).array for wave in waves]
    for name, rows in zip(called, arrays, strict=True):
        if not isinstance(rows, np.ndarray):
            raise DataError(f"wave {name} is sparse; give an array of its cells")
        if len(rows) != len(arrays[0]):
            raise DataError(
                f"wave {name} has {len(rows)} rows and wave {called[0]} has {len(arrays[0])}; give "
                "each the same people in the same order, with missing cells where one was not asked"
            )
    return arrays
