"""Sparse counts from files are those that were written, with their names, and fit as such."""

import gzip

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.io import mmwrite

from mixtura import (
    BernoulliMixture,
    DataError,
    Draws,
    MultinomialMixture,
    ParameterError,
    PoissonMixture,
    read_counts,
    top_items,
)
from mixtura.data.draws import counted_draws
from mixtura.mixture.typical import typical_places

WORDS = ("apple", "bread", "cheese", "dill", "egg")


def counts(n_rows=60, seed=0):
    rng = np.random.default_rng(seed)
    shares = np.array([[0.5, 0.3, 0.1, 0.05, 0.05], [0.05, 0.05, 0.2, 0.3, 0.4]])
    return sparse.csr_array(
        np.array([rng.multinomial(8, shares[k]) for k in rng.integers(0, 2, n_rows)], dtype=float)
    )


def written(folder):
    """Return files of the same counts, and how each is read."""
    cells = counts()
    mmwrite(folder / "plain.mtx", cells.T)
    with gzip.open(folder / "packed.mtx.gz", "wb") as file:
        file.write((folder / "plain.mtx").read_bytes())
    sparse.save_npz(folder / "cells.npz", cells)
    lines = [
        "0 " + " ".join(f"{j + 1}:{int(v)}" for j, v in enumerate(row) if v)
        for row in cells.toarray()
    ]
    (folder / "cells.svmlight").write_text("\n".join(lines), encoding="utf-8")
    (folder / "words.txt").write_text("\n".join(WORDS), encoding="utf-8")
    rows, columns = cells.nonzero()
    frame = pd.DataFrame({"doc": rows, "word": np.array(WORDS)[columns], "n": cells.data})
    frame.to_csv(folder / "long.csv", index=False)
    frame.to_parquet(folder / "long.parquet")
    named = {"items": folder / "words.txt"}
    return {
        "plain.mtx": {"transpose": True, **named},
        "packed.mtx.gz": {"transpose": True, **named},
        "cells.npz": {"items": WORDS},
        "cells.svmlight": named,
        "long.csv": {"columns": ("doc", "word", "n")},
        "long.parquet": {"columns": ["doc", "word", "n"]},
    }


def test_every_format_holds_the_same_counts(tmp_path) -> None:
    for name, how in written(tmp_path).items():
        found = read_counts(tmp_path / name, **how)
        assert sparse.issparse(found.counts)
        assert_array_equal(found.of_items(WORDS).counts.toarray(), counts().toarray(), name)


def test_lines_without_counts_count_once(tmp_path) -> None:
    frame = pd.DataFrame({"doc": [1, 1, 2], "word": ["a", "a", "b"]})
    frame.to_csv(tmp_path / "lines.csv", index=False)
    found = read_counts(tmp_path / "lines.csv", ("doc", "word"))
    assert (found.items, found.groups) == (("a", "b"), ("1", "2"))
    assert found.counts.toarray().tolist() == [[2, 0], [0, 1]]


@pytest.mark.parametrize("estimator", [MultinomialMixture, PoissonMixture])
def test_draws_are_fitted_and_read_by_name(estimator) -> None:
    named = Draws(counts(), WORDS)
    model = estimator(2, n_init=5, random_state=0).fit(named)
    plain = estimator(2, n_init=5, random_state=0).fit(counts())
    assert model.feature_names_in_.tolist() == list(WORDS)
    assert model.log_likelihood_ == plain.log_likelihood_
    order = [3, 1, 4, 0, 2]
    more = np.column_stack([counts().toarray()[:, order], np.full(60, 2.0)])
    other = Draws(sparse.csr_array(more), [*(WORDS[j] for j in order), "unheard of"])
    assert_allclose(model.predict_proba(other), plain.predict_proba(counts()), atol=1e-12)
    assert model.score(other) == pytest.approx(plain.score(counts()))


def test_draws_with_counts_are_draws_repeated() -> None:
    items, groups, times = ["a", "b", "a"], [1, 1, 2], [3, 1, 2]
    once = counted_draws(np.repeat(items, times), np.repeat(groups, times))
    assert (counted_draws(items, groups, times).counts != once.counts).nnz == 0
    with pytest.raises(DataError, match="3 items and 2 counts"):
        counted_draws(items, groups, times[:2])


def test_top_items_are_those_of_their_formula() -> None:
    model = MultinomialMixture(2, n_init=5, random_state=0).fit(Draws(counts(), WORDS))
    p, weights = model.probabilities_, model.weights_
    overall = weights @ p
    for by, worth in (("share", p * np.log(p / overall)), ("lift", p / overall)):
        found = pd.DataFrame(top_items(model, 2, by=by).table())
        for k in range(2):
            own = found[found["component"] == str(k)]
            above = [j for j in np.argsort(-worth[k]) if p[k, j] > overall[j]][:2]
            assert own["item"].tolist() == [WORDS[j] for j in above]
            assert_allclose(own["lift"], (p[k] / overall)[above])
            assert_allclose(own["frequency"], p[k][above])
    noisy = MultinomialMixture(2, noise="uniform", n_init=5, random_state=0)
    assert top_items(noisy.fit(Draws(counts(), WORDS)), 1).components == ("0", "1")
    said = str(top_items(model, 1).summary())
    assert "×" in said
    assert len(top_items(BernoulliMixture(1).fit(counts() > 0)).table()) == 0


def test_an_item_that_no_row_has_is_typical_of_nothing() -> None:
    assert typical_places(np.array([0.5, 0.5]), np.array([0.0, 0.1])) == [1]


def test_what_cannot_be_read_is_said(tmp_path) -> None:
    how = written(tmp_path)
    with pytest.raises(ParameterError, match="is a table: give three of its columns by name"):
        read_counts(tmp_path / "long.csv")
    with pytest.raises(ParameterError, match="is a matrix without named columns"):
        read_counts(tmp_path / "cells.npz", ("doc", "word"))
    with pytest.raises(DataError, match="has 5 items, and 2 names are given"):
        read_counts(tmp_path / "cells.npz", items=["a", "b"])
    with pytest.raises(DataError, match="stand twice"):
        read_counts(tmp_path / "cells.npz", items=list("abcdd"))
    with pytest.raises(DataError, match="does not exist"):
        read_counts(tmp_path / "none.mtx")
    with pytest.raises(DataError, match="no column 'nr'"):
        read_counts(tmp_path / "long.csv", ("doc", "word", "nr"))
    for name in ("plain.mtx", "cells.npz", "cells.svmlight"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:40] + b"?x")
        with pytest.raises(DataError, match=name):
            read_counts(path, **how[name])
    with pytest.raises(DataError, match="counts have 5 items, and 2 are named"):
        Draws(counts(), ["a", "b"])
    with pytest.raises(ParameterError, match="top items are of"):
        top_items("model")


def test_a_matrix_that_claims_billions_of_rows_is_refused(tmp_path):
    path = tmp_path / "rows.mtx"
    header = "%%MatrixMarket matrix coordinate real general"
    path.write_text(f"{header}\n3000000000 4 1\n1 1 2\n")
    with pytest.raises(DataError, match="3,000,000,000 rows and 4 columns, and holds 1 counts"):
        read_counts(path)
