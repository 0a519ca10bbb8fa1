"""What a type checker sees in a user's code; basedpyright reads it, and nothing runs it."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from mixtura import (
    Assignments,
    GaussianMixture,
    Inspection,
    MixedMixture,
    Mixture,
    MixtureRegressor,
    assignments,
    fit,
    inspect,
    select,
)
from mixtura.selection import Selection

X: NDArray[np.float64] = np.zeros((9, 2))

model = GaussianMixture(2, covariance_type="VEV", random_state=0).fit(X, sample_weight=np.ones(9))
assert_type(model, GaussianMixture)
assert_type(model.mixture_, Mixture)
assert_type(model.log_likelihood_, float)
assert_type(MixedMixture(2).fit(X).blocks_, dict[str, list[Any]])
assert_type(MixtureRegressor(2).fit(X[:, :1], X[:, 1]), MixtureRegressor)
assert_type(select(X, n_components=range(1, 4), covariance_type="all"), Selection)
assert_type(inspect(X), Inspection)
assert_type(assignments(model, X, proba=True), Assignments)
assert_type(model.mixture_.to_sql("table"), str)
assert_type(fit(X), Any)
