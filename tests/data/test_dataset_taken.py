"""A dataset where others take it: estimators of all families, scikit-learn, copies."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import StandardScaler

from mixtura import DataError, MixedMixture, ParameterError, dataset
from mixtura.estimators.named import estimator_of


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).integers(0, 3, (300, 3)).astype(np.float64)


def beyond(rows, tmp_path):
    return dataset(rows, memory=1000, cache=tmp_path)


@pytest.mark.parametrize("family", ["categorical", "poisson", "geometric", "multinomial", "mixed"])
def test_every_estimator_takes_it_with_its_names(rows, family):
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    if family == "mixed":
        model = MixedMixture(2, {"poisson": ["a"], "categorical": ["b", "c"]}, random_state=0)
    else:
        model = estimator_of(family)(2, random_state=0)
    expected = model.fit(frame).predict_proba(frame)
    assert_array_equal(model.fit(dataset(frame)).predict_proba(dataset(frame)), expected)
    assert_array_equal(model.predict_proba(frame), expected)


def test_others_take_it_for_an_array(tmp_path, rows):
    assert_array_equal(np.asarray(dataset(rows)), rows)
    assert_array_equal(StandardScaler().fit_transform(dataset(rows)).mean(axis=0).round(9), 0.0)
    with pytest.raises(DataError, match="more than the 1,000 of memory="):
        np.asarray(beyond(rows, tmp_path))


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_a_sample_is_of_a_number_of_rows(rows, size):
    with pytest.raises(ParameterError, match="size should be a whole number from 1 up"):
        dataset(rows).sample(size)


def test_a_copy_reads_the_rows_again(tmp_path, rows):
    data = beyond(rows, tmp_path)
    assert data.n_rows == len(rows)
    for other in (pickle.loads(pickle.dumps(data)), copy.deepcopy(data)):
        assert_array_equal(np.concatenate(list(other.batches())), rows)
        assert other.rows.path != data.rows.path
