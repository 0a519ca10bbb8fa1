"""What is printed of mixtures, fits and searches is short, and says which it is."""

import numpy as np

from mixtura import GaussianMixture, select
from mixtura.inference import merge


def test_each_is_shown_in_a_line(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(80, 3))
    found = select(rows, range(1, 4), random_state=0)
    model = GaussianMixture(2, random_state=0).fit(rows)
    shown = {
        "Selection": repr(found),
        "Candidate": repr(found.best),
        "FitResult": repr(found.result),
        "Mixture": repr(found.result.mixture),
        "History": repr(model.history_),
        "Merging": repr(merge(model.mixture_, rows)),
    }
    for name, text in shown.items():
        assert name in text
        assert len(text) < 200
        assert "\n" not in text
    assert found.best.kind in shown["Selection"]
    assert f"{found.result.bic:.6g}" in shown["FitResult"]


def test_a_notebook_shows_the_ranking(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(80, 3))
    found = select(rows, (1, 2), random_state=0)
    page = found._repr_html_()
    assert page.startswith("<div")
    assert all(one.kind in page for one in found.ranked[:10])
    assert len(page) < 5000
