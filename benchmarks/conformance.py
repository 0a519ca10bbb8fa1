"""Every system asked the same questions, each answer judged by its own parameters: a page.

    sh benchmarks/run.sh conformance.py            # writes docs/conformance.md
    sh benchmarks/run.sh conformance.py mixtura    # prints what one system answers

Peers that are not installed are left out. Each is asked as its users ask, by its defaults: five
seeds each, and no more than a minute a fit, in a process of its own.
"""

import multiprocessing
import subprocess
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from conforming import in_r, systems
from conforming.likelihoods import of_classes, of_gaussians, sizes_of
from conforming.questions import KNOWN, questions

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
CONTEXT = multiprocessing.get_context("spawn")
SEEDS = range(5)
SECONDS = 60
# What a fit may lack, in nats, and be called right: some stop early by default.
RIGHT = 1.0
# Posteriors may add up to so much more or less than one: some are in single precision.
SUMMING = 1e-5

OPENING = """# Who answers rightly

Questions of which the answer is known, put to systems that fit mixtures by EM, each by its
defaults and five seeds, no more than a minute a fit. Each answer is judged by the parameters it
gives: their log-likelihood is written out in double precision, whatever the system says of itself.
*right*: no more than {right:.0f} nat below the right value for every seed; *off by x*: so many
nats below it at worst, and for how many seeds; *above*: likelier by a component on no more rows
than determine it; *no numbers*: NaN; *no covariance*: a matrix that is none; *refused*: an error,
or no fit; *a minute*: no answer by then; *-*: the system has no such model, or takes no such data.
K is the number of components or classes; full, tied, diag and spherical are covariances as
scikit-learn calls them. What mixtura cannot do is in [what there is](comparison.md). Made by

    sh benchmarks/run.sh conformance.py

with {versions}.
"""

CLOSING = """
Right values of data that all know are the best of independent systems' fits from given starts
(`tests/reference`) and of all answers here whose components have rows enough; elsewhere they are
where plain EM, written out in NumPy, ends from the components that rows were drawn from, or of
classes the best of its twenty random starts. Rows in other units have the same value moved by the
logarithm of the units.

Why some are off: most take one start by default; scikit-learn, StepMix and tgmm add 1e-6 to each
variance, which is all of it where amounts are small; pomegranate and tgmm are given single
precision, which they take by default; oneDAL and Spark MLlib start from rows at random.
"""


@dataclass(frozen=True)
class Answer:
    """What a system answered with one seed: how it is called, and of a fit how good it is."""

    call: str
    log_likelihood: float = -np.inf
    smallest: float = np.inf


def names_there():
    """Return the systems that are installed, with their versions."""
    found = {name: systems.version_of(name) for name in systems.SYSTEMS}
    found |= {name: in_r.version_of(name) for name in in_r.PACKAGES}
    return {name: version for name, version in found.items() if version is not None}


def judged(question, parameters, far):
    """Return how an answer is called, its log-likelihood and its smallest component's rows."""
    if question.far is not None:
        if far is None or not np.isfinite(far).all():
            return Answer("no numbers")
        adds_up = np.abs(far.sum(axis=1) - 1).max() < SUMMING
        return Answer("fit", question.right) if adds_up else Answer("not one in sum")
    with np.errstate(all="ignore"):
        if question.is_of_classes:
            found, smallest = of_classes(question.rows, question.weights, *parameters), np.inf
        else:
            found = of_gaussians(question.rows, question.weights, *parameters)
            smallest = sizes_of(question.rows, question.weights, *parameters).min()
    return Answer("fit", found, smallest) if np.isfinite(found) else Answer("no numbers")


def answered(name, question, seed):
    """Return how one system's answer is called, in this process."""
    warnings.simplefilter("ignore")
    try:
        if name in in_r.PACKAGES:
            parameters, far = in_r.asked(name, question, seed, SECONDS)
        else:
            parameters, far = systems.SYSTEMS[name][1](question, seed)
        return judged(question, parameters, far)
    except systems.CannotBeAsked:
        return Answer("-")
    except ImportError:
        raise
    except np.linalg.LinAlgError:
        return Answer("no covariance")
    except subprocess.TimeoutExpired:
        return Answer("a minute")
    except Exception as error:
        print(name, question.title, f"{type(error).__name__}: {error}"[:200], file=sys.stderr)
        return Answer("refused")


