"""One EM iteration of every covariance structure, against that of full covariance."""

from time import perf_counter

import numpy as np

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, STRUCTURES
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.kmeans import seeded_labels
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.sweep import Sweep
from mixtura.engines import Threads

N_ROWS, N_COLUMNS, N_COMPONENTS, REPETITIONS = 100_000, 10, 20, 15


class Iteration:
    """A sweep and an M-step of one structure, again and again."""

    def __init__(self, code, source, labels):
        self.family = GaussianFamily.of(STRUCTURES[code], *column_moments(source))
        self.sweep = Sweep(self.family, source, ENGINE)
        self.prior = self.family.prior("weak", self.sweep.shared, N_COMPONENTS)
        moments = self.sweep.from_responsibilities(np.eye(N_COMPONENTS)[labels])
        self.model = self.stepped(moments, None)
        self.sweeps, self.steps = [], []

    def stepped(self, moments, previous):
        parameters = self.family.maximise(moments, previous, self.prior)
        return Model(log_weights_of(moments.effective_rows), parameters)

    def repeat(self):
        began = perf_counter()
        moments = self.sweep([self.model])[0].moments
        swept = perf_counter()
        self.model = self.stepped(moments, self.model.parameters)
        self.sweeps.append(swept - began)
        self.steps.append(perf_counter() - swept)


ENGINE = Threads()


def main():
    rng = np.random.default_rng(0)
    centres = 3 * rng.standard_normal((N_COMPONENTS, N_COLUMNS))
    rows = centres[rng.integers(N_COMPONENTS, size=N_ROWS)]
    rows += rng.standard_normal(rows.shape)
    source = ArrayRows(rows)
    labels = seeded_labels(rows, None, N_COMPONENTS, rng)
    print(f"N={N_ROWS}, D={N_COLUMNS}, K={N_COMPONENTS}; best of {REPETITIONS}")
    print("structure  sweep, ms  over full (asked)  M-step, ms")
    with ENGINE.session():
        iterations = {code: Iteration(code, source, labels) for code in CODES}
        for _ in range(REPETITIONS):
            for iteration in iterations.values():
                iteration.repeat()
    full = min(iterations["VVV"].sweeps)
    for code, iteration in iterations.items():
        best = min(iteration.sweeps)
        asked = 0.33 if code[1:] in ("II",) or code.endswith("I") else 1.3
        print(
            f"{code}        {best * 1e3:9.2f}  {best / full:9.2f} ({asked})  "
            f"{min(iteration.steps) * 1e3:13.2f}"
        )


if __name__ == "__main__":
    main()
