"""What is tested every time, and what in `nox -s nightly` alone."""

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["first"]


def first(count: int, cases: Iterable[Any]) -> list[Any]:
    """Return cases for `parametrize`, those after the first few of which run at night only."""
    return [
        pytest.param(
            # The values of several names are a tuple.
            *(case if isinstance(case, tuple) else (case,)),
            marks=() if place < count else (pytest.mark.nightly,),
        )
        for place, case in enumerate(cases)
    ]
