"""`python -m fuzzing SECONDS SEED`, or `python -m fuzzing --case SEED NUMBER`."""

import argparse
import faulthandler
import os
import signal
import sys
import time
import traceback
from collections import Counter
from typing import Any

import mixtura
from fuzzing.cases import case
from fuzzing.claims import Failed
from fuzzing.properties import check

# Of processor time, for one case: large ones that need more are not drawn.
MOST_SECONDS = 60
MOST_BYTES = 8 * 2**30
# Kernels that sanitizers watch take several times as long, and reserve addresses without end.
WATCHED = "ASAN_OPTIONS" in os.environ


def limited() -> None:
    """Let no case take all memory, or go on for ever."""
    faulthandler.enable()
    try:
        import resource

        if not WATCHED:
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    except (ImportError, ValueError):
        pass
    signal.signal(signal.SIGPROF, too_slow)


def too_slow(*_: Any) -> None:
    """End a case that takes too long."""
    raise Failed("not ended in the processor time that it may take")


def tried(seed: int, number: int) -> str:
    """Return how a case ended, or report a failure."""
    one = case(seed, number)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS * (10 if WATCHED else 1))
    try:
        return check(one, number)
    except Exception as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        report(one, seed, number, error)
        return "FAILED"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def report(one: Any, seed: int, number: int, error: Exception) -> None:
    """Print what failed, and how it is done again."""
    last = traceback.format_tb(error.__traceback__)[-1]
    place = "" if isinstance(error, Failed) else last
    shown = {name: value for name, value in one.settings.items() if name != "random_state"}
    print(f"FAILED seed {seed} number {number}: {type(error).__name__}: {str(error)[:300]}")
    print(f"  {one.family}, rows {one.rows.shape} {one.rows.dtype}, given {[*one.given]}")
    print(f"  {str(shown)[:400]}\n{place}", end="")
    made = f"from fuzzing.cases import case; one = case({seed}, {number})"
    print(f"  PYTHONPATH=tests python -c '{made}; one.ask(1)'", flush=True)


def main() -> None:
    """Run cases for a time, and end with 1 if one failed."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("first", type=int, help="seconds, or the seed of one case")
    parser.add_argument("second", type=int, help="seed, or the number of one case")
    parser.add_argument("--case", action="store_true", help="run one case only")
    parser.add_argument("--begin", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    limited()
    print(f"mixtura {mixtura.__version__} at {mixtura.__file__}", flush=True)
    if given.case:
        print(tried(given.first, given.second))
        return
    ends: Counter[str] = Counter()
    number, until = given.begin, time.monotonic() + given.first
    while time.monotonic() < until:
        ends[tried(given.second, number)] += 1
        number += 1
    print(f"seed {given.second}, cases {given.begin} to {number - 1}: {dict(ends)}")
    sys.exit(1 if ends["FAILED"] else 0)


main()
