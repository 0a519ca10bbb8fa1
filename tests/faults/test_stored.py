"""What a saved estimator holds of its settings, and what is refused in its file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixtura import GaussianMixture, MixedMixture, ModelFileError, ParameterError, load
from mixtura.archive import read_archive, write_archive
from mixtura.arrays import generator_of

RNG = np.random.default_rng(0)
ROWS = np.column_stack([RNG.normal(size=(30, 2)), RNG.poisson(3.0, 30)])
FRAME = pd.DataFrame(ROWS, columns=["a", "b", "c"])

BLOCKS: dict[str, tuple[Any, Any]] = {
    "range": (ROWS, {"gaussian": range(2), "poisson": (2,)}),
    "array": (ROWS, {"gaussian": np.array([1, 0]), "poisson": [np.int64(2)]}),
    "index": (FRAME, {"gaussian": FRAME.columns[:2], "poisson": pd.Series(["c"])}),
    "words": (FRAME, {"gaussian": np.array(["b", "a"], dtype=object), "poisson": "c"}),
    "dict": (FRAME, {"gaussian": {"a": 0, "b": 1}.keys(), "poisson": ["c"]}),
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_of_any_kind_come_back_from_a_file(kind: str, tmp_path: Path) -> None:
    rows, blocks = BLOCKS[kind]
    fitted = MixedMixture(blocks, 1).fit(rows)
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.blocks == {name: np.ravel(list(own)).tolist() for name, own in blocks.items()} or (
        kind == "words" and again.blocks == {"gaussian": ["b", "a"], "poisson": "c"}
    )
    np.testing.assert_array_equal(again.score_samples(rows), fitted.score_samples(rows))
    again.fit(rows)


class Blocks(dict):  # type: ignore[type-arg]
    """Blocks of a user's own, whose columns no file holds."""

    def __init__(self) -> None:
        super().__init__(gaussian=iter([0]))

    def items(self) -> Any:
        return {"gaussian": iter([0])}.items()


def test_blocks_that_no_file_can_hold_are_refused_when_they_are_saved(tmp_path: Path) -> None:
    fitted = MixedMixture(Blocks(), 1).fit(ROWS)
    with pytest.raises(ParameterError, match=r"blocks=.* cannot be kept in a model file"):
        fitted.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_where_a_fit_started_is_no_part_of_its_file(tmp_path: Path) -> None:
    shares = RNG.dirichlet([1.0, 1.0], len(ROWS))
    GaussianMixture(2, responsibilities_init=shares, max_iter=5).fit(ROWS).save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    assert not [name for name in arrays if "init" in name]
    assert "responsibilities_init" not in document["estimator"]["settings"]
    assert load(tmp_path / "model").responsibilities_init is None


def test_a_place_that_stands_twice_is_refused(tmp_path: Path) -> None:
    MixedMixture({"gaussian": [1, 0]}, 1).fit(ROWS).save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    document["reading"]["places"] = [1, 0, 1]
    write_archive(tmp_path / "model", arrays, document)
    with pytest.raises(ModelFileError, match="'places' are not those of 2 columns"):
        load(tmp_path / "model")


@pytest.mark.parametrize("make", [np.random.RandomState, lambda seed: seed])
def test_whatever_says_where_draws_begin_gives_the_same_again(make: Callable[[int], Any]) -> None:
    one, other = (generator_of(make(3)).random(4) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_random_state_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    state = np.random.RandomState(0)

    def before_two_point_two(seed: Any) -> Any:
        if isinstance(seed, np.random.RandomState):
            raise TypeError("SeedSequence expects int or sequence of ints")
        return np.random.Generator(np.random.PCG64(seed))

    monkeypatch.setattr(np.random, "default_rng", before_two_point_two)
    assert generator_of(state).random() != generator_of(state).random()