class Asked:
    """A system in a process of its own, which may crash or take too long, and begins anew then."""

    def __init__(self, name):
        self.name, self._process, self._line = name, None, None

    def __call__(self, question):
        """Return the answers for all seeds."""
        if self._process is None:
            self._line, other = CONTEXT.Pipe()
            self._process = CONTEXT.Process(target=answers_of, args=(self.name, other), daemon=True)
            self._process.start()
            other.close()
        self._line.send(question)
        try:
            if self._line.poll(SECONDS * len(SEEDS)):
                return self._line.recv()
            failed = "a minute"
        except EOFError:
            failed = "crashed"
        self._process.kill()
        self._process = None
        return [Answer(failed)]


def answers_of(name, line):
    """Answer the questions that come along a line, for all seeds, until it is closed."""
    while True:
        question, found = line.recv(), []
        for seed in SEEDS:
            found.append(answered(name, question, seed))
            if name == "mclust" or found[-1].call == "-":
                break
        line.send(found)


def right_of(question, answers):
    """Return the right value: of data that all know the best that any system found, if better.

    An end counts there if each component has more rows than parameters of its own.
    """
    n_columns = question.rows.shape[1]
    needed = n_columns + n_columns * (n_columns + 1) / 2
    if question.group != KNOWN:
        return question.right
    ends = (answer.log_likelihood for answer in answers if answer.smallest > needed)
    return max(question.right, *ends)


def called(question, right, answer):
    """Return how an answer is called beside the right value."""
    if answer.call != "fit":
        return answer.call
    if answer.log_likelihood < right - RIGHT:
        return "off"
    many = question.rows.shape[1] + 1 if question.structure in ("full", "tied") else 2
    likelier = answer.log_likelihood > right + RIGHT
    return "above" if likelier and answer.smallest <= many else "right"


def cell(question, right, answers):
    """Return what the table says of a system's answers for all seeds."""
    calls = Counter(called(question, right, answer) for answer in answers)
    words = []
    for call, count in calls.most_common():
        said = call
        if call == "off":
            ends = (answer.log_likelihood for answer in answers if answer.call == "fit")
            said = f"off by {right - min(ends):,.3g}"
        if count < len(answers):
            said += f" ({count} of {len(answers)})"
        words.append(said)
    # That others are right is plain where some are not.
    return ", ".join(said for said in words if not said.startswith("right (")) or words[0]


def page(there, table):
    versions = ", ".join(f"{name} {version}" for name, version in there.items())
    yield OPENING.format(right=RIGHT, versions=versions)
    for group in dict.fromkeys(question.group for question, _ in table):
        yield f"## {group}\n"
        yield "| | " + " | ".join(there) + " |"
        yield "|---|" + "---|" * len(there)
        for question, cells in table:
            if question.group == group:
                yield f"| {question.title} | " + " | ".join(cells) + " |"
        yield ""
    yield "## All together\n"
    yield "| | " + " | ".join(there) + " |"
    yield "|---|" + "---|" * len(there)
    for title, wanted in (("right for every seed", True), ("asked", False)):
        counts = (
            sum(cells[place] == "right" if wanted else cells[place] != "-" for _, cells in table)
            for place in range(len(there))
        )
        yield f"| {title} | " + " | ".join(map(str, counts)) + " |"
    yield CLOSING


def main(chosen):
    there = {name: version for name, version in names_there().items() if chosen in (None, name)}
    table, every = [], [Asked(name) for name in there]
    for question in questions():
        answers = [ask(question) for ask in every]
        right = right_of(question, chain.from_iterable(answers))
        cells = [cell(question, right, own) for own in answers]
        table.append((question, cells))
        print(question.title, *cells, sep=" | ", flush=True)
    if chosen is None:
        PAGE.write_text("\n".join(page(there, table)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
