"""Columns that tell clusters apart, found on problems drawn anew and on public sets.

    python benchmarks/columns_chosen.py drawn [--problems 40] [--seed 0]
    python benchmarks/columns_chosen.py items [--problems 40] [--seed 0]
    python benchmarks/columns_chosen.py sets

`drawn` counts problems in which the columns chosen are the true ones: two or three of eight have
three clusters, two follow from these by lines, and the others are noise. `items` is the same of
categories: four of seven depend on two classes. `sets` prints what is chosen of sets of the tests,
and CPU seconds.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mixtura.column_choice import ColumnChoice, choose_columns

SETS = Path(__file__).parent.parent / "tests" / "reference" / "datasets"


def numbers(seed: int) -> tuple[pd.DataFrame, set[int]]:
    """Return rows and the places of the columns that have clusters."""
    rng = np.random.default_rng([seed, 19])
    width = int(rng.integers(2, 4))
    true = rng.choice(8, width + 2, replace=False)
    labels = rng.integers(3, size=300)
    # Columns in which means all but agree tell little, and would be neither true nor false.
    means = np.zeros((3, width))
    while np.ptp(means, axis=0).min() < 3.0 or _nearest(means) < 4.0:
        means = 4.0 * rng.normal(size=(3, width))
    rows = rng.normal(size=(300, 8)) * rng.uniform(0.5, 2.0, 8)
    own = means[labels] + rng.normal(size=(300, width))
    rows[:, true[:width]] = own
    for column in true[width:]:
        rows[:, column] = own @ rng.normal(size=width) + rng.normal(size=300)
    return pd.DataFrame(rows), {int(j) for j in true[:width]}


def _nearest(means: np.ndarray) -> float:
    """Return how far the two nearest of three means are apart."""
    return float(min(np.linalg.norm(means[a] - means[b]) for a, b in ((0, 1), (0, 2), (1, 2))))


def items(seed: int) -> tuple[pd.DataFrame, set[int]]:
    """Return answers and the places of those that depend on classes."""
    rng = np.random.default_rng([seed, 20])
    classes = rng.random(500) < rng.uniform(0.35, 0.65)
    true = rng.choice(7, 4, replace=False)
    chances = np.tile(rng.uniform(0.2, 0.8, 7), (500, 1))
    for column in true:
        low = rng.uniform(0.1, 0.3)
        chances[:, column] = np.where(classes, low + rng.uniform(0.45, 0.6), low)
    return pd.DataFrame((rng.random((500, 7)) < chances).astype(int)), {int(j) for j in true}


def counted(draw: Callable[[int], Any], problems: int, first: int, **asked: Any) -> None:
    """Print in how many problems the true columns are chosen."""
    right, began = 0, time.process_time()
    for seed in range(first, first + problems):
        table, true = draw(seed)
        found = choose_columns(table.to_numpy(), random_state=0, n_jobs=1, **asked)
        same = set(found.columns) == true
        right += same
        if not same:
            print(seed, "true", sorted(true), "chosen", sorted(found.columns), flush=True)
    seconds = time.process_time() - began
    print(f"{right} of {problems} right, {seconds / problems:.1f} CPU s each", flush=True)


def sets() -> None:
    """Print what is chosen of public sets."""
    for name in ("iris", "banknote", "crabs"):
        table = pd.read_csv(SETS / f"{name}.csv").iloc[:, :-1]
        began = time.process_time()
        found: ColumnChoice = choose_columns(table, random_state=0, n_jobs=1)
        seconds = time.process_time() - began
        print(f"{name}: {seconds:.1f} CPU s\n{found.summary()}", flush=True)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("of", choices=("drawn", "items", "sets"))
    parser.add_argument("--problems", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tried", type=int)
    parser.add_argument("--least", type=float, default=0.0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.of == "drawn":
        structures = ("EII", "VII", "EEI", "VVI", "EEE", "VVV")
        more = {"n_components": range(1, 6), "covariance_type": structures, "n_tried": asked.tried}
        more["least_evidence"] = asked.least
        counted(numbers, asked.problems, asked.seed, **more)
    elif asked.of == "items":
        counted(items, asked.problems, asked.seed, n_components=range(1, 4), family="categorical")
    else:
        sets()


if __name__ == "__main__":
    main()
