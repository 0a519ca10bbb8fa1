"""Published outputs of Mplus beside fits of the same data: likelihoods, shares, numbers, errors.

The outputs and their data are those of a course on mixture models, which are not kept here: fetch
github.com/immerse-ucsb/lca-bookdown and name its folder: python benchmarks/published.py FOLDER
"""

import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.special import expit

from mixtura import (
    CategoricalMixture,
    GaussianMixture,
    MixturaWarning,
    SurveyDesign,
    latent_transition,
    model_fit,
    profile,
)

# Probabilities so near 0 or 1 have errors of logits that no curvature tells.
EDGE = 0.01
CLASSES = (
    ("distals/enum", "c{}_enum"),
    ("joint_occurrence/enum_math", "c{}_math"),
    ("joint_occurrence/enum_sci", "c{}_sci"),
    ("lta/enum_t1", "c{}_lca_enum_time1"),
    ("lta/enum_t2", "c{}_lca_enum_time2"),
    ("enum", "c{}_bully"),
    ("poLCA", "c{}_election"),
)
WEIGHTED = (("29-dang-lca-example/enumeration", "c{}_math_weighted"),)
STRUCTURES = {1: "EEI", 2: "VVI", 3: "EEE", 6: "VVV"}


@dataclass
class Output:
    """What an output says: its data, and what it found.

    Classes are in the order of the output; numbers are by name.
    """

    data: pd.DataFrame
    n: int
    log_likelihood: float
    df: int
    bic: float
    entropy: float
    weight: str | None
    classes: list[dict[str, tuple[float, float]]]
    text: str


def after(text, words, pattern=r"\s+(-?[\d.]+)"):
    found = re.search(re.escape(words) + pattern, text)
    return float(found[1]) if found else float("nan")


def asked(said, command):
    found = re.search(rf"\b{command}\w*\s*(?:=|are|is)\s*([^;]*);", said, re.IGNORECASE)
    return [] if found is None else re.sub(r"!.*", "", found[1]).replace(",", " ").split()


def spread(names, known):
    """Return the names that ranges such as a-c stand for."""
    lower, found = [name.lower() for name in known], []
    for name in names:
        first, _, last = name.lower().partition("-")
        start, end = lower.index(first), lower.index(last or first)
        found += known[start : end + 1]
    return found


def read(folder, name):
    """Return what an output says, or None where it or its data are not there."""
    path = folder / f"{name}.out"
    if not path.exists():
        return None
    text = path.read_text(encoding="latin-1").replace("\r", "")
    said = text[: text.index("SUMMARY OF ANALYSIS")]
    said = re.sub(r"!.*", "", said)
    file = re.search(r'FILE\s*=\s*"([^"]*)"', said, re.IGNORECASE)[1]
    file = folder / re.sub(r"\s", "", file).split("/")[-1]
    names = asked(said, "NAMES")
    if not file.exists() or "H0 Value" not in text:
        return None
    rows = pd.read_csv(file, sep=r"[\s,]+", engine="python", header=None, na_values=[".", "*"])
    rows = rows.iloc[:, : len(names)].set_axis(names, axis=1)
    used = spread(asked(said, "USEV"), names) or names
    weight = asked(said, "WEIGHT")
    weight = spread(weight, names)[0] if weight else None
    rows = rows[[*used, *([weight] if weight else [])]]
    kept = rows[used].notna().any(axis=1)
    return Output(
        rows[kept].reset_index(drop=True),
        int(after(text, "Number of observations")),
        after(text, "H0 Value"),
        int(after(text, "Number of Free Parameters")),
        after(text, "Bayesian (BIC)"),
        after(text, "Entropy"),
        weight,
        numbers_by_class(text),
        text,
    )


def numbers_by_class(text):
    results = text[text.index("\nMODEL RESULTS") :]
    results = results[: results.index("QUALITY OF NUMERICAL RESULTS")]
    found, kind = [], ""
    for line in results.splitlines():
        if line.startswith(("Latent Class", "Categorical Latent", "New/")):
            kind = ""
            if line.startswith("Latent Class"):
                found.append({})
            else:
                break
        elif re.fullmatch(r" \S.*", line):
            kind = line.strip().split()[0]
        elif (row := re.match(r"\s{4}(\S+)\s+(-?[\d.]+)\s+(-?[\d.]+)", line)) and found:
            found[-1][f"{kind} {row[1]}"] = float(row[2]), float(row[3])
    return found


def names_of(column, length=8):
    return column.upper()[:length]


def cumulative(one, columns):
    """Return P(answer up to each but the last) (K, ...) of an output, and errors on logits."""
    p, errors = [], []
    for own in one.classes:
        places = [
            (f"Thresholds {names_of(column)}${j}")
            for column in columns
            for j in range(1, one.data[column].nunique())
        ]
        p.append([expit(own[place][0]) for place in places])
        errors.append([own[place][1] for place in places])
    return np.array(p), np.array(errors)


