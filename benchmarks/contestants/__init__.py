"""Those who fit: the columns of the benchmark's tables.

A contestant is a function of a problem and a seed that returns a model: `score_samples`, `predict`
and where it has them `means_`, `note` (what to tell of the fit) and `seconds` (not to be measured).
"""

import shutil
import subprocess
from importlib.util import find_spec

from scipy.sparse import issparse

from contestants.discrete import MANY_STARTS, best_of_starts, by_stepmix, one_component
from contestants.mixtures import by_auto, by_default, by_ten, by_truth, other_seed, without_prior
from contestants.peers import by_mclust, by_sklearn, sklearn_has

__all__ = ["COLUMNS", "contestants", "installed"]

# As they are asked for, and the columns that each stands for. The truth comes first, as the others
# are judged by it.
COLUMNS = {
    "truth": {"truth": by_truth},
    "default": {"default": by_default},
    "auto": {"auto": by_auto},
    "seeds": {"seed1": other_seed(1), "seed2": other_seed(2)},
    "ten": {"ten": by_ten},
    "none": {"none": without_prior},
    "starts": {"starts": best_of_starts(MANY_STARTS)},
    "one": {"one": one_component},
    "sklearn": {"sklearn": by_sklearn},
    "mclust": {"mclust": by_mclust},
    "stepmix": {"stepmix": by_stepmix},
}


def installed(names):
    """Return those of the columns whose software is there."""
    missing = set()
    if "mclust" in names and not has_mclust():
        missing.add("mclust")
    if "stepmix" in names and find_spec("stepmix") is None:
        missing.add("stepmix")
    return [name for name in names if name not in missing]


def has_mclust():
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", "suppressMessages(library(mclust))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def takes_part(name, problem):
    """Return whether a column is fair on a problem."""
    gaussian = problem.family == "gaussian"
    peer = gaussian and problem.noise is None and problem.weights is None
    return {
        "auto": gaussian and problem.sizes is not None,
        "none": gaussian,
        "starts": not gaussian,
        "one": issparse(problem.fitted),
        "sklearn": peer and sklearn_has(problem),
        "mclust": peer,
        "stepmix": problem.family in ("categorical", "bernoulli"),
    }.get(name, True)


def contestants(problem, names, quick=False):
    """Return the columns that take part, by name, the truth first."""
    found = {}
    for name, members in COLUMNS.items():
        if name in names and takes_part(name, problem):
            found |= members
    if quick and "starts" in found:
        found["starts"] = best_of_starts(MANY_STARTS // 5)
    return found
