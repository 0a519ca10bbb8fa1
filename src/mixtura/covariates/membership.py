"""The multinomial logit of classes that are known with error: its likelihood and derivatives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import log_sum_exp
from mixtura.covariates.maximum import Point

__all__ = ["MembershipLikelihood", "log_probabilities"]

Float = NDArray[np.float64]

# What keeps a step of Newton finite, as a share of the curvature.
RIDGE = 1e-12

# How often a step is halved before it is given up.
HALVINGS = 30


def log_probabilities(design: Float, coefficients: Float, reference: int) -> Float:
    """Return log softmax(z_i B) (N, K), the coefficients of the reference being zero.

    Parameters
    ----------
    design : (N, P) z
    coefficients : (K - 1, P) of the other classes, in order
    """
    others = design @ coefficients.T
    # np.insert would take longer than all the rest.
    logits = np.zeros((len(others), others.shape[1] + 1))
    logits[:, :reference], logits[:, reference + 1 :] = others[:, :reference], others[:, reference:]
    return logits - log_sum_exp(logits)[:, None]


@dataclass(frozen=True, slots=True)
class MembershipLikelihood:
    """The log-likelihood of step three, by the coefficients of all classes but one.

    With p_i = softmax(z_i B): Σ w_i Σ_s a_is log Σ_t p_it D_ts (Vermunt 2010), or Σ w_i Σ_t a_it
    log p_it where a has been corrected before (Bolck, Croon and Hagenaars 2004) or is taken as it
    is. Its parameters are those of one class after the other.

    Attributes
    ----------
    design : (N, P) z
    weights : (N,) w
    assigned : (N, K) a, whose rows add up to 1
    errors : (K, K) D, or None
    reference : the class whose coefficients are zero
    """

    design: Float
    weights: Float
    assigned: Float
    errors: Float | None
    reference: int

    @property
    def others(self) -> NDArray[np.intp]:
        """Return the classes (K - 1,) that have coefficients."""
        return np.delete(np.arange(self.assigned.shape[1]), self.reference)

    def of(self, rows: slice) -> "MembershipLikelihood":
        """Return that of some rows."""
        return MembershipLikelihood(
            self.design[rows], self.weights[rows], self.assigned[rows], self.errors, self.reference
        )

    def log_probabilities(self, parameters: Float) -> Float:
        """Return log p (N, K) at the coefficients (K - 1) P."""
        return log_probabilities(
            self.design, parameters.reshape(len(self.others), -1), self.reference
        )

    def __call__(self, parameters: Float) -> Point:
        """Return it at the coefficients (K - 1) P."""
        log_p = self.log_probabilities(parameters)
        p = np.exp(log_p)
        curvature = p[:, :, None] * p[:, None, :]
        _add_to_diagonal(curvature, -p)
        if self.errors is None:
            # A weight of zero gives nothing, even where p is zero too.
            value = np.where(self.assigned == 0.0, 0.0, self.assigned * log_p).sum(axis=1)
            known = self.assigned
        else:
            value, known = self._of_errors(log_p, self.errors, curvature)
        scores = (known - p)[:, self.others, None] * self.design[:, None, :]
        return Point(
            float(self.weights @ value),
            scores.reshape(len(p), -1),
            self._hessian(curvature[:, self.others[:, None], self.others]),
        )

    def climbed(self, before: Float) -> Float:
        """Return coefficients after a step of Newton, shortened until nothing is lost."""
        here = self(before)
        # Of terms of any size that nearly go together.
        size = float(self.weights.sum()) + np.abs(here.hessian.diagonal())
        step = np.linalg.solve(np.diag(RIDGE * size) - here.hessian, self.weights @ here.scores)
        for _ in range(HALVINGS):
            log_p = self.log_probabilities(before + step)
            if float(self.weights @ (self.assigned * log_p).sum(axis=1)) >= here.value:
                return before + step
            step = 0.5 * step
        return before

    def _of_errors(self, log_p: Float, errors: Float, curvature: Float) -> tuple[Float, Float]:
        """Return each row's log-likelihood (N,) and posterior (N, K), and add its curvature."""
        value, known = np.zeros(len(log_p)), np.zeros_like(log_p)
        with np.errstate(divide="ignore"):
            log_errors = np.log(errors)
        for s in np.flatnonzero(self.assigned.any(axis=0)):
            rows = np.flatnonzero(self.assigned[:, s])
            share, joint = self.assigned[rows, s], log_p[rows] + log_errors[:, s]
            density = log_sum_exp(joint)
            q = np.exp(joint - density[:, None])
            value[rows] += share * density
            known[rows] += share[:, None] * q
            own = -(share[:, None] * q)[:, :, None] * q[:, None, :]
            _add_to_diagonal(own, share[:, None] * q)
            curvature[rows] += own
        return value, known

    def _hessian(self, curvature: Float) -> Float:
        """Return Σ w M ⊗ z zᵀ, M (N, K - 1, K - 1)."""
        n_classes, n_terms = curvature.shape[1], self.design.shape[1]
        hessian = np.empty((n_classes, n_terms, n_classes, n_terms))
        for t in range(n_classes):
            for u in range(t, n_classes):
                scaled = self.design * (self.weights * curvature[:, t, u])[:, None]
                hessian[t, :, u] = hessian[u, :, t] = scaled.T @ self.design
        return hessian.reshape(n_classes * n_terms, -1)


def _add_to_diagonal(matrices: Float, values: Float) -> None:
    """Add values (N, K) to the diagonals of matrices (N, K, K)."""
    diagonal = np.arange(values.shape[1])
    matrices[:, diagonal, diagonal] += values
