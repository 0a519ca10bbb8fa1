"""The folder that a fit writes: it appears whole, and two fits never mix in one.

A fit works in OUT.partial beside OUT. Once model and assignments are there it takes OUT's place,
and what stood there goes; the page follows by itself. OUT is old or new, and whole, at any time.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mixtura.cli.exchange import exchanged
from mixtura.cli.locking import locked
from mixtura.cli.voice import say
from mixtura.errors import DataError, ParameterError
from mixtura.scoring.assigned import ASSIGNMENTS
from mixtura.scoring.writing import PART_NAME
from mixtura.writing import TEMPORARY, flush_folder

__all__ = [
    "CLASSES",
    "COEFFICIENTS",
    "COMPARISON",
    "COMPONENTS",
    "CONFUSION",
    "ENUMERATION",
    "GROUPS",
    "LATEX",
    "MANY_ASSIGNMENTS",
    "MERGING",
    "MODEL",
    "PATTERNS",
    "REPORT",
    "SCREE",
    "STEPS",
    "TABLES",
    "TRANSITIONS",
    "Output",
    "output_folder",
    "summed_up",
    "told",
]

MODEL, REPORT = "model.mixtura", "report.html"
# Of rows beyond memory.
MANY_ASSIGNMENTS = "assignments.parquet"
# Of `mixtura classes`.
ENUMERATION, CLASSES, TABLES, LATEX = "enumeration.csv", "classes.csv", "tables.md", "tables.tex"
PATTERNS = "patterns.csv"
SCREE = "scree.svg"
# Of `mixtura classify`, `merge` and `compare`.
CONFUSION, MERGING, COMPARISON = "confusion.csv", "merging.csv", "comparison.csv"
# Of `mixtura choose`.
STEPS = "steps.csv"
# Of `mixtura groups`.
GROUPS, COMPONENTS = "groups.csv", "components.csv"
# Of `mixtura regress`, beside those of classes.
COEFFICIENTS = "coefficients.csv"
# Of `mixtura transition`, beside those of classes.
TRANSITIONS = "transitions.csv"
OURS = (MODEL, ASSIGNMENTS, MANY_ASSIGNMENTS, REPORT)
OURS += (ENUMERATION, CLASSES, TABLES, LATEX, PATTERNS, SCREE)
OURS += (CONFUSION, MERGING, COMPARISON, STEPS, GROUPS, COMPONENTS, COEFFICIENTS)
OURS += (TRANSITIONS,)

# Files named in an error: those of others, and those that would be replaced.
NAMED, MOST_NAMED = 3, 8


@dataclass(slots=True)
class Output:
    """A folder in the making.

    Attributes
    ----------
    target : where it stands at the end
    partial : where model and assignments are written
    shown : the target as the user calls it
    force : whether an earlier fit is replaced
    keeps : whether what was written stays where it is, as it could not be put in place
    """

    target: Path
    partial: Path
    shown: Path
    force: bool
    keeps: bool = False

    def publish(self) -> None:
        """Put what was written in the target's place, or keep it and raise `DataError`."""
        try:
            # Somebody may have written there meanwhile.
            _check_replaceable(self.target, self.shown, self.force)
            self._replace()
        except (OSError, ParameterError) as error:
            self.keeps = True
            why = error.strerror if isinstance(error, OSError) else error
            raise DataError(
                f"{why or error}; '{self.shown}' is as it was, and model and assignments are in "
                f"'{self.shown}.partial'"
            ) from error
        flush_folder(self.target.parent)

    def hand_over(self, *names: str) -> None:
        """Put what was written in the target's place, and say which files that is."""
        self.publish()
        say(f"written to {self.shown}: {', '.join(names)}", err=True)

    def clear(self) -> None:
        """Take away what was not published."""
        if not self.keeps:
            shutil.rmtree(self.partial, ignore_errors=True)

    def _replace(self) -> None:
        """Put the folder in the target's place, by one step where the system has one."""
        if self.target.exists():
            shutil.copymode(self.target, self.partial)
        if not os.path.lexists(self.target) or not any(self.target.iterdir()):
            _move(self.partial, self.target)
        elif not exchanged(self.partial, self.target):
            _replace_by_two_moves(self.partial, self.target)


