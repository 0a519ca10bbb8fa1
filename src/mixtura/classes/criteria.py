"""The criteria that papers print, of one fit."""

from math import log
from typing import Any

import numpy as np

from mixtura.em.solve import FitResult

__all__ = ["CRITERIA", "Penalised", "correct_model_probabilities", "criteria_of"]

# What numbers of classes are compared by, lower being better.
CRITERIA = ("aic", "caic", "bic", "sabic", "awe", "icl")


class Penalised:
    """What has a `log_likelihood` of `n` rows and `n_parameters` has BIC and AIC."""

    __slots__ = ()

    @property
    def bic(self) -> float:
        """Return -2 ℓ + df log n; lower is better."""
        fit: Any = self
        return -2.0 * fit.log_likelihood + fit.n_parameters * log(fit.n)

    @property
    def aic(self) -> float:
        """Return -2 ℓ + 2 df; lower is better."""
        fit: Any = self
        return -2.0 * fit.log_likelihood + 2.0 * fit.n_parameters


def criteria_of(result: FitResult) -> dict[str, float]:
    """Return all criteria of a fit; n is the total weight of its rows, d its free parameters.

    AIC, BIC and ICL are those of the fit. CAIC = -2 ℓ + d (log n + 1) (Bozdogan 1987), SABIC =
    -2 ℓ + d log((n + 2) / 24) (Sclove 1987), and the approximate weight of evidence AWE = -2 ℓ +
    2 d (log n + 3/2) (Banfield and Raftery 1993, with ℓ as Masyn 2013 has it).
    """
    deviance = -2.0 * (result.log_likelihood - result.excess)
    n, d = result.total_weight, result.n_parameters
    return {
        "aic": result.aic,
        "caic": deviance + d * (log(n) + 1.0),
        "bic": result.bic,
        "sabic": deviance + d * log((n + 2.0) / 24.0),
        "awe": deviance + 2.0 * d * (log(n) + 1.5),
        "icl": result.icl,
    }


def correct_model_probabilities(bics: list[float]) -> list[float]:
    """Return the probability of each model, if one of them is right and all are as likely before.

    By exp(-BIC / 2), Schwarz's approximation of the marginal likelihood (Kass and Raftery 1995).
    """
    logs = -0.5 * np.array(bics)
    weights = np.exp(logs - logs.max())
    return (weights / weights.sum()).tolist()
