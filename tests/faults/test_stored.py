"""What a saved estimator holds of its settings, and what is refused in its file."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixtura import (
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MixturaWarning,
    ModelFileError,
    MultinomialMixture,
    load,
)
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
    fitted = MixedMixture(1, blocks).fit(rows)
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


def test_blocks_that_no_file_can_hold_are_told_of_by_the_mixture(tmp_path: Path) -> None:
    fitted = MixedMixture(1, Blocks()).fit(ROWS)
    with pytest.warns(MixturaWarning, match=r"blocks=.* cannot be kept in a model file"):
        fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.blocks is None
    assert again.blocks_ == {"gaussian": [0]}
    np.testing.assert_array_equal(again.score_samples(ROWS), fitted.score_samples(ROWS))


LOADED = """
import gc, sys
gc.disable()
from mixtura import GammaMixture, load
GammaMixture(1, constant="drop").fit([[1.0, 2], [3, 2], [2, 2]]).save(sys.argv[1])
print(load(sys.argv[1]).constant)
"""


def test_a_class_is_found_by_its_name_whatever_python_has_not_collected_yet(tmp_path: Path) -> None:
    start = [sys.executable, "-W", "ignore", "-c", LOADED, str(tmp_path / "model")]
    done = subprocess.run(start, capture_output=True, text=True, check=False)
    assert done.stdout == "drop\n", done.stderr


def test_where_a_fit_started_is_no_part_of_its_file(tmp_path: Path) -> None:
    shares = RNG.dirichlet([1.0, 1.0], len(ROWS))
    GaussianMixture(2, responsibilities_init=shares, max_iter=5).fit(ROWS).save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    assert not [name for name in arrays if "init" in name]
    assert "responsibilities_init" not in document["estimator"]["settings"]
    assert load(tmp_path / "model").responsibilities_init is None


def test_a_place_that_stands_twice_is_refused(tmp_path: Path) -> None:
    MixedMixture(1, {"gaussian": [1, 0]}).fit(ROWS).save(tmp_path / "model")
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


COUNTS = RNG.poisson(3.0, (30, 2)) + 5 * (np.arange(60).reshape(30, 2) > 30)
SEEN: list[tuple[Any, Any, Any]] = [
    (GaussianMixture(1), ROWS, lambda a: a["seen.scatter"].__setitem__((0, 0, 1), 9e3)),
    (GaussianMixture(1), ROWS, lambda a: a["seen.scatter"].__imul__(-1)),
    (GaussianMixture(1), ROWS, lambda a: a["seen.scatter"][0].__imul__(1 - 2 * np.eye(3))),
    (
        GaussianMixture(2, covariance_type="tied"),
        ROWS,
        lambda a: a["seen.scatter"].__iadd__(1e4 * (1 - np.eye(3))),
    ),
    (
        GaussianMixture(2, covariance_type="diag"),
        ROWS,
        lambda a: a["seen.scatter"].__setitem__((0, 1), -1.0),
    ),
    (MultinomialMixture(2), COUNTS, lambda a: a["seen.features"].__setitem__((1, 1), -30.0)),
    (GeometricMixture(2), COUNTS, lambda a: a["seen.features"].__setitem__((1, 1), -30.0)),
]


@pytest.mark.parametrize(("model", "rows", "contradict"), SEEN)
def test_sums_of_what_was_seen_that_no_rows_have_are_refused_with_the_file(
    model: Any, rows: Any, contradict: Any, tmp_path: Path
) -> None:
    model.set_params(random_state=0).fit(rows).save(tmp_path / "model")
    assert load(tmp_path / "model").partial_fit(rows[:9]).log_likelihood_ < 0
    arrays, document = read_archive(tmp_path / "model")
    changed = {name: np.array(array) for name, array in arrays.items()}
    contradict(changed)
    write_archive(tmp_path / "model", changed, document)
    with pytest.raises(ModelFileError, match=r"what a fit has seen.*(below 0|the scatter)"):
        load(tmp_path / "model")


def test_what_rounding_leaves_below_zero_is_no_contradiction(tmp_path: Path) -> None:
    model = GaussianMixture(2, covariance_type="diag", random_state=0).fit(ROWS)
    model.save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    changed = {name: np.array(array) for name, array in arrays.items()}
    changed["seen.scatter"][0, 0] = -1e-15
    write_archive(tmp_path / "model", changed, document)
    assert load(tmp_path / "model").n_components == 2
