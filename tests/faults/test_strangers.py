"""A small sample of what `python -m fuzzing.strangers` reads: files from strangers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from fuzzing.damage import crafted, damaged
from fuzzing.files import changed, models, read_model, read_tables, tables
from nightly import first

import mixtura
from mixtura.components.gaussian.covariance import FullCovariance
from mixtura.store import save

MODELS = 400
TABLES = 160


@pytest.mark.parametrize("seed", first(1, range(4)))
def test_row_52_damaged_and_crafted_models_are_refused_or_harmless(
    seed: int, tmp_path: Path
) -> None:
    originals = models()
    ends = [
        read_model(
            changed(originals[number % len(originals)], np.random.default_rng([seed, number])),
            tmp_path / "model",
        )
        for number in range(MODELS)
    ]
    assert ends.count("refused") > 0.8 * MODELS
    assert all(read_model(each, tmp_path / "model") == "read" for each in originals)


def test_row_53_crafted_headers_with_a_right_digest_are_refused_or_harmless(
    fresh_seed: int, tmp_path: Path
) -> None:
    originals, ends = models(), []
    for number in range(MODELS // 2):
        rng = np.random.default_rng([fresh_seed, number])
        made = crafted(originals[number % len(originals)], rng)
        ends.append(read_model(made, tmp_path / "model"))
    # Of what is changed some says nothing that matters, or the same in other words.
    assert ends.count("refused") > 0.25 * MODELS


@pytest.mark.parametrize("name", tables())
def test_row_35_damaged_tables_are_refused_by_name_or_read(name: str, tmp_path: Path) -> None:
    content = tables()[name]
    assert read_tables(name, content, tmp_path) == "read"
    ends = [
        read_tables(name, damaged(content, np.random.default_rng([len(name), number])), tmp_path)
        for number in range(TABLES // 8)
    ]
    assert "refused" in ends


def test_a_width_beyond_all_numbers_is_refused(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    mixture = mixtura.GaussianMixture(1).fit(rows).mixture_
    factors = mixture.parameters.covariance.factors.copy()
    factors[0, 1, 1] = 5e-324
    wide = replace(mixture.parameters, covariance=FullCovariance(factors))
    save(tmp_path / "model", replace(mixture, parameters=wide))
    with pytest.raises(mixtura.ModelFileError, match="no upper triangular Cholesky factors"):
        mixtura.load(tmp_path / "model")
