"""scikit-learn's checks of estimators hold, the equivalence of weights and repeats among them."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from mixtura import GaussianMixture

pytestmark = pytest.mark.drawn(8)


@parametrize_with_checks([GaussianMixture(n_components) for n_components in (1, 3, 5)])
def test_estimators_keep_the_conventions_of_scikit_learn(
    estimator: GaussianMixture, check: Callable[[Any], None]
) -> None:
    check(estimator)
