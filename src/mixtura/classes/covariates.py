"""Regression of class membership on covariates, as step three of latent-class analysis."""

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.steps import Assigned
from mixtura.classes.third_step import ThirdStep
from mixtura.covariates.asked import Covariates
from mixtura.covariates.design import design_of
from mixtura.covariates.logit import ClassMembership, membership_of, start_of, unbounded
from mixtura.covariates.maximum import maximum
from mixtura.covariates.membership import MembershipLikelihood

__all__ = ["class_membership"]

Float = NDArray[np.float64]


def class_membership(step: ThirdStep, covariates: Covariates, reference: int) -> ClassMembership:
    """Return the regression of classes on covariates, of the rows that have all of them.

    Parameters
    ----------
    reference : the place of the class whose coefficients are zero

    Raises
    ------
    DataError
        If a covariate has one value, or is determined by others.
    InformationError
        If coefficients grow without bound.
    """
    rows = covariates.complete & (step.posteriors.weights > 0)
    (_, terms), step = covariates.of(rows).fitted(), step.of(rows)
    used = step.assigned
    design = design_of(terms, used.weights)

    def likelihood_of(assigned: Assigned) -> MembershipLikelihood:
        return MembershipLikelihood(
            design.columns, assigned.weights, assigned.shares, assigned.errors, reference
        )

    def total(assigned: Assigned) -> Float:
        return assigned.weights @ likelihood_of(assigned)(found).scores

    found, point = maximum(
        likelihood_of(used),
        start_of(used.sizes, design, reference),
        used.weights,
        lambda place: unbounded(design, used.names, reference, place),
    )
    return membership_of(
        found,
        step.sandwich(point, total),
        design=design,
        covariates=terms,
        names=used.names,
        reference=reference,
        log_likelihood=point.value,
        n=float(used.weights.sum()),
        n_left_out=int((~covariates.complete).sum()),
        how=used.how,
    )
