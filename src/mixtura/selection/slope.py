"""Slope heuristics: a model chosen by how the likelihood grows where models are too large."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.errors import ParameterError
from mixtura.selection.candidates import Candidate, Selection
from mixtura.text import Passage, Summary, Table, Tabled, number

__all__ = ["SlopeHeuristic", "Window", "by_slope", "slope_heuristic"]

Float = NDArray[np.float64]

# Fewer models than these show no slope.
FEWEST, SHORTEST = 6, 3


@dataclass(frozen=True, slots=True)
class Window:
    """The slope of the largest models, and which model it chooses.

    Attributes
    ----------
    n_models : how many are looked at
    slope : nats of log-likelihood for each parameter
    place : of the model of the least -log L + 2 slope · parameters
    """

    n_models: int
    slope: float
    place: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SlopeHeuristic(Tabled):
    """What slope heuristics choose of a search.

    Attributes
    ----------
    best : the candidate
    slope : nats of log-likelihood for each parameter of models that are too large; BIC takes
        ½ log N for twice that
    windows : of ever more of the largest models
    candidates : those that the windows' places are among, one for each number of parameters
    """

    best: Candidate
    slope: float
    windows: tuple[Window, ...]
    candidates: tuple[Candidate, ...]

    def __repr__(self) -> str:
        return f"<SlopeHeuristic: {self.best.kind}, {self.best.n_components} components>"

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each window: how many models, their slope, and what it chooses."""
        return [
            {
                "n_models": window.n_models,
                "slope": window.slope,
                "kind": self.candidates[window.place].kind,
                "n_components": self.candidates[window.place].n_components,
            }
            for window in self.windows
        ]

    def summary(self) -> Summary:
        """Return the windows as a table, and what is chosen."""
        rows = [
            [str(one["n_models"]), number(one["slope"]), one["kind"], str(one["n_components"])]
            for one in self.table()
        ]
        table = Table.of(["largest models", "slope", "chooses", "components"], rows)
        said = (
            f"chosen by most of them: {self.best.kind}, {self.best.n_components} component(s); "
            f"slope {number(self.slope)} nats a parameter"
        )
        return Summary([Passage("Slope heuristics", (table,), said)], self.table())


def slope_heuristic(selection: Selection) -> SlopeHeuristic:
    """Choose of a search by its own largest models (Baudry, Maugis and Michel 2012).

    Where models are larger than the rows ask for, the log-likelihood grows by about as much for
    each parameter; a penalty of twice that is the least that does not choose the largest (Birgé and
    Massart 2007). So the search has to have sizes well beyond those that BIC or ICL choose, of one
    kind as a rule.

    Parameters
    ----------
    selection : a search of several sizes

    Raises
    ------
    ParameterError
        If there are fewer than six sound models of different numbers of parameters.
    """
    best: dict[int, Candidate] = {}
    for candidate in selection.candidates:
        result = candidate.result
        if result is None or not candidate.is_sound:
            continue
        other = best.get(result.n_parameters)
        if other is None or _likelihood(candidate) > _likelihood(other):
            best[result.n_parameters] = candidate
    chosen = tuple(best[count] for count in sorted(best))
    if len(chosen) < FEWEST:
        raise ParameterError(
            f"slope heuristics look at {FEWEST} sound models of different numbers of parameters or "
            f"more, and there are {len(chosen)}; search more sizes, far beyond what BIC chooses"
        )
    windows, place, slope = by_slope(sorted(best), [_likelihood(one) for one in chosen])
    return SlopeHeuristic(chosen[place], slope, windows, chosen)


def by_slope(
    n_parameters: ArrayLike, log_likelihood: ArrayLike
) -> tuple[tuple[Window, ...], int, float]:
    """Return the windows, the place of the model that most of them in a row choose, and its slope.

    Slopes are medians of those of all pairs (Theil and Sen), which a model that ended low bends
    little.

    Parameters
    ----------
    n_parameters : (M,) rising
    log_likelihood : (M,)
    """
    sizes, values = np.asarray(n_parameters, dtype=float), np.asarray(log_likelihood, dtype=float)
    windows = []
    for count in range(SHORTEST, len(sizes) + 1):
        one, other = np.triu_indices(count, 1)
        own, gained = sizes[-count:], values[-count:]
        slope = max(float(np.median((gained[one] - gained[other]) / (own[one] - own[other]))), 0.0)
        windows.append(Window(count, slope, int(np.argmin(2 * slope * sizes - values))))
    places = np.array([window.place for window in windows])
    starts = np.flatnonzero(np.append(True, np.diff(places) != 0))
    lengths = np.diff(np.append(starts, len(places)))
    longest = int(lengths.argmax())
    run = windows[starts[longest] : starts[longest] + lengths[longest]]
    return tuple(windows), run[0].place, float(np.median([window.slope for window in run]))


def _likelihood(candidate: Candidate) -> float:
    assert candidate.result is not None
    return candidate.result.log_likelihood
