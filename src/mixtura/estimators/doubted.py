"""Warnings of a fit or a search whose model is not sound, or of whose starts some failed."""

import warnings
from collections.abc import Iterable

from sklearn.exceptions import ConvergenceWarning

from mixtura.em.solve import FitResult
from mixtura.em.soundness import failure_words, unconverged_words
from mixtura.errors import DegenerateComponentWarning, DisagreementWarning, MixturaWarning
from mixtura.selection import Selection

__all__ = ["warn_of_best", "warn_of_fit"]


def warn_of_fit(result: FitResult, cautions: Iterable[str], max_iter: int) -> None:
    """Warn the caller's caller of what is to be said of a fit.

    Parameters
    ----------
    cautions : what speaks against its components
    max_iter : sweeps that were asked for; of none no end is expected
    """
    for caution in cautions:
        warnings.warn(caution, DegenerateComponentWarning, stacklevel=3)
    for sentence in failure_words(result.history.failures, result.n_starts):
        warnings.warn(sentence, MixturaWarning, stacklevel=3)
    disagreement = result.history.outcomes.caution
    if disagreement is not None:
        warnings.warn(disagreement, DisagreementWarning, stacklevel=3)
    if not result.ending.converged and max_iter > 0:
        words = unconverged_words(result.history, result.remaining_gain)
        warnings.warn(words, ConvergenceWarning, stacklevel=3)


def warn_of_best(selection: Selection) -> None:
    """Warn the caller's caller of what speaks against the best model, if there is one."""
    for best in selection.ranked[:1]:
        for caution in best.cautions:
            warnings.warn(caution, DegenerateComponentWarning, stacklevel=3)
        if best.result is not None:
            for sentence in failure_words(best.result.history.failures, best.result.n_starts):
                warnings.warn(sentence, MixturaWarning, stacklevel=3)