def our_cumulative(table, columns, data):
    """Return the same of a profile, with errors on logits where there are two answers."""
    frame = pd.DataFrame(table)
    p, errors = [], []
    for column in columns:
        levels = sorted(data[column].dropna().unique())
        own = frame[frame["column"] == column]
        total = 0.0
        for level in levels[:-1]:
            rows = own[own["level"] == level]
            total = total + rows["estimate"].to_numpy()
            p.append(total)
            spread_ = total * (1 - total)
            error = rows["standard_error"].to_numpy() / np.where(spread_ > 0, spread_, 1.0)
            errors.append(error if len(levels) == 2 else np.full(len(error), np.nan))
    return np.array(p).T, np.array(errors).T


def differences(theirs, ours):
    """Return the largest difference of probabilities, and of errors where neither is on an edge."""
    (p, e), (q, f) = theirs, ours
    order = linear_sum_assignment(np.abs(p[:, None] - q[None]).sum(axis=2))[1]
    q, f = q[order], f[order]
    inner = (p > EDGE) & (p < 1 - EDGE) & np.isfinite(f) & (e > 0)
    apart = np.abs(f - e)[inner]
    return np.abs(p - q).max(), apart.max() if inner.any() else np.nan, order


def entropy_of(posterior, weights=None):
    size = posterior.shape[1]
    if size == 1:
        return float("nan")
    rows = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1)
    weights = np.ones(len(rows)) if weights is None else weights
    return 1 - (weights @ rows) / (weights.sum() * np.log(size))


def line(name, size, one, ours):
    cells = [name, str(size), f"{one.n}", f"{one.df}", f"{one.log_likelihood:.3f}"]
    cells += [f"{ours['ll']:.3f}", f"{one.bic:.3f}", f"{ours['bic']:.3f}"]
    cells += [f"{value:.3f}" if value == value else "" for value in (one.entropy, ours["entropy"])]
    cells += [f"{ours['p']:.4f}" if ours["p"] == ours["p"] else ""]
    cells += [f"{ours['se']:.3f}" if ours["se"] == ours["se"] else ""]
    print("| " + " | ".join(cells) + " |", flush=True)


def header(values):
    names = ["output", "K", "n", "df", "log-lik.", "here", "BIC", "here", "entropy", "here"]
    print("\n| " + " | ".join([*names, *values]) + " |")
    print("|" + " --- |" * (len(names) + len(values)))


def answers_of(one):
    """Return the answers of an output's data, None where one is missing."""
    own = one.data.drop(columns=[one.weight] if one.weight else [])
    return own.astype("Int64").astype(object).where(own.notna(), None)


def fitted_classes(items, size, **told):
    # A prior would hold probabilities off the edge.
    return CategoricalMixture(size, prior=None, n_init=100, random_state=0).fit(items, **told)


def of_classes(folder, name, size):
    one = read(folder, name)
    if one is None:
        return
    items = answers_of(one)
    columns, told, weights = list(items.columns), {}, None
    if one.weight:
        weights = one.data[one.weight] / one.data[one.weight].mean()
        told = {"sample_weight": weights}
    model = fitted_classes(items, size, **told)
    design = SurveyDesign(weights=weights)
    ours = our_cumulative(profile(model, items, survey=design).table(), columns, items)
    p, se, _ = differences(cumulative(one, columns), ours)
    ll = model.log_likelihood_
    if abs(ll - one.log_likelihood) > 0.005:
        p = se = float("nan")
    line(
        f"{folder.name}/{name}",
        size,
        one,
        {
            "ll": ll,
            "bic": -2 * ll + model.n_parameters_ * np.log(one.n),
            "entropy": entropy_of(model.predict_proba(items), weights),
            "p": p,
            "se": se,
        },
    )


def of_profiles(folder, model_number, size):
    one = read(folder, f"model_{model_number}_class_{size}")
    if one is None:
        return
    kind = STRUCTURES[model_number]
    cells = one.data.astype(float)
    model = GaussianMixture(
        size, covariance_type=kind, prior=None, missing="marginal", n_init=10, random_state=0
    ).fit(cells)
    ll = model.log_likelihood_
    frame = pd.DataFrame(profile(model, cells, survey=SurveyDesign()).table())
    means = frame[frame["measure"] == "mean"].pivot_table(
        index="class", columns="column", values=["estimate", "standard_error"], dropna=False
    )
    names = [f"Means {names_of(column, 10)}" for column in cells.columns]
    theirs = np.array([[own[name] for name in names] for own in one.classes])
    own = means["estimate"][cells.columns].to_numpy()
    order = linear_sum_assignment(np.abs(theirs[:, None, :, 0] - own[None]).sum(axis=2))[1]
    apart = np.abs(own[order] - theirs[:, :, 0]).max()
    errors = means["standard_error"][cells.columns].to_numpy()[order]
    se = np.abs(errors - theirs[:, :, 1]).max()
    if abs(ll - one.log_likelihood) > 0.005:
        apart = se = float("nan")
    bic = -2 * ll + model.n_parameters_ * np.log(len(cells))
    entropy = entropy_of(model.predict_proba(cells))
    line(
        f"tidyLPA model {model_number} ({kind})",
        size,
        one,
        {"ll": ll, "bic": bic, "entropy": entropy, "p": apart, "se": se},
    )


