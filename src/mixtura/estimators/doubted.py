"""Warnings of a search whose best model is not sound, or of whose starts some failed."""

import warnings

from mixtura.em.soundness import failure_words
from mixtura.errors import DegenerateComponentWarning, MixturaWarning
from mixtura.selection import Selection

__all__ = ["warn_of_best"]


def warn_of_best(selection: Selection) -> None:
    """Warn the caller's caller of what speaks against the best model, if there is one."""
    for best in selection.ranked[:1]:
        for caution in best.cautions:
            warnings.warn(caution, DegenerateComponentWarning, stacklevel=3)
        if best.result is not None:
            for sentence in failure_words(best.result.history.failures, best.result.n_starts):
                warnings.warn(sentence, MixturaWarning, stacklevel=3)
