"""A fit drawn from a seed and a number: estimator, rows, and what else `fit` is given."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import mixtura
from fuzzing import tables
from fuzzing.analyses import analysis
from fuzzing.asked import asked, gappy
from fuzzing.hard import hard
from fuzzing.later import LATER, later
from mixtura.components.gaussian.structures import CODES

__all__ = ["Case", "case"]

FAMILIES: dict[str, tuple[str, Any]] = {
    "gaussian": ("GaussianMixture", tables.numbers),
    "multinomial": ("MultinomialMixture", tables.counts),
    "bernoulli": ("BernoulliMixture", tables.yes_or_no),
    "poisson": ("PoissonMixture", tables.counts),
    "geometric": ("GeometricMixture", tables.counts),
    "negative binomial": ("NegativeBinomialMixture", tables.counts),
    "gamma": ("GammaMixture", tables.amounts),
    "categorical": ("CategoricalMixture", tables.categories),
    "mixed": ("MixedMixture", None),
}
HARD, ASKED, LATEST, ANALYSES = 1000, 2000, 100_000, 10_000_000_000
# The share of large fits, each of which takes as long as a hundred small ones.
LARGE = 0.01
SHARES = [0.5, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.07, 0.07]


@dataclass(frozen=True)
class Case:
    """One fit.

    Attributes
    ----------
    family : its name
    make : returns the estimator with more settings
    rows : what is fitted
    given : the other arguments of `fit`
    told : what is told of rows beside them where a fit is asked about them
    """

    family: str
    settings: dict[str, Any]
    rows: Any
    given: dict[str, Any]
    told: dict[str, Any] = field(default_factory=dict)

    def ask(self, n_jobs: int) -> Any:
        """Return the estimator, fitted."""
        return self.make(n_jobs=n_jobs).fit(self.rows, **self.given)

    def make(self, **more: Any) -> Any:
        """Return the estimator."""
        name, _ = (FAMILIES | LATER)[self.family]
        return getattr(mixtura, name)(**{**self.settings, **more})


def case(seed: int, number: int, *, large: bool | None = None) -> Any:
    """Return the fit of that number, of a kind by its seed.

    Seeds from 1000 up draw edges, from 2000 up rarer settings, from 100 000 up later estimators,
    from 10 000 000 000 up what is asked of fits.

    Most are small, and end soon, as small fits find what large ones find; some of each kind are
    large, or all are if asked for.
    """
    sizes = np.random.default_rng([seed, number, 1])
    large = bool(sizes.random() < LARGE) if large is None else large
    rng = np.random.default_rng([seed, number])
    if seed >= ANALYSES:
        return analysis(rng)
    if HARD <= seed < ASKED:
        made = Case(*hard(rng, large=large))
    elif seed >= LATEST:
        made = Case(*later(rng, large=large))
    else:
        made = drawn(rng, large=large, rare=seed >= ASKED)
    if not large and made.settings["max_iter"] > 5:
        made.settings["max_iter"] = int(sizes.choice([5, 20, 60, 300], p=[0.3, 0.4, 0.2, 0.1]))
    return made


def drawn(rng: np.random.Generator, *, large: bool, rare: bool) -> Case:
    """Return a fit of any family."""
    family = str(rng.choice([*FAMILIES], p=SHARES))
    settings: dict[str, Any] = {"random_state": int(rng.integers(1000)), "max_iter": 300}
    n_rows, n_columns = (tables.large if large else tables.small)(rng)
    if family == "mixed":
        rows = mixed(rng, settings, n_rows)
    else:
        rows = FAMILIES[family][1](rng, n_rows, n_columns)
    many = [0.2, 0.3, 0.25, 0.22, 0.03] if large else [0.2, 0.4, 0.3, 0.095, 0.005]
    n_components = int(rng.choice([1, 2, 3, rng.integers(4, 9), 29], p=many))
    settings["n_components"] = n_components
    settings["n_init"] = int(rng.choice([1, 2, 3], p=[0.8, 0.1, 0.1]))
    settings["algorithm"] = str(rng.choice(["auto", "em", "squarem"], p=[0.7, 0.15, 0.15]))
    if rng.random() < 0.1:
        settings["tol"] = float(10.0 ** rng.uniform(-8, -2))
    if rng.random() < 0.1:
        settings["max_iter"] = int(rng.integers(0, 4))
    settings["prior"] = prior(rng, family)
    settings["mixing_weights"] = mixing(rng, n_components)
    given = weights(rng, n_rows) | known(rng, n_rows, n_components)
    if family == "gaussian":
        rows = gaussian(rng, settings, rows, n_components)
    elif rng.random() < 0.1:
        settings["responsibilities_init"] = rng.dirichlet(np.ones(n_components), n_rows)
    if rare:
        rows = asked(rng, family, settings, rows)
    if family == "gamma":
        settings["constant"] = str(rng.choice(["drop", "error"]))
    return Case(family, settings, rows, given)


def prior(rng: np.random.Generator, family: str) -> Any:
    chosen = rng.choice(
        ["weak", "none", "conjugate", "dirichlet", "wishart"], p=[0.6, 0.15, 0.1, 0.1, 0.05]
    )
    if chosen == "dirichlet":
        return mixtura.Dirichlet(float(1 + rng.exponential(3)))
    if chosen == "wishart" and family == "gaussian":
        return mixtura.NormalInverseWishart(shrinkage=float(rng.exponential()))
    return {"none": None, "wishart": "weak"}.get(str(chosen), str(chosen))


def mixing(rng: np.random.Generator, n_components: int) -> Any:
    chosen = rng.choice(["free", "equal", "numbers"], p=[0.8, 0.1, 0.1])
    return rng.dirichlet(np.full(n_components, 5.0)) if chosen == "numbers" else str(chosen)


def weights(rng: np.random.Generator, n_rows: int) -> dict[str, Any]:
    chosen = rng.choice(["none", "whole", "wide", "zeros", "scaled"], p=[0.6, 0.1, 0.1, 0.1, 0.1])
    if chosen == "none":
        return {}
    drawn = {
        "whole": rng.integers(1, 5, n_rows).astype(float),
        "wide": 10.0 ** rng.uniform(-8, 8, n_rows),
        "zeros": rng.random(n_rows) * (rng.random(n_rows) < 0.6),
        "scaled": rng.random(n_rows) * 10.0 ** rng.choice([-100, 100, 250]),
    }
    return {"sample_weight": drawn[str(chosen)]}


def known(rng: np.random.Generator, n_rows: int, n_components: int) -> dict[str, Any]:
    chosen = rng.choice(["none", "labels", "masks"], p=[0.84, 0.08, 0.08])
    if chosen == "none":
        return {}
    labels = rng.integers(0, n_components, n_rows)
    if chosen == "labels":
        return {"y": np.where(rng.random(n_rows) < 0.5, labels, -1)}
    allowed = rng.random((n_rows, n_components)) < 0.8
    allowed[np.arange(n_rows), labels] = True
    return {"y": allowed}


def gaussian(
    rng: np.random.Generator, settings: dict[str, Any], rows: Any, n_components: int
) -> Any:
    """Add what only Gaussian mixtures have, and return the rows, maybe with gaps."""
    names = ["full", "tied", "diag", "spherical", *CODES]
    settings["covariance_type"] = str(rng.choice(names))
    settings["constant"] = str(rng.choice(["drop", "error"]))
    if rng.random() < 0.1:
        settings["noise"] = "uniform"
    if rng.random() < 0.1:
        settings["reg_covar"] = float(10.0 ** rng.uniform(-9, 0))
    if rng.random() < 0.1 and len(rows) >= n_components and settings["constant"] == "error":
        settings["means_init"] = np.array(rows[rng.permutation(len(rows))[:n_components]], float)
    return gappy(rng, settings, rows) if rng.random() < 0.2 else rows


def mixed(rng: np.random.Generator, settings: dict[str, Any], n_rows: int) -> Any:
    """Return columns of several kinds, and say of which."""
    columns: list[Any] = []
    blocks: dict[str, list[int]] = {}
    drawn = {
        "gaussian": lambda: rng.normal(size=n_rows) * 10.0 ** rng.uniform(-5, 5),
        "poisson": lambda: rng.poisson(3.0, n_rows),
        "bernoulli": lambda: rng.integers(0, 2, n_rows),
        "categorical": lambda: rng.choice(np.array(["a", "b", "c"], dtype=object), n_rows),
        "gamma": lambda: rng.gamma(2.0, 3.0, n_rows) + 1e-9,
    }
    for _ in range(rng.integers(1, 6)):
        kind = str(rng.choice([*drawn]))
        blocks.setdefault(kind, []).append(len(columns))
        columns.append(np.array(drawn[kind](), dtype=object))
    settings["blocks"] = blocks
    settings["covariance_type"] = str(rng.choice(["full", "diag", "VVE"]))
    return np.column_stack(columns)
