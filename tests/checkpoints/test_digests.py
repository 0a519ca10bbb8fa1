"""A digest is the same for what holds the same, and no other."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from mixtura import CheckpointError
from mixtura.checkpoints.digests import check_same, digest, told
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure


@dataclass(frozen=True)
class Setting:
    number: int
    array: Any
    tell: Any = print


UNLIKE = [
    *(None, 0, False, 0.0, -0.0, "", "0", b"0", [], (0,), {0: 1}, {1: 0}, {0}),
    *(np.zeros(2), np.zeros((2, 1)), np.zeros(2, np.float32), np.zeros(2, int), [0.0, 0.0]),
    *(csr_array(np.eye(2)), csr_array(np.ones((2, 2))), Setting(1, 2), Setting(2, 1)),
    *([[1], 2], [1, [2]], ["ab", "c"], ["a", "bc"]),
    *(np.array(["a", None], object), np.array(["b", None], object), int, float),
]


def test_what_is_unlike_has_another_digest() -> None:
    digests = [digest(value) for value in UNLIKE]
    assert len(set(digests)) == len(UNLIKE)


def test_what_holds_the_same_has_the_same() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 4))
    assert digest(rows) == digest(rows.copy()) == digest(np.asfortranarray(rows))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    made = [GaussianFamily.of(structure("VEV"), np.ones(2), np.ones(2)) for _ in range(2)]
    assert digest(made[0]) == digest(made[1])
    other = GaussianFamily.of(structure("VEV"), np.ones(2), np.array([1.0, 1.0 + 1e-15]))
    assert digest(other) != digest(made[0])


def test_what_holds_itself_has_a_digest() -> None:
    around: list[Any] = [1]
    around.append(around)
    assert digest(around) != digest([1])


def test_values_are_told_by_their_parts_without_functions() -> None:
    found = told(Setting(3, Setting(4, "x")))
    assert found == {"number": "3", "array.number": "4", "array.array": "'x'"}
    assert told(np.ones(3), "means")["means"] == digest(np.ones(3))


def test_what_differs_is_named() -> None:
    check_same("file", {"seed": "1"}, {"seed": "1"})
    cases = {
        "seed was 1 and is 2": ({"seed": "1"}, {"seed": "2"}),
        "seed is missing": ({"seed": "1"}, {}),
        "seed is new": ({}, {"seed": "1"}),
        "seed differs": ({"seed": "1" * 61}, {"seed": "1"}),
        "c was 0 and is 1 and 2 more": (dict.fromkeys("abcde", "0"), dict.fromkeys("abcde", "1")),
    }
    for words, (before, now) in cases.items():
        with pytest.raises(CheckpointError, match=words):
            check_same("file", before, now)


def test_a_change_of_any_part_of_a_setting_shows() -> None:
    setting = Setting(1, np.arange(3.0))
    changed = [replace(setting, number=2), replace(setting, array=np.arange(4.0))]
    assert all(told(one) != told(setting) for one in changed)
