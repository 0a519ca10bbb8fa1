"""Groups of rows, each fitted by itself: names and sizes, what is alike alone, and in any order."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import mixtura
from fuzzing import tables
from fuzzing.claims import holds, is_distribution
from fuzzing.merged import arrays_of
from mixtura.components.gaussian.structures import CODES
from mixtura.data.arrays import ArrayRows
from mixtura.data.resolution import column_steps

__all__ = ["grouped"]

OTHERS: dict[str, tuple[Any, Any]] = {
    "poisson": (mixtura.PoissonMixture, tables.counts),
    "multinomial": (mixtura.MultinomialMixture, tables.counts),
    "bernoulli": (mixtura.BernoulliMixture, tables.yes_or_no),
    "gamma": (mixtura.GammaMixture, tables.amounts),
    "t": (mixtura.StudentTMixture, tables.numbers),
    "factors": (mixtura.FactorAnalyserMixture, tables.numbers),
}


def grouped(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what fits them by group, and what holds of that."""
    n_rows, n_columns = tables.small(rng)
    kind = str(rng.choice(["gaussian", *OTHERS], p=[0.7, *[0.05] * len(OTHERS)]))
    settings: dict[str, Any] = {
        "n_components": int(rng.choice([1, 2, 3, 5])),
        "random_state": int(rng.integers(1000)),
        "max_iter": int(rng.choice([1, 5, 20, 300])),
    }
    thorough = bool(rng.random() < 0.2)
    if kind == "gaussian":
        made, rows = mixtura.GaussianMixture, tables.numbers(rng, n_rows, n_columns)
        settings["covariance_type"] = str(rng.choice(CODES))
        if rng.random() < 0.2:
            settings["missing"] = "marginal"
            rows = np.array(rows, dtype=float)
            rows[rng.random(rows.shape) < 0.2] = np.nan
    else:
        made, table = OTHERS[kind]
        rows = table(rng, n_rows, n_columns)
    names = labels(rng, n_rows)

    def ask(n_jobs: int, places: Any = slice(None)) -> Any:
        estimator = made(**settings, n_jobs=n_jobs)
        return mixtura.fit_by(estimator, rows[places], names[places], thorough=thorough)

    def hold(found: Any, number: int) -> None:
        check_groups(found, rows, names)
        if number % 4 == 0:
            same(found, ask(4), found.groups, "threads change the bits")
        elif number % 4 == 1:
            order = np.argsort(names.astype(str), kind="stable")[::-1]
            # Groups come in another order, and rows of a group as they were.
            order = np.concatenate(
                [np.flatnonzero(names == name) for name in dict.fromkeys(names[order].tolist())]
            )
            same(found, ask(1, order), found.groups, "the order of groups changes the bits")
        elif number % 4 == 2:
            check_alone(
                found, rows, names, ask, thorough or kind != "gaussian" or "missing" in settings
            )
        else:
            check_stored(found, rows, names)

    return settings | {"family": kind, "thorough": thorough}, rows, ask, hold


def labels(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    """Return a group for each row, of which some have few."""
    n_groups = int(rng.choice([1, 2, 5, 12]))
    numbers = rng.choice(n_groups, size=n_rows, p=rng.dirichlet(np.full(n_groups, 0.7)))
    kind = str(rng.choice(["numbers", "text", "floats", "days"]))
    if kind == "text":
        words = np.array(
            ["north", "", "süd", "1", "a b", "=x", "\x1b", "x" * 80, "n/a", "é", "-", "0"],
            dtype=object,
        )
        return words[numbers]
    if kind == "floats":
        return numbers * 0.25 - 1.0
    if kind == "days":
        return np.datetime64("2020-01-01") + numbers
    return numbers * 7 - 3


def check_groups(found: Any, rows: Any, names: np.ndarray) -> None:
    """Check names, sizes, and of each mixture what holds for any."""
    own, counts = np.unique(names.astype(object), return_counts=True)
    holds(len(found) == len(own), "groups are lost or made up")
    sizes = dict(zip((str(each) for each in own.tolist()), counts.tolist(), strict=True))
    said = {str(name): int(n) for name, n in zip(found.groups, found.n_rows, strict=True)}
    holds(
        sum(said.values()) == len(rows) and sorted(said.values()) == sorted(sizes.values()),
        "rows are lost",
    )
    fitted = []
    for g, mixture in enumerate(found.mixtures):
        note = found.notes.get(g, "")
        holds("this is a defect" not in note, f"the trap for defects: {note}")
        if mixture is None:
            holds(note.strip() and not found.trusted[g], "a group has no mixture, and no reason")
            holds(np.isnan(found.log_likelihood[g]), "no mixture has a likelihood")
            continue
        is_distribution(mixture.weights, "weights")
        holds(np.isfinite(found.log_likelihood[g]), "a likelihood is not finite")
        holds(found.trusted[g] or note.strip(), "a group is not trusted, and nothing is said")
        for name, array in arrays_of(mixture).items():
            holds(np.isfinite(array).all() or "size" in name, f"{name} are not finite")
        fitted.append(g)
    known = {g: found.groups[g] for g in fitted}
    for g, name in known.items():
        inside = (
            names.astype(object) == name
            if not isinstance(names[0], np.datetime64)
            else names.astype(str) == str(name)[:10]
        )
        total = found.mixtures[g].log_density(np.asarray(rows, dtype=float)[inside])
        holds(not np.isnan(total).any(), "a density is none")
        room = 1e-6 * max(1.0, float(np.abs(total).sum()))
        holds(
            abs(total.sum() - found.log_likelihood[g]) < room or not found.sound[g],
            f"{total.sum()} != {found.log_likelihood[g]} of group {name!r}",
        )
    holds(isinstance(str(found.summary()), str) and len(found.table()) == len(found), "no summary")
    found.components()


def same(found: Any, other: Any, names: Any, words: str) -> None:
    """Check that two fits of groups have the same bits."""
    numbers = [{name: g for g, name in enumerate(one.groups)} for one in (found, other)]
    for name in names:
        one, two = found.mixtures[numbers[0][name]], other.mixtures[numbers[1][name]]
        holds((one is None) == (two is None), f"{words}: of group {name!r}")
        if one is None or two is None:
            continue
        pairs = zip(arrays_of(one).values(), arrays_of(two).values(), strict=True)
        alike = all(np.array_equal(a, b) for a, b in pairs)
        holds(alike and np.array_equal(one.weights, two.weights), f"{words}: of group {name!r}")


def check_alone(found: Any, rows: Any, names: np.ndarray, ask: Any, one_by_one: bool) -> None:
    """Check that a group alone is what it is among others."""
    place = names == names[len(names) // 2]
    plain = np.asarray(rows, dtype=float)
    rounded = any(column_steps(ArrayRows(part, None)).any() for part in (plain, plain[place]))
    if rounded and not one_by_one:
        return
    try:
        alone = ask(1, np.flatnonzero(place))
    except mixtura.MixturaError:
        # What is said of the only group is said of the call.
        return
    same(found, alone, alone.groups, "a group alone is another")


def check_stored(found: Any, rows: Any, names: np.ndarray) -> None:
    """Check that what is loaded says what was saved."""
    if all(one is None for one in found.mixtures):
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            found.save(Path(folder, "model"))
        except mixtura.ParameterError as error:
            # Groups of few distinct rows have fewer components, and each is a file of its own.
            holds("of unlike forms" in str(error), f"not saved: {error}")
            return
        again: Any = mixtura.load(Path(folder, "model"))
    same(found, again, found.groups, "a file changes the bits")
    holds(str(again.summary()) == str(found.summary()), "a file changes what is said")
