"""Problems drawn anew at every run, fitted by the defaults and by peers: what cannot be tuned to.

A column misses a problem where another is better by more than a nat (0.15 for latent classes) on
the fitted rows and on as many held-out ones. Seconds are those of one processor.

    python generalisation.py --of gaussian --problems 200
    python generalisation.py --of kinds --first 7 --problems 1      # once more, the same problem
"""

import argparse
import json
import secrets
import signal
import sys
from pathlib import Path

from contestants import COLUMNS, installed
from problems import GROUPS, NAMES, group_of, kind_of
from report import line, report
from running import Task, rows_of


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, help="the first's number; else drawn afresh")
    parser.add_argument("--of", default="gaussian", choices=(*GROUPS, "all"))
    parser.add_argument(
        "--without", action="append", default=[], choices=NAMES, metavar="KIND",
        help=f"leave out a kind, or a trait of random problems: {', '.join(NAMES)}",
    )  # fmt: skip
    parser.add_argument("--columns", default=",".join(COLUMNS), help=f"of {', '.join(COLUMNS)}")
    parser.add_argument("--jobs", type=int, default=2, help="problems at a time")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one problem")
    parser.add_argument("--quick", action="store_true", help="a fifth of the plain starts")
    parser.add_argument("--json", type=Path, help="write all rows here")
    given = parser.parse_args()
    given.columns = given.columns.split(",")
    if unknown := set(given.columns) - set(COLUMNS):
        parser.error(f"there are no columns {', '.join(sorted(unknown))}")
    given.groups = tuple(GROUPS) if given.of == "all" else (given.of,)
    if all(kind in given.without for group in given.groups for kind in GROUPS[group]):
        parser.error("no kind is left")
    if given.first is None:
        given.first = secrets.randbits(31)
    return given


def tasks(given, columns):
    """Yield the problems that are asked for."""
    without = tuple(given.without)
    for seed in range(given.first, given.first + given.problems):
        kind = kind_of(seed, given.groups, without)
        yield Task(seed, group_of(kind), kind, without, columns, given.quick)


def repeated(given):
    """Return the command that gives the same problems again."""
    parts = [
        f"--first {given.first} --problems {given.problems} --of {given.of}",
        *(f"--without {kind}" for kind in given.without),
    ]
    return " ".join(parts)


def main():
    given = arguments()
    # To be ended from outside is an interrupt too: the tables are printed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    columns = tuple(installed(given.columns))
    print(f"again: {repeated(given)}; columns {', '.join(columns)}", flush=True)
    rows = []
    running = rows_of(tasks(given, columns), given.jobs, given.limit)
    try:
        for row in running:
            rows.append(row)
            print(line(row), flush=True)
    except KeyboardInterrupt:
        print(f"interrupted after {len(rows)} of {given.problems}", file=sys.stderr)
    finally:
        running.close()
    print(report(rows))
    if given.json is not None:
        written = {"again": repeated(given), "rows": [row.as_dict() for row in rows]}
        given.json.write_text(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
