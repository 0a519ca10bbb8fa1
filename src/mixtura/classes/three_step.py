"""Covariates and outcomes of classes by three steps: fit, assign, and relate what was assigned."""

import warnings
from typing import Any

from numpy.typing import ArrayLike

from mixtura.classes.covariates import class_membership
from mixtura.classes.distal import DistalOutcomes, distal_outcomes
from mixtura.classes.first_step import FirstStep, first_step_of
from mixtura.classes.posteriors import mixture_of, posteriors_of, reference_of
from mixtura.classes.steps import ASSIGNMENTS, CORRECTIONS
from mixtura.classes.third_step import ThirdStep
from mixtura.covariates.asked import covariates_of, outcomes_of
from mixtura.covariates.logit import ClassMembership
from mixtura.errors import InformationError, MixturaWarning, ParameterError
from mixtura.inference.survey import SurveyDesign
from mixtura.mixture import Mixture

__all__ = ["three_step"]

STEP_ONE = ("estimated", "known")


def three_step(
    model: Any,
    X: Any,
    *,
    covariates: Any = None,
    distal: Any = None,
    data: Any = None,
    correction: str | None = None,
    assignment: str = "modal",
    sample_weight: ArrayLike | None = None,
    survey: SurveyDesign | None = None,
    reference: int | str | None = None,
    missing: str = "marginal",
    step_one: str = "estimated",
) -> ClassMembership | DistalOutcomes:
    """Relate the classes of a fitted mixture to what had no part in the fit.

    Step one is the fit, step two puts rows in classes, and step three corrects for those that are
    put in a wrong one: by the likelihood in which their probabilities are known (Vermunt 2010), or
    by weights that undo them (Bolck, Croon and Hagenaars 2004; Vermunt 2010). Uncorrected, classes
    look more alike than they are. Standard errors are robust, and have in them what step one did
    not know of the classes (Bakk, Oberski and Vermunt 2014).

    Parameters
    ----------
    model : a fitted estimator, or a `Mixture`, of 2 classes at least
    X : (N, D) rows, read as the fit read its own
    covariates : (N, ...) a frame, series or array: a multinomial logit of classes, with an
        intercept. Text, truth values and columns of a categorical type are categories, whose first
        level is left out. With data, a formula such as "age * C(region) + bs(income, df=4)", or a
        list of names
    distal : (N, ...) outcomes, likewise: means of numbers, proportions of categories, each outcome
        by itself. Numbers that are codes become categories as text, or by their type. With data, a
        formula whose terms are one outcome each, "log(income) + C(job)", or a list of names
    data : (N, ...) the frame that has the columns of a formula, or those that are named. Knots,
        means and levels of a formula are those of the rows that are used
    correction : "ml", "bch", "ltb" or "none"; None is "ml" for covariates and "bch" for outcomes,
        of which it supposes no distribution. By "ml" an outcome that is a number is normal in each
        class, with a variance of its own; by "ltb" classes are a logit of the outcome and its
        square, turned round by Bayes' rule (Bakk, Oberski and Vermunt 2016)
    assignment : "modal" puts each row in its most probable class, "proportional" in all by their
        posteriors
    sample_weight : (N,) row weights; weight 2 is the row twice
    survey : how the rows were drawn, in place of `sample_weight`: errors are by linearisation
    reference : the class that others are compared with, by its name; None: the largest
    missing : "error", or "marginal" to leave missing cells of X out. Rows that lack a covariate or
        an outcome have a part in the errors of classification only
    step_one : "estimated", or "known" for errors that take the classes as they were fitted, which
        are too small where classes are hard to tell apart. Where rows do not determine the
        classes they are taken as known, with a warning

    Returns
    -------
    ClassMembership or DistalOutcomes
        Both with `table()` and `summary()`.

    Raises
    ------
    ParameterError
        If not one of covariates and distal is given, a formula cannot be read, or a setting cannot
        be used.
    DataError
        If rows, weights or columns cannot be used, or a covariate follows from others.
    InformationError
        If classes cannot be told apart, or coefficients have no bound.
    """
    if (covariates is None) == (distal is None):
        raise ParameterError("give either covariates or distal; for both, call three_step twice")
    chosen = correction or ("bch" if covariates is None else "ml")
    if chosen not in CORRECTIONS:
        raise ParameterError(
            f"correction should be 'ml', 'bch', 'ltb' or 'none', but got {correction!r}"
        )
    if chosen == "ltb" and distal is None:
        raise ParameterError(
            "correction='ltb' regresses classes on an outcome; for covariates take 'ml', which is "
            "that regression"
        )
    if assignment not in ASSIGNMENTS:
        raise ParameterError(
            f"assignment should be 'modal' or 'proportional', but got {assignment!r}"
        )
    if step_one not in STEP_ONE:
        raise ParameterError(f"step_one should be 'estimated' or 'known', but got {step_one!r}")
    posteriors = posteriors_of(model, X, sample_weight, missing, survey)
    names = posteriors.names
    if len(names) < 2:
        raise ParameterError("the model has one class only; fit 2 at least")
    compared = reference_of(reference, names, posteriors.sizes)
    first = None
    if step_one == "estimated":
        first = _first_step(mixture_of(model), X, sample_weight, missing, survey)
    step = ThirdStep(posteriors, assignment, chosen, first)
    n_rows = len(posteriors.weights)
    if distal is not None:
        return distal_outcomes(step, outcomes_of(distal, data, n_rows))
    return class_membership(step, covariates_of(covariates, data, n_rows), compared)


def _first_step(mixture: Mixture, *told: Any) -> FirstStep | None:
    """Return what step one did not know, or None where that cannot be told, with a warning."""
    try:
        return first_step_of(mixture, *told)
    except InformationError as error:
        warnings.warn(
            f"standard errors take the classes as known: {error}", MixturaWarning, stacklevel=3
        )
        return None
