"""Covariates of classes by one step: the classes and their regression fitted together."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from mixtura.arrays import generator_of, log_sum_exp, whole_number
from mixtura.classes.criteria import Penalised
from mixtura.classes.curvature import ERRORS, covariance_of, point_of
from mixtura.classes.joint_starts import best_ascents
from mixtura.classes.posteriors import mixture_of, reference_of
from mixtura.components.constrained import bound_to
from mixtura.covariates.asked import FittedCovariates, covariates_of
from mixtura.covariates.design import design_of, raw_columns
from mixtura.covariates.logit import ClassMembership, membership_of, unbounded
from mixtura.covariates.maximum import check_bounded
from mixtura.covariates.membership import log_probabilities
from mixtura.covariates.together import Joint
from mixtura.data.weights import given_weights
from mixtura.em.solve import fit_options
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import DataError, ParameterError
from mixtura.inference.refit import framed, options_of
from mixtura.inference.rows import Rows, checked
from mixtura.inference.survey import SurveyDesign, sampling_of
from mixtura.mixture import Mixture
from mixtura.text import Summary, Tabled, probability

__all__ = [
    "ClassRegression",
    "LikelihoodRatio",
    "check_classes",
    "check_errors",
    "one_step",
    "ratio_of",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """The test of a model against one in which some of its parameters are zero.

    Attributes
    ----------
    statistic : 2 (ℓ - ℓ_0)
    df : how many parameters these are
    p_value : by chi-squared
    """

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True)
class ClassRegression(Penalised, Tabled):
    """A mixture whose weights are a multinomial logit of covariates.

    Attributes
    ----------
    membership : the coefficients, with errors and tests
    mixture : the components; its weights are the means of those of rows
    log_likelihood : of the rows that have all covariates
    n_parameters : free ones, coefficients and components'
    n : the weight of these rows
    test : of all slopes together, against the same classes without covariates
    converged : whether EM came to its end within `max_iter` steps
    objective : the log-likelihood, with the penalty of the prior, after each E-step
    covariates : how those of other rows are read
    """

    membership: ClassMembership
    mixture: Mixture
    log_likelihood: float
    n_parameters: int
    n: float
    test: LikelihoodRatio
    converged: bool
    objective: tuple[float, ...]
    covariates: FittedCovariates

    @property
    def how(self) -> str:
        """Return in words how it was fitted."""
        return self.membership.how

    def weights(self, covariates: Any) -> Float:
        """Return the probabilities (N, K) of classes given covariates alone.

        Parameters
        ----------
        covariates : (N, ...) as in `one_step`, by name where they have names; where a formula was
            given, the frame that has its columns

        Raises
        ------
        DataError
            If one is not there, a cell is missing, or a level was not in the fit.
        """
        return np.exp(self._log_weights(covariates))

    def _log_weights(self, covariates: Any) -> Float:
        design = raw_columns(self.covariates.of(covariates))
        reference = self.mixture.names.index(self.membership.reference)
        return log_probabilities(design, self.membership.coefficients.T, reference)

    def predict_proba(self, X: Any, covariates: Any) -> Float:
        """Return the posterior probabilities (N, K) of classes given rows and their covariates.

        Parameters
        ----------
        X : (N, D) rows, read as the fit read its own
        covariates : (N, ...) as in `one_step`

        Raises
        ------
        DataError
            If rows or covariates cannot be used, or there are not as many of both.
        """
        log_weights = self._log_weights(covariates)
        joint = self.mixture.component_log_density(X)
        if len(joint) != len(log_weights):
            raise DataError(
                f"covariates has {len(log_weights)} rows and X has {len(joint)}; give one for each"
            )
        joint += log_weights
        log_density = log_sum_exp(joint)
        with np.errstate(invalid="ignore"):
            found = np.exp(joint - log_density[:, None])
        # So far away that no density is left, what the covariates say is as nothing.
        far = np.isneginf(log_density)
        if far.any():
            found[far] = self.mixture.responsibilities(X)[far]
        return found

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each class and term, as `ClassMembership.table` does."""
        return self.membership.table()

    def summary(self) -> Summary:
        """Return the tables as text."""
        test = self.test
        *others, last = self.membership.summary().passages
        said = "\n".join(
            [
                last.said,
                f"log-likelihood {self.log_likelihood:.4f}, df {self.n_parameters}, "
                f"AIC {self.aic:.3f}, BIC {self.bic:.3f}.",
                f"Against the same classes without covariates: likelihood ratio "
                f"{test.statistic:.3f}, df {test.df}, p {probability(test.p_value)}.",
            ]
        )
        return Summary([*others, replace(last, said=said)], self.table())


