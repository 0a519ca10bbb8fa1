"""`python -m fuzzing.strangers MODELS TABLES SEED`: so many damaged and crafted files are read."""

import faulthandler
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.damage import damaged
from fuzzing.files import changed, models, read_model, read_tables, tables

MOST_SECONDS = 10
MOST_BYTES = 3 * 2**30


def too_slow(*_: Any) -> None:
    """End a file that takes too long."""
    raise AssertionError(f"not read after {MOST_SECONDS} seconds")


def ended(words: str, read: Callable[[], str]) -> str:
    """Return how a reading ended, or report what should not have come."""
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        return read()
    except Exception as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        place = "".join(traceback.format_tb(error.__traceback__)[-2:])
        print(f"FAILED {words}: {type(error).__name__}: {str(error)[:300]}\n{place}", flush=True)
        return f"FAILED {type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Read the files, and end with 1 if one of them brought about anything but a typed error."""
    n_models, n_tables, seed = (int(each) for each in sys.argv[1:4])
    faulthandler.enable()
    signal.signal(signal.SIGALRM, too_slow)
    originals, files = models(), tables()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    ends: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number in range(n_models + n_tables):
            rng = np.random.default_rng([seed, number])
            words, began = f"seed {seed} number {number}", time.monotonic()
            if number < n_models:
                content = changed(originals[number % len(originals)], rng)
                end = ended(words, lambda made=content: read_model(made, place / "model"))
                ends[f"model {end}"] += 1
            else:
                name = [*files][number % len(files)]
                content = damaged(files[name], rng)
                end = ended(words, lambda made=content, own=name: read_tables(own, made, place))
                ends[f"table {end}"] += 1
            slowest = max(slowest, time.monotonic() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"seed {seed}: {dict(ends)}; the slowest took {slowest:.2f} s, {memory} MiB at most")
    sys.exit(any("FAILED" in end for end in ends))


if __name__ == "__main__":
    main()
