"""Fits that go on where they were stopped."""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from numbers import Real
from pathlib import Path

import numpy as np
import scipy

from mixtura.checkpoints.digests import check_same
from mixtura.checkpoints.file import read_checkpoint, write_checkpoint
from mixtura.checkpoints.journal import Entry, Journal, keeping
from mixtura.errors import CheckpointError, CheckpointWarning, ParameterError
from mixtura.native.library import build_name

__all__ = ["checkpoint"]


@contextmanager
def checkpoint(
    path: str | os.PathLike[str],
    seconds: float = 60.0,
    about: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Keep what the fits within have finished, and go on from it where the file is there.

    Fits, searches and what fits within `with mixtura.checkpoint(path):` write to the file every so
    many seconds, and when they are interrupted or fail. The same code run again goes on from there,
    and ends with the same bits as if it had never been stopped. The file goes when all within has
    come to its end.

    Parameters
    ----------
    path : the file
    seconds : between two times that it is written; 0 for after every step
    about : what else must be the same for a fit to go on, as texts by name

    Raises
    ------
    CheckpointError
        If the file is damaged, or of other rows, settings or versions; it says what differs.
    ParameterError
        If `seconds` is no number from 0 up, or the folder of the file is not there.

    Examples
    --------
    >>> import numpy as np, mixtura
    >>> rows = np.random.default_rng(0).normal(size=(100, 2))
    >>> with mixtura.checkpoint("fit.checkpoint"):
    ...     model = mixtura.GaussianMixture(2, random_state=0).fit(rows)
    """
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not seconds >= 0:
        raise ParameterError(f"seconds should be a number from 0 up, but got {seconds!r}")
    file, facts = Path(path), {**_versions(), **(about or {})}
    if not file.parent.is_dir():
        raise ParameterError(
            f"the checkpoint '{path}' cannot be written: the folder '{file.parent}' does not "
            "exist; create it, or name another"
        )
    if file.exists():
        before, root = read_checkpoint(file)
        check_same(str(path), before, facts)
    else:
        root = Entry()
    journal = Journal(root, str(path), _Saving(file, facts), seconds)
    outer = keeping(journal)
    try:
        yield
    except CheckpointError:
        # It is of another fit, and stays as it is.
        raise
    except BaseException:
        _close(journal, file, facts)
        raise
    finally:
        keeping(outer)
    if journal.is_stopped:
        _close(journal, file, facts)
    else:
        file.unlink(missing_ok=True)


class _Saving:
    """Writes the file, and says once that it cannot be written."""

    def __init__(self, file: Path, facts: Mapping[str, str]) -> None:
        self._file, self._facts = file, facts
        self._is_told = False

    def __call__(self, root: Entry) -> None:
        try:
            write_checkpoint(self._file, self._facts, root)
        except OSError as error:
            if not self._is_told:
                self._is_told = True
                why = error.strerror or error
                warnings.warn(
                    f"the checkpoint '{self._file}' cannot be written: {why}. The fit goes on, and "
                    "is not being saved; make room, and it is again",
                    CheckpointWarning,
                    stacklevel=2,
                )


def _close(journal: Journal, file: Path, facts: Mapping[str, str]) -> None:
    """Write down what there is of a fit that has not come to its end."""
    if journal.root.inner:
        _Saving(file, facts)(journal.root)


def _versions() -> dict[str, str]:
    """Return what the last digits depend on beside data and settings."""
    # The package stands above its rooms.
    own = import_module("mixtura").__version__
    return {"mixtura": own, "numpy": np.__version__, "scipy": scipy.__version__} | {
        "kernels": build_name()
    }