@contextlib.contextmanager
def output_folder(path: Path, *, force: bool) -> Iterator[Output]:
    """Yield a folder to write into, and take it away at the end unless it was published.

    Parameters
    ----------
    path : where it should stand
    force : replace what an earlier fit wrote there

    Raises
    ------
    ParameterError
        If another fit writes there, or something stands there that is not to be replaced.
    DataError
        If the folder cannot be made or written.
    """
    target = Path(os.path.realpath(path))
    _check_place(target, path)
    output = Output(target, target.with_name(f"{target.name}.partial"), path, force)
    with contextlib.ExitStack() as stack:
        with told(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            lock = target.with_name(f".{target.name}.mixtura-lock")
            before = stack.enter_context(locked(lock, path))
            _sweep(output, before)
            _check_replaceable(target, path, force)
            stack.callback(output.clear)
            output.partial.mkdir()
        yield output


@contextlib.contextmanager
def summed_up(text: Callable[[], str]) -> Iterator[None]:
    """Print a text in the end, also where files cannot be written."""
    try:
        yield
    finally:
        say(text())


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Say of an error of the system which place it is about."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        # Arrow has words of its own beside the number.
        why = os.strerror(error.errno) if error.errno else str(error)
        raise DataError(
            f"'{path}' cannot be written: {why}; make room or see to the rights there, or name "
            "another place"
        ) from error


def _check_place(target: Path, shown: Path) -> None:
    """Raise where a folder cannot be exchanged for another."""
    here = Path.cwd()
    if target in (here, *here.parents):
        raise ParameterError(
            f"'{shown}' is the folder that the command is called from, or one around it; name one "
            "inside"
        )
    if target.is_dir() and os.path.ismount(target):
        raise ParameterError(f"'{shown}' is a mounted disk; name a folder inside it")


def _check_replaceable(target: Path, shown: Path, force: bool) -> None:
    if not target.exists():
        return
    _check_ours(target, shown)
    there = [name for name in OURS if (target / name).exists()]
    there += sorted(path.name for path in target.iterdir() if PART_NAME.fullmatch(path.name))
    if there and not force:
        more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
        raise ParameterError(
            f"'{shown}' holds {', '.join(there[:MOST_NAMED])}{more} of an earlier fit; name "
            "another folder, or give --force to replace them"
        )


def _check_ours(folder: Path, shown: Path) -> None:
    """Raise if a folder holds anything but what a fit writes."""

    def is_ours(name: str) -> bool:
        return name in OURS or any(each.fullmatch(name) for each in (TEMPORARY, PART_NAME))

    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if not is_ours(name)]
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        listed = ", ".join(f"'{name}'" for name in others[:NAMED])
        raise ParameterError(
            f"'{shown}' holds {listed}{more}, which no fit wrote; name a new folder, or move what "
            "is there"
        )


def _sweep(output: Output, before: str) -> None:
    """Remove what a fit left that was killed, and go back to where it had begun."""
    target, partial, former = output.target, output.partial, _former(output.target)
    if former.is_dir():
        # Killed between two moves, where the system has no exchange.
        if target.exists():
            shutil.rmtree(former)
        else:
            os.replace(former, target)
    if partial.is_dir():
        shown = Path(f"{output.shown}.partial")
        _check_ours(partial, shown)
        shutil.rmtree(partial)
        left = f"by {before}" if before else "by a fit"
        say(f"'{shown}' was left {left} that ended too early, and is removed", err=True)
    if target.is_dir():
        for path in target.iterdir():
            if TEMPORARY.fullmatch(path.name) and path.suffix == ".html":
                path.unlink()


def _replace_by_two_moves(partial: Path, target: Path) -> None:
    former = _former(target)
    os.replace(target, former)
    try:
        os.replace(partial, target)
    except BaseException:
        os.replace(former, target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _former(target: Path) -> Path:
    return target.with_name(f"{target.name}.former")


def _move(partial: Path, target: Path) -> None:
    if os.name == "nt" and target.is_dir():
        # There, unlike elsewhere, a move replaces no empty folder.
        target.rmdir()
    os.replace(partial, target)