def of_transitions(folder, name, measurement):
    one = read(folder, name)
    columns = list(one.data.columns)
    half = len(columns) // 2
    items = columns[:half]
    answers = answers_of(one)
    waves = [answers[columns[:half]], answers[columns[half:]].set_axis(items, axis=1)]
    stacked = pd.concat(waves)
    stacked = stacked[stacked.notna().any(axis=1)]
    model = CategoricalMixture(4, prior=None, n_init=50, random_state=0).fit(stacked)
    found = latent_transition(model, waves, measurement=measurement, prior=None, random_state=0)
    rows = one.text[one.text.index("LATENT TRANSITION PROBABILITIES") :]
    rows = re.findall(r"^\s+\d((?:\s+[01]\.\d{3}){4})$", rows, re.MULTILINE)[:4]
    theirs = np.array([[float(cell) for cell in row.split()] for row in rows])
    parts, orders, worst, errors = [one.classes[:4], one.classes[4:8]], [], 0.0, 0.0
    for t, own in enumerate(parts):
        names = columns[:half] if t == 0 else columns[half:]
        p = np.array([[expit(c[f"Thresholds {names_of(n)}$1"][0]) for n in names] for c in own])
        e = np.array([[c[f"Thresholds {names_of(n)}$1"][1] for n in names] for c in own])
        table = found.profiles[min(t, len(found.profiles) - 1)].table()
        apart, se, order = differences((p, e), our_cumulative(table, items, stacked))
        orders.append(order)
        worst, errors = max(worst, apart), np.nanmax([errors, se])
    moves = found.transitions[0][np.ix_(*orders)]
    print(
        f"| {name} | {one.n} | {one.df}, {found.n_parameters} | {one.log_likelihood:.3f} | "
        f"{found.log_likelihood:.3f} | {one.bic:.3f} | {found.bic:.3f} | "
        f"{np.abs(moves - theirs).max():.4f} | {worst:.4f} | {errors:.3f} |"
    )
    print(np.round(moves, 3).tolist(), "and", theirs.tolist(), file=sys.stderr)


def of_tables(folder, name, size):
    one = read(folder, name)
    items = answers_of(one)
    found = model_fit(fitted_classes(items, size), items)
    missing = one.text.index("Chi-Square Test for MCAR")
    for test, words, text, value, df in (
        ("fit", "Pearson", one.text[:missing], found.values["x2"], found.residual_df),
        ("fit", "Likelihood Ratio", one.text[:missing], found.values["g2"], found.residual_df),
        ("MCAR", "Likelihood Ratio", one.text[missing:], found.mcar, found.mcar_df),
    ):
        own = text[text.index(f"          {words} Chi-Square") :]
        theirs, freedom = after(own, "Value"), after(own, "Degrees of Freedom")
        print(f"{name}, {test}, {words}: {theirs:.3f} with {freedom:g}, here {value:.3f} with {df}")


def main(folder):
    warnings.simplefilter("ignore", MixturaWarning)
    folder = Path(folder)
    header(["probabilities", "errors of logits"])
    for room, name in CLASSES:
        for size in range(1, 7):
            of_classes(folder / room, name.format(size), size)
    print("\nWith sampling weights")
    header(["probabilities", "errors of logits"])
    for room, name in WEIGHTED:
        for size in range(1, 7):
            of_classes(folder / room, name.format(size), size)
    header(["means", "errors of means"])
    for number in STRUCTURES:
        for size in range(1, 6):
            of_profiles(folder / "lpa" / "tidyLPA", number, size)
    names = ["output", "n", "df", "log-lik.", "here", "BIC", "here", "transitions"]
    print("\n| " + " | ".join([*names, "probabilities", "errors of logits"]) + " |")
    print("|" + " --- |" * 10)
    room = folder / "lta" / "lta_model"
    of_transitions(room, "4-class-invariant", "equal")
    of_transitions(room, "4-class-non-invariant", "free")
    print("\nFit to the table of answers")
    of_tables(folder / "distals" / "enum", "c4_enum", 4)


if __name__ == "__main__":
    main(sys.argv[1])
