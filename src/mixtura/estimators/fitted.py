"""What whatever has fitted one mixture says of that fit, and what its components are called."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from mixtura.em.history import History
from mixtura.em.solve import FitResult
from mixtura.em.stopping import Ending
from mixtura.mixture import Mixture
from mixtura.store import StoredFacts
from mixtura.summary import summary_of
from mixtura.text import Summary

__all__ = ["Fitted", "tell_of_fit"]

# What a fit says of itself, by its facts.
TOLD = ("log_likelihood", "n_parameters", "converged", "n_iter", "starts_agreeing")


class Fitted:
    """What estimators, regressors and deconvolutions share that have a `mixture_`."""

    mixture_: Mixture
    facts_: dict[str, Any]
    history_: History
    log_likelihood_: float
    n_parameters_: int
    converged_: bool
    n_iter_: int
    starts_agreeing_: int
    ending_: Ending
    remaining_gain_: float

    def summary(self) -> Summary:
        """Return the fit in words and tables.

        Returns
        -------
        Summary
            Text, with `to_frame`, `to_html`, `to_latex` and `to_markdown`.
        """
        check_is_fitted(self, "mixture_")
        facts = getattr(self, "facts_", None)
        return summary_of(self.mixture_, facts, of_a_file=isinstance(facts, StoredFacts))

    def relabel(self, labels: Sequence[str]) -> Self:
        """Name the components, as tables, plots and files then do; a fit anew forgets the names.

        Parameters
        ----------
        labels : a name for each component but noise, the largest first

        Returns
        -------
        self
            `predict` still says numbers.

        Raises
        ------
        ParameterError
            If there are not as many names, or they do not tell components apart.
        """
        check_is_fitted(self, "mixture_")
        self.mixture_ = self.mixture_.relabel(labels)
        if hasattr(self, "_result"):
            self._result = replace(self._result, mixture=self.mixture_)
        return self

    def _tell_of(self, result: FitResult, told: Iterable[str] = ()) -> None:
        """Set what `tell_of_fit` does by the `facts_` of a fit that has just ended, and history."""
        tell_of_fit(self, self.facts_, told)
        self.history_ = result.history


def tell_of_fit(estimator: Any, facts: Mapping[str, Any], told: Iterable[str] = ()) -> None:
    """Set what an estimator says of its fit, by `FitResult.facts`, and more of them by name."""
    for name in (*TOLD, *told):
        setattr(estimator, f"{name}_", facts[name])
    estimator.ending_ = Ending(facts["ending"])
    gain = facts["remaining_gain"]
    estimator.remaining_gain_ = np.inf if gain is None else gain
