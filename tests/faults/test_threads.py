"""Threads that share an estimator have the answers of one (row 49)."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mixtura import GaussianMixture


def test_row_49_sixteen_threads_predict_with_the_same_bits(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(3000, 3))
    model = GaussianMixture(3, random_state=0).fit(rows)
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda _: model.predict_proba(rows).tobytes(), range(16)))
    assert set(found) == {model.predict_proba(rows).tobytes()}


def test_row_49_threads_that_fit_and_predict_by_one_estimator_have_the_fit_of_one() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 2))
    model = GaussianMixture(2, random_state=0).fit(rows)
    alone = model.log_likelihood_
    with ThreadPoolExecutor(4) as threads:
        fits = [threads.submit(model.fit, rows) for _ in range(4)]
        scores = [threads.submit(model.score, rows) for _ in range(4)]
        assert all(one.result() is model for one in fits)
        assert len({one.result() for one in scores}) == 1
    assert model.log_likelihood_ == alone
