"""A pickle says which version made it, and one of another is told of (row 51)."""

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import mixtura
from mixtura import GaussianMixture, MixturaWarning, PoissonMixture

ROWS = np.random.default_rng(0).poisson(3.0, (40, 2)).astype(float)


@pytest.mark.parametrize("kind", [GaussianMixture, PoissonMixture])
def test_row_51_a_pickle_of_another_version_is_told_of(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = kind(2, random_state=0).fit(ROWS)
    data = pickle.dumps(model)
    anew: Any = clone(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again: list[Any] = [pickle.loads(data), copy.deepcopy(model), anew.fit(ROWS)]
    for one in again:
        assert vars(one).keys() == vars(model).keys()
        np.testing.assert_array_equal(one.predict_proba(ROWS), model.predict_proba(ROWS))
    now = mixtura.__version__
    monkeypatch.setattr(mixtura, "__version__", "99.1")
    with pytest.warns(MixturaWarning, match=rf"{kind.__name__} was .* mixtura {now}, .* is 99\.1"):
        assert pickle.loads(data).score(ROWS) == model.score(ROWS)
