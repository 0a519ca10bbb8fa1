"""A journal of steps: a step that it has finished is not done again, but answered from it.

A fit does the same steps in the same order whenever it is given the same, so a step is known by
its name, its number among those of that name, and the step that it is a part of. Of a finished
step only the answer is kept; one that lasts long may hold where it is. Other threads and processes
keep no journal: what they do comes back to who asked for it, and is kept there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import local
from time import monotonic
from typing import Any, TypeVar

from mixtura.checkpoints.digests import check_same

__all__ = ["Entry", "Journal", "each", "held", "hold", "keeping", "mapped", "once", "same", "stop"]

Made = TypeVar("Made")
Item = TypeVar("Item")

# Seconds after which a step holds where it is once more, in memory.
HELD_AFTER = 1.0


@dataclass(slots=True)
class Entry:
    """A step of a fit.

    Attributes
    ----------
    done : whether it is finished
    value : its answer
    held : where it is, if it is not finished and said so
    inner : its own steps, by their names and numbers, until it is finished
    """

    done: bool = False
    value: Any = None
    held: Any = None
    inner: "dict[tuple[str, int], Entry]" = field(default_factory=dict)


class Journal:
    """What is finished of the steps under way.

    Parameters
    ----------
    root : what was finished before
    called : the file, for errors
    save : writes a root down
    seconds : how often that is to be done
    """

    def __init__(
        self, root: Entry, called: str, save: Callable[[Entry], None], seconds: float
    ) -> None:
        self.root, self.called = root, called
        self.is_stopped = False
        self._save, self._seconds = save, seconds
        self._open, self._counts = [root], [Counter[str]()]
        self._saved = self._looked = monotonic()

    def once(self, name: str, make: Callable[[], Made], keep: Callable[[Made], bool]) -> Made:
        """Return the answer of the next step of that name."""
        number = self._counts[-1][name]
        self._counts[-1][name] += 1
        entry = self._open[-1].inner.setdefault((name, number), Entry())
        if entry.done:
            return entry.value
        self._open.append(entry)
        self._counts.append(Counter())
        try:
            value = make()
        finally:
            self._open.pop()
            self._counts.pop()
        if not self.is_stopped and keep(value):
            # One after the other: a signal may come between two of them.
            entry.value = value
            entry.done = True
            entry.held = None
            entry.inner = {}
            self._save_if_due()
        return value

    def done(self, name: str, count: int) -> list[bool]:
        """Return which of the next steps of that name are finished."""
        known, first = self._open[-1].inner, self._counts[-1][name]
        found = (known.get((name, first + place)) for place in range(count))
        return [entry is not None and entry.done for entry in found]

    def hold(self, make: Callable[[], Any]) -> None:
        """Hold where the step under way is, if that was not done lately."""
        now = monotonic()
        if self.is_stopped or now - self._looked < min(HELD_AFTER, self._seconds):
            return
        self._open[-1].held = make()
        self._looked = now
        self._save_if_due()

    @property
    def held(self) -> Any:
        """Return where the step under way was, or None."""
        return self._open[-1].held

    def _save_if_due(self) -> None:
        if monotonic() - self._saved >= self._seconds:
            self._save(self.root)
            self._saved = monotonic()


_OF_THREAD = local()


def _journal() -> Journal | None:
    return getattr(_OF_THREAD, "journal", None)


def keeping(journal: Journal | None) -> Journal | None:
    """Let this thread keep a journal, or none, and return what it kept before."""
    before = _journal()
    _OF_THREAD.journal = journal
    return before


def _always(_: Any) -> bool:
    return True


def once(name: str, make: Callable[[], Made], keep: Callable[[Made], bool] = _always) -> Made:
    """Return what is made, or what was made at this step before.

    Parameters
    ----------
    name : of the step
    make : does it, by nothing but what is the same at any time
    keep : whether an answer is a finished one
    """
    journal = _journal()
    return make() if journal is None else journal.once(name, make, keep)


def each(name: str, items: Iterable[Item]) -> Iterable[Item]:
    """Return items as they come; where a journal is kept, all of them together, made once."""
    return items if _journal() is None else once(name, lambda: list(items))


def mapped(
    name: str,
    over: Callable[[Callable[[Item], Made], Sequence[Item]], Iterator[Made]],
    task: Callable[[Item], Made],
    items: Sequence[Item],
) -> Iterator[Made]:
    """Yield what a task makes of each item, in their order, by workers that do what is not done.

    Parameters
    ----------
    over : an engine's `map`
    """
    journal = _journal()
    if journal is None:
        yield from over(task, items)
        return
    done = journal.done(name, len(items))
    fresh = over(task, [item for item, is_done in zip(items, done, strict=True) if not is_done])
    for _ in items:
        yield once(name, lambda: next(fresh))


def hold(make: Callable[[], Any]) -> None:
    """Hold where the step under way is, as a value that it can go on from."""
    journal = _journal()
    if journal is not None:
        journal.hold(make)


def held() -> Any:
    """Return where the step under way was when it was stopped, or None."""
    journal = _journal()
    return None if journal is None else journal.held


def same(name: str, about: Callable[[], Mapping[str, str]]) -> None:
    """Raise `CheckpointError` where what a step is about differs from what it was about before."""
    journal = _journal()
    if journal is not None:
        now = dict(about())
        check_same(journal.called, journal.once(name, lambda: now, _always), now)


def stop() -> None:
    """Keep nothing from here on: an interrupt has cut short what is made now."""
    journal = _journal()
    if journal is not None:
        journal.is_stopped = True
