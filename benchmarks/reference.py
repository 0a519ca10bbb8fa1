"""Every Gaussian fit of tests/reference run here from its stored start, beside mclust 6.0.0.

For each: mclust's log-likelihood, the one stored as right, ours, and whether ours is what the
stored rule asks for; then where mclust's is not the end of an exact EM. About 2 minutes. With the
names of data sets only those; `--table` prints the rows of docs/from-mclust.md.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from oracles import GAUSSIAN
from reference_fits import agrees, comparable, one_step, replayed

# Less is lost to rounding and to where a run stopped.
VISIBLE = 1e-3


@dataclass(frozen=True)
class Comparison:
    """One stored fit and ours; `first` is by how much our first step is above the stored one."""

    reference: dict
    ours: float
    first: float

    @property
    def mclust(self):
        return self.reference["checks"].get("mclust_loglik")

    def line(self):
        reference = self.reference
        theirs = "" if self.mclust is None else f"{self.mclust:.4f}"
        verdict = {True: "yes", False: "NO"}[agrees(reference, self.ours)]
        return (
            f"{reference['id']:32} {theirs:>13} {reference['loglik']:13.4f} {self.ours:13.4f} "
            f"{self.ours - reference['loglik']:10.1e} {self.first:10.1e} "
            f"{reference['compare']:9} {verdict}"
        )


def compared(name):
    for reference in comparable(name):
        ours = replayed(name, reference)[1].statistics.log_likelihood
        stored = reference["one_step"]["loglik"] if "one_step" in reference else None
        first = 0.0 if stored is None else one_step(name, reference) - stored
        yield Comparison(reference, ours, first)


def differing(comparisons):
    """Return the maximum likelihood fits at which mclust ended elsewhere."""
    return [
        each
        for each in comparisons
        if each.reference["variant"] == "plain"
        and each.mclust is not None
        and abs(each.ours - each.mclust) > VISIBLE
    ]


def table(comparisons):
    print("| data, structure, K, start | mclust 6.0.0 | here | more, in nats |")
    print("|---|---|---|---|")
    for each in sorted(differing(comparisons), key=lambda each: each.mclust - each.ours):
        print(
            f"| {each.reference['id']} | {each.mclust:.4f} | {each.ours:.4f} "
            f"| {each.ours - each.mclust:.4f} |"
        )


def main(names, *, only_table):
    every = []
    if not only_table:
        print(
            f"{'data, structure, K, start':32} {'mclust':>13} {'stored':>13} {'here':>13} "
            f"{'- stored':>10} {'first step':>10} rule      met"
        )
    for name in names or GAUSSIAN:
        for each in compared(name):
            every.append(each)
            if not only_table:
                print(each.line(), flush=True)
    if only_table:
        table(every)
        return
    met = sum(agrees(each.reference, each.ours) for each in every)
    print(f"{met} of {len(every)} are what the reference asks for")
    others = differing(every)
    above = sum(each.ours > each.mclust for each in others)
    print(f"{len(others)} differ from mclust by more than {VISIBLE} nats; {above} are above it")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main([name for name in arguments if name != "--table"], only_table="--table" in arguments)
