"""Tables drawn anew whose columns' kinds are known, for judging what an inspection says of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Rng = np.random.Generator
Draw = Callable[[Rng, int], Any]


def classes(rng: Rng, n: int) -> Any:
    """Return the class of each row, of one to four."""
    k = int(rng.integers(1, 5))
    return rng.choice(k, n, p=rng.dirichlet(np.full(k, 4.0)))


def normal(rng: Rng, n: int) -> Any:
    k = classes(rng, n)
    return rng.normal(0, 3, 5)[k] * rng.choice([1, 10]) + rng.normal(size=n)


def rounded(rng: Rng, n: int) -> Any:
    scale = 10.0 ** rng.integers(0, 4)
    return (scale * (20 + normal(rng, n))).round(int(rng.integers(0, 3)))


def skewed(rng: Rng, n: int) -> Any:
    return rng.lognormal(rng.normal(3, 2), rng.uniform(0.6, 1.5), n).round(2)


def heights(rng: Rng, n: int) -> Any:
    return rng.normal(170, 9, n).round()


def ages(rng: Rng, n: int) -> Any:
    low = int(rng.choice([0, 18]))
    return np.clip(rng.normal(45, rng.uniform(10, 20), n), low, 95).round()


def salaries(rng: Rng, n: int) -> Any:
    return (rng.lognormal(10.5, 0.5, n) / 100).round() * 100


def temperatures(rng: Rng, n: int) -> Any:
    return rng.normal(rng.uniform(-5, 20), 8, n).round(1)


def masses(rng: Rng, n: int) -> Any:
    return (rng.normal(4200, 800, n) / 25).round() * 25


def prices(rng: Rng, n: int) -> Any:
    return rng.gamma(3, rng.uniform(2, 40), n).round(2)


def percentages(rng: Rng, n: int) -> Any:
    a, b = rng.uniform(0.7, 5, 2)
    return (100 * rng.beta(a, b, n)).round(1)


def sorted_amounts(rng: Rng, n: int) -> Any:
    return np.sort(rng.normal(20000, 5000, n).round())


def poissons(rng: Rng, n: int) -> Any:
    return rng.poisson(rng.uniform(0.4, 8, 5)[classes(rng, n)])


def overdispersed(rng: Rng, n: int) -> Any:
    size, mean = rng.uniform(0.5, 4), rng.uniform(1, 15)
    return rng.negative_binomial(size, size / (size + mean), n)


def children(rng: Rng, n: int) -> Any:
    return rng.binomial(8, rng.uniform(0.1, 0.3), n)


def likert(rng: Rng, n: int) -> Any:
    levels = int(rng.choice([3, 4, 5, 7, 10]))
    return 1 + rng.choice(levels, n, p=rng.dirichlet(np.full(levels, 5.0)))


def from_zero(rng: Rng, n: int) -> Any:
    levels = int(rng.choice([4, 5, 11]))
    return rng.choice(levels, n, p=rng.dirichlet(np.full(levels, 5.0)))


def worded(rng: Rng, n: int) -> Any:
    scales = (
        ["low", "medium", "high"],
        ["Never", "Rarely", "Sometimes", "Often", "Always"],
        ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"],
        ["poor", "fair", "good", "very good", "excellent"],
        ["18-24", "25-34", "35-44", "45-64", "65+"],
        ["1 - not at all", "2", "3", "4", "5 - completely"],
    )
    return rng.choice(scales[rng.integers(len(scales))], n)


def words(rng: Rng, length: int = 6) -> str:
    return bytes(97 + rng.integers(0, 26, length)).decode()


def named(rng: Rng, n: int) -> Any:
    own = [words(rng) for _ in range(int(rng.integers(3, 12)))]
    return rng.choice(own, n, p=rng.dirichlet(np.full(len(own), 3.0)))


def many_named(rng: Rng, n: int) -> Any:
    return rng.choice([words(rng) for _ in range(max(13, n // 12))], n)


def spelled_codes(rng: Rng, n: int) -> Any:
    return rng.choice([f"0{code:02d}" for code in rng.choice(99, 6, replace=False)], n)


def unequal_codes(rng: Rng, n: int) -> Any:
    return rng.choice([[4, 6, 8], [10, 20, 40], [1, 3, 6], [2, 3, 5]][rng.integers(4)], n)


def two_worded(rng: Rng, n: int) -> Any:
    return rng.choice([["m", "f"], ["left", "right"], ["treated", "control"]][rng.integers(3)], n)


def doses(rng: Rng, n: int) -> Any:
    return rng.choice([[0.5, 1.0, 2.0], [0.1, 0.25], [2.5, 5.0, 7.5, 10.0]][rng.integers(3)], n)


def zero_one(rng: Rng, n: int) -> Any:
    return (rng.random(n) < rng.uniform(0.1, 0.9)).astype(int)


def truths(rng: Rng, n: int) -> Any:
    return rng.random(n) < 0.5


def yes_no(rng: Rng, n: int) -> Any:
    return rng.choice(
        [["yes", "no"], ["Y", "N"], ["TRUE", "FALSE"], ["ja", "nein"]][rng.integers(4)], n
    )


def days(rng: Rng, n: int) -> Any:
    return pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), "D")


def spelled_days(rng: Rng, n: int) -> Any:
    how = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M"][rng.integers(4)]
    return pd.Series(days(rng, n)).dt.strftime(how).to_numpy()


def years(rng: Rng, n: int) -> Any:
    last = int(rng.integers(1950, 2025))
    return rng.integers(last - int(rng.integers(3, 60)), last + 1, n)


def named_ids(rng: Rng, n: int) -> Any:
    return [f"{words(rng, 2).upper()}-{i:05d}" for i in rng.permutation(10 * n)[:n]]


def hashes(rng: Rng, n: int) -> Any:
    return [words(rng, 12) for _ in range(n)]


def dropped_out(rng: Rng, n: int) -> Any:
    return 1000 + np.sort(rng.choice(int(1.3 * n), n, replace=False))


def long_numbers(rng: Rng, n: int) -> Any:
    return rng.choice(9 * 10**7, n, replace=False) + 10**7


def shuffled_ids(rng: Rng, n: int) -> Any:
    return 500 + rng.choice(2 * n, n, replace=False)


def row_numbers(rng: Rng, n: int) -> Any:
    return np.arange(n) + int(rng.integers(0, 2))


def shuffled_rows(rng: Rng, n: int) -> Any:
    return 1 + rng.permutation(n)


def sentences(rng: Rng, n: int) -> Any:
    return [" ".join(words(rng, int(rng.integers(2, 8))) for _ in range(8)) for _ in range(n)]


def one_value(rng: Rng, n: int) -> Any:
    return [["x", 0, 3.5][rng.integers(3)]] * n


def with_units(rng: np.random.Generator, n: int) -> Any:
    spell = [
        lambda x: f"${x:,.0f}",
        lambda x: f"{x:.2f} €",
        lambda x: f"{x / 1000:.1f}%",
        lambda x: f"CHF {x:,.2f}",
        lambda x: f"{x:.0f} kg",
        lambda x: f"-{x:.1f}°C",
    ][rng.integers(6)]
    return [spell(x) for x in rng.lognormal(9, 0.5, n)]


KINDS: dict[str, tuple[Draw, ...]] = {
    "amounts": (
        *(normal, rounded, skewed, heights, ages, salaries, temperatures, masses, prices),
        *(percentages, sorted_amounts),
    ),
    "counts": (poissons, overdispersed, children),
    "ordered answers": (likert, from_zero, worded),
    "categories": (named, many_named, spelled_codes, unequal_codes, two_worded, doses),
    "yes/no": (zero_one, truths, yes_no),
    "dates": (days, spelled_days),
    "years": (years,),
    "identifiers": (named_ids, hashes, dropped_out, long_numbers, shuffled_ids),
    "row numbers": (row_numbers, shuffled_rows),
    "free text": (sentences,),
    "numbers with units": (with_units,),
    "constant": (one_value,),
    "empty": (lambda _, n: [None] * n,),
}
# Kinds that stand in a table at the most so often.
ONCE = (
    "numbers with units",
    "identifiers",
    "row numbers",
    "empty",
    "constant",
    "years",
    "dates",
    "free text",
)


def drawn_table(seed: int) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    """Return a table, the kind of each column, and the name of what drew it."""
    rng = np.random.default_rng(seed)
    n = int(np.exp(rng.uniform(np.log(60), np.log(2000))))
    columns, kinds, drawers = {}, {}, {}
    for kind, draws in KINDS.items():
        for _ in range(1 if kind in ONCE else int(rng.integers(1, 4))):
            draw = draws[rng.integers(len(draws))]
            name = f"v{len(columns)}"
            cells = pd.Series(draw(rng, n))
            if kind not in ("row numbers", "identifiers", "empty") and rng.random() < 0.3:
                cells = cells.where(rng.random(n) > rng.uniform(0, 0.2))
            columns[name], kinds[name], drawers[name] = cells, kind, getattr(draw, "__name__", "")
    return pd.DataFrame(columns), kinds, drawers


def coded_column(seed: int) -> tuple[Any, float | None]:
    """Return numbers, and the code for missing cells among them, in half of all none."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(100, 1000))
    draw = [normal, rounded, heights, ages, prices, poissons, likert, percentages][rng.integers(8)]
    cells = np.asarray(draw(rng, n), float)
    if rng.random() < 0.5:
        return cells, None
    if draw in (likert, poissons):
        code = float(rng.choice([-9, -1, 99, 999]))
    else:
        code = float(rng.choice([-99, -999, 999, 9999, 99999]) if draw is not rounded else -9999)
    beyond = (
        code > 3 * cells.max() or code < cells.min() - 2 * np.ptp(cells) or code < 0 <= cells.min()
    )
    if not beyond:
        return cells, None
    cells[rng.random(n) < rng.uniform(0.01, 0.1)] = code
    return cells, code if (cells == code).sum() > 1 else None
