"""What components, columns and counts are called in tables and sentences."""

from collections.abc import Iterable, Sequence
from typing import Any

from mixtura.errors import ParameterError

__all__ = [
    "component_names",
    "component_title",
    "count_words",
    "named_components",
    "quoted_names",
    "row_words",
    "split_names",
]

# Rows are counted up to here, with a tenth.
MANY_ROWS = 1e15

# Names that a sentence lists.
NAMED = 8


def component_names(labels: Iterable[int], given: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return what components are called: by their names or numbers, and noise.

    Parameters
    ----------
    labels : their numbers, -1 for noise
    given : names of those but noise, in their order

    Examples
    --------
    >>> component_names([0, 1, -1]), component_names([0, 1, -1], ["low", "high"])
    (('0', '1', 'noise'), ('low', 'high', 'noise'))
    """
    return tuple(
        "noise" if label < 0 else str(label) if given is None else given[label] for label in labels
    )


def component_title(name: str, what: str = "component") -> str:
    """Return what stands above the numbers of a component that is called by a number or a name.

    Parameters
    ----------
    what : what stands before a number

    Examples
    --------
    >>> component_title("2"), component_title("2", "class"), component_title("low")
    ('component 2', 'class 2', 'low')
    """
    return f"{what} {name}" if name.isdecimal() else name


def named_components(labels: Iterable[int], given: Any) -> tuple[str, ...]:
    """Return names of components but noise, checked.

    Parameters
    ----------
    labels : the numbers of the components, -1 for noise
    given : the names, in the order of the numbers

    Raises
    ------
    ParameterError
        If there are not as many, or one is no text, empty, there twice or that of noise.
    """
    numbers = [int(label) for label in labels if label >= 0]
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise ParameterError(f"labels should be a list of {len(numbers)} names, not {given!r}")
    names = tuple(given)
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise ParameterError(f"labels should be text that can be read, but one is {name!r}")
        if names.count(name) > 1 or name == "noise":
            whose = "the noise's" if name == "noise" else "there twice"
            raise ParameterError(f"labels should tell components apart, but {name!r} is {whose}")
    if len(names) != len(numbers):
        raise ParameterError(
            f"there are {len(names)} labels for {len(numbers)} components; give one for each, the "
            "largest component first"
        )
    return tuple(map(str, names))


def count_words(count: float) -> str:
    """Return a count as a reader takes it in.

    Examples
    --------
    >>> count_words(1728), count_words(2.0**70), count_words(float("inf"))
    ('1,728', '1.18e+21', 'more than 1e308')
    """
    if count == float("inf"):
        return "more than 1e308"
    return f"{count:,}" if isinstance(count, int) else f"{count:.3g}"


def row_words(rows: float) -> str:
    """Return "17.3" of so many rows, and "2e+250" of what weights may add up to."""
    return f"{rows:.1f}" if rows < MANY_ROWS else f"{rows:.4g}"


def quoted_names(names: Sequence[str]) -> str:
    """Return names in quotes, of many only the first."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:NAMED]) + more


def split_names(text: str | None) -> list[str]:
    """Return names separated by commas."""
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]
