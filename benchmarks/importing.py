"""CPU seconds of processes that import and do little, beside those of NumPy, SciPy, scikit-learn.

Each is a process of its own, with modules already compiled to bytecode; rounds go in turns, and the
least of each is told, with its ratios to NumPy with SciPy and to scikit-learn's. One thread.
About 2 minutes: python benchmarks/importing.py [ROUNDS]
"""

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROWS = "import numpy as np; rows = np.random.default_rng(0).normal(size=(150, 4)); "
FIT = ROWS + "from {} import GaussianMixture; GaussianMixture(3).fit(rows).predict(rows)"
SCIPY, SKLEARN = "NumPy and SciPy", "sklearn.mixture"


def cases(folder):
    """Return the arguments of Python by what is measured."""
    table, out = str(folder / "rows.csv"), folder / "out"
    fit = ["-m", "mixtura", "fit", table, "-k", "3", "-s", "EEI"]
    return {
        SCIPY: ["-c", "import numpy, scipy.linalg, scipy.special, scipy.optimize"],
        SKLEARN: ["-c", "from sklearn.mixture import GaussianMixture"],
        "sklearn.base": ["-c", "import sklearn.base"],
        "import mixtura": ["-c", "import mixtura"],
        "its GaussianMixture": ["-c", "from mixtura import GaussianMixture"],
        "a fit by mixtura": ["-c", FIT.format("mixtura")],
        "a fit by scikit-learn": ["-c", FIT.format("sklearn.mixture")],
        "mixtura --help": ["-m", "mixtura", "--help"],
        "mixtura inspect": ["-m", "mixtura", "inspect", table],
        "mixtura fit": fit,
        "mixtura fit -o": [*fit, "-o", str(out), "--force"],
        "mixtura predict": ["-m", "mixtura", "predict", str(out / "model.mixtura"), table],
    }


def seconds(arguments, environment):
    """Return the CPU seconds of a process of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds):
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = np.random.default_rng(0).normal(size=(150, 4))
        rows[:50] += 5.0
        np.savetxt(folder / "rows.csv", rows, "%.3f", ",", header="a,b,c,d", comments="")
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        asked = cases(folder)
        found = {case: [] for case in asked}
        # The first round compiles modules to bytecode.
        for counted in [False, *[True] * rounds]:
            for case, arguments in asked.items():
                spent = seconds(arguments, environment)
                if counted:
                    found[case].append(spent)
    least = {case: min(spent) for case, spent in found.items()}
    print(f"{'':22} CPU s  / {SCIPY}  / {SKLEARN}")
    for case, spent in least.items():
        print(f"{case:22} {spent:5.2f} {spent / least[SCIPY]:18.2f} {spent / least[SKLEARN]:17.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