def one_step(
    model: Any,
    X: Any,
    *,
    covariates: Any,
    data: Any = None,
    sample_weight: ArrayLike | None = None,
    survey: SurveyDesign | None = None,
    reference: int | str | None = None,
    missing: str = "marginal",
    prior: Any = "weak",
    standard_errors: str = "robust",
    n_init: int = 5,
    max_iter: int = 5000,
    random_state: int | np.random.Generator = 0,
) -> ClassRegression:
    """Fit classes whose probabilities depend on covariates: latent class regression.

    π_ik = softmax(z_i B)_k takes the place of π_k, and B and the components are fitted together by
    EM (Dayton and Macready 1988; Bandeen-Roche and others 1997), from the fit without covariates
    and from other starts. So what classes are may change with the covariates; where it should not,
    see `three_step`.

    Parameters
    ----------
    model : a fitted estimator, or a `Mixture`, of 2 classes at least; ordinal items stay so
    X : (N, D) rows, read as the fit read its own
    covariates : (N, ...) a frame, series or array. Text, truth values and columns of a categorical
        type are categories, whose first level is left out. With data, a formula such as
        "age + C(sex)", or a list of names. Rows that lack one have no part
    data : (N, ...) the frame that has the columns of a formula, or those that are named
    sample_weight : (N,) row weights; weight 2 is the row twice
    survey : how the rows were drawn, in place of `sample_weight`: errors are by linearisation, and
        the likelihood ratio is no test
    reference : the class that others are compared with, by its name; None: the largest
    missing : "error", or "marginal" to leave missing cells of X out
    prior : on the components, as in the estimators
    standard_errors : "robust" (sandwich), "observed" (information), or "scores" (their outer
        product, as in poLCA). Numbers on the edge of their range, such as a probability of 0, are
        taken as known
    n_init : starts, of which the best end is kept: the model, and others from short runs
    max_iter : E-steps of each at the most
    random_state : a seed or a numpy Generator, for the other starts

    Returns
    -------
    ClassRegression

    Raises
    ------
    ParameterError
        If the model has noise, or weights or numbers that are held, or a setting cannot be used.
    DataError
        If rows, weights or covariates cannot be used, or a covariate follows from others.
    InformationError
        If coefficients have no bound, or the rows do not determine the parameters.
    """
    mixture = mixture_of(model)
    check_errors(standard_errors, survey)
    check_classes(mixture)
    whole_number("max_iter", max_iter, 1)
    seed = int(generator_of(random_state).integers(2**31))
    others = whole_number("n_init", n_init, 1) - 1
    options = options_of(mixture, prior, seed, finish=others)
    rows = checked(mixture, X, None, missing)
    sampling = sampling_of(rows.n_rows, given_weights(X, sample_weight), survey)
    asked = covariates_of(covariates, data, rows.n_rows)
    present = asked.complete
    order = rows.order()
    places = order[(present & (sampling.weights > 0))[order]]
    sampling = sampling.of(places)
    read, terms = asked.of(places).fitted()
    weights = sampling.weights
    used = Rows(rows.family, rows.array[places], weights)
    names = mixture.names
    sizes = weights @ mixture.coded.responsibilities(used.array)
    compared = reference_of(reference, names, sizes)
    design = design_of(terms, weights)
    bound = bound_to(framed(used.family, used.source(), slice(None)), mixture.constraints)
    sweep = Sweep(bound, used.source(), Serial())
    loop = fit_options(sweep, len(names), options)
    joint = Joint(sweep, used.array, design.columns, weights, compared, len(names), loop.prior)
    null, found = best_ascents(joint, mixture, loop, options, max_iter)

    family, parameters = joint.sweep.family.in_user_units(found.state.parameters)
    coefficients = found.state.coefficients
    membership = joint.membership(found.state.responsibilities)
    check_bounded(
        membership(coefficients),
        weights,
        lambda place: unbounded(design, names, compared, place),
    )
    point, n_known = point_of(
        membership,
        coefficients,
        found.state.log_likelihood,
        replace(mixture, family=used.family, parameters=parameters),
        used.array,
    )
    shares = np.exp(joint.log_weights(coefficients))
    total = float(weights.sum())
    return ClassRegression(
        membership=membership_of(
            coefficients,
            covariance_of(point, sampling, standard_errors)[
                : len(coefficients), : len(coefficients)
            ],
            design=design,
            covariates=terms,
            names=names,
            reference=compared,
            log_likelihood=found.state.log_likelihood,
            n=total,
            n_left_out=int((~present).sum()),
            how=_how(standard_errors, n_known),
        ),
        mixture=replace(
            mixture, weights=weights @ shares / total, family=family, parameters=parameters
        ),
        log_likelihood=found.state.log_likelihood,
        n_parameters=sweep.family.n_free(len(names)) + len(coefficients),
        n=total,
        test=ratio_of(
            found.state.log_likelihood - null.state.log_likelihood,
            (len(design.terms) - 1) * (len(names) - 1),
        ),
        converged=found.converged,
        objective=found.objective,
        covariates=read,
    )


def check_errors(standard_errors: str, survey: SurveyDesign | None) -> None:
    """Raise `ParameterError` for standard errors that are not told, or not by a design."""
    if survey is not None and standard_errors != "robust":
        raise ParameterError("errors by a survey design are robust; leave standard_errors at that")
    if standard_errors not in ERRORS:
        raise ParameterError(
            f"standard_errors should be 'robust', 'observed' or 'scores', not {standard_errors!r}"
        )


def check_classes(mixture: Mixture) -> None:
    """Raise `ParameterError` for a mixture whose classes are not fitted anew with others' help."""
    if mixture.n_components < 2:
        raise ParameterError("the model has one class only; fit 2 at least")
    bound = mixture.constraints is not None and not mixture.constraints.binds_none_alone
    if mixture.family.has_noise or mixture.held or bound:
        raise ParameterError(
            "classes with covariates, or at several waves, are fitted without noise, and with "
            "nothing held or equal; fit the model so first, or take three_step"
        )


def ratio_of(gain: float, df: int) -> LikelihoodRatio:
    """Return the test of a model that is likelier by so much, for so many parameters more."""
    statistic = max(2.0 * gain, 0.0)
    return LikelihoodRatio(statistic, df, float(chdtrc(df, statistic)))


def _how(standard_errors: str, n_known: int) -> str:
    known = f"; {n_known} numbers on the edge of their range taken as known" if n_known else ""
    return (
        f"classes and coefficients fitted together (one step); {standard_errors} standard errors"
        f"{known}"
    )
