"""Covariates and outcomes of classes: bias and coverage of one step and of three, and tests' size.

Draws samples of three classes at three separations (the chance of each class's usual answer), fits
the answers alone, and relates classes to a covariate and an outcome. Prints the bias of the mean
and of the median, in % of the truth, the share of 95 % intervals that hold it, and how often a test
at 5 % finds a covariate that foretells nothing. About 25 minutes of one core, less for some of the
separations, and Ctrl-C prints what there is:
python benchmarks/steps.py [SAMPLES] [SEED] [SEPARATION ...]
"""

import sys
import warnings
from collections import defaultdict

import numpy as np

from mixtura import (
    BernoulliMixture,
    InformationError,
    MixturaWarning,
    one_step,
    three_step,
)

SLOPES = np.array([0.0, -1.0, -2.0])
MEANS = np.array([-1.0, 0.0, 1.0])
SEPARATIONS = (0.7, 0.8, 0.9)
N_ROWS, N_ITEMS = 1000, 6


def drawn(rng, separation):
    """Return answers, a covariate, one that foretells nothing, an outcome, and true classes."""
    z = rng.normal(size=N_ROWS)
    logits = np.outer(z, SLOPES) + np.array([0.0, 0.3, 0.1])
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    half = N_ITEMS // 2
    high, low = separation, 1 - separation
    chances = np.array([[high] * N_ITEMS, [high] * half + [low] * half, [low] * N_ITEMS])
    answers = (rng.random((N_ROWS, N_ITEMS)) < chances[labels]).astype(float)
    return answers, z, rng.normal(size=N_ROWS), MEANS[labels] + rng.normal(size=N_ROWS), labels


def of_one(rng, separation, found):
    answers, z, idle, outcome, labels = drawn(rng, separation)
    model = BernoulliMixture(3, n_init=3, random_state=0).fit(answers)
    shares = model.predict_proba(answers)
    # A class of the model is the one of the truth that has most of its rows.
    table = np.stack([shares[labels == k].sum(axis=0) for k in range(3)])
    order = [int(row.argmax()) for row in table]
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum()
    found["entropy"].append(1 - entropy / (N_ROWS * np.log(3)))
    if sorted(order) != [0, 1, 2]:
        found["mixed up"].append(1)
        return
    places = [str(order[k]) for k in (1, 2)]
    ways = {
        "one step": lambda x: one_step(model, answers, covariates=x, reference=order[0]).membership,
        "three steps, ml": lambda x: three_step(model, answers, covariates=x, reference=order[0]),
        "three steps, bch": lambda x: three_step(
            model, answers, covariates=x, reference=order[0], correction="bch"
        ),
    }
    for name, way in ways.items():
        try:
            slopes = way(z)
            own = [slopes.classes.index(place) for place in places]
            found[name, "slope"].append(slopes.coefficients[1, own])
            found[name, "error"].append(slopes.standard_errors[1, own])
            tested = way(np.column_stack([z, idle]))
            found[name, "p"].append(tested.tests["x1"].p_value)
        except InformationError:
            found[name, "none"].append(1)
    for correction in ("ml", "bch", "ltb"):
        name = f"outcome, {correction}"
        try:
            related = three_step(model, answers, distal=outcome, correction=correction)
        except InformationError:
            found[name, "none"].append(1)
            continue
        one = next(iter(related))
        found[name, "slope"].append(np.ravel(one.means)[order])
        found[name, "error"].append(np.ravel(one.standard_errors)[order])


def main(samples=500, seed=1, *separations):
    warnings.simplefilter("ignore", MixturaWarning)
    for separation in separations or SEPARATIONS:
        place, found = SEPARATIONS.index(separation), defaultdict(list)
        try:
            for number in range(samples):
                of_one(np.random.default_rng([seed, place, number]), separation, found)
        except KeyboardInterrupt:
            tell(separation, found)
            return
        tell(separation, found)


def tell(separation, found):
    """Print what the samples that are there say."""
    n_samples = len(found["entropy"])
    entropy, mixed = np.mean(found["entropy"]), len(found["mixed up"])
    margin = 300 * np.sqrt(0.05 * 0.95 / n_samples)
    print(
        f"\nseparation {separation}: {n_samples} samples of {N_ROWS} rows, entropy {entropy:.2f}, "
        f"classes mixed up in {mixed}; coverage should be within 95 ± {margin:.1f} %"
    )
    for name in [key[0] for key in found if key[1:] == ("slope",)]:
        values, errors = np.array(found[name, "slope"]), np.array(found[name, "error"])
        truth = MEANS if name.startswith("outcome") else SLOPES[1:]
        scale = np.abs(truth).max() if name.startswith("outcome") else np.abs(truth)
        biases = [middle(values, axis=0) - truth for middle in (np.mean, np.median)]
        held = (np.abs(values - truth) < 1.96 * errors).mean(axis=0)
        mean, median = (", ".join(f"{100 * one:+.1f}" for one in b / scale) for b in biases)
        covered = ", ".join(f"{100 * one:.1f}" for one in held)
        size = ""
        if (name, "p") in found:
            size = f"; size {100 * np.mean(np.array(found[name, 'p']) < 0.05):.1f} %"
        refused = len(found[name, "none"])
        print(
            f"  {name:18} bias of the mean {mean} %, of the median {median} %; "
            f"coverage {covered} %{size}; refused {refused}",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *map(float, sys.argv[3:]))
