"""Of tests of many cases that are alike, what is drawn for a run of them all."""

import os
import secrets
from collections import defaultdict
from hashlib import blake2b
from typing import Any

import pytest

__all__ = ["drawn_items", "seed"]

# Of the draw; workers have it from whoever starts them.
VARIABLE = "MIXTURA_DRAW"


def seed() -> str:
    """Return the seed of the draw, another each run unless the environment says one."""
    return os.environ.setdefault(VARIABLE, secrets.token_hex(4))


def drawn_items(config: Any, items: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the tests of this run, and those left for another.

    Only a run of the whole suite by day draws: files and tests that are named run whole, as all do
    at night. Of each test at least one case stays, and of a file one test where those are drawn.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not whole or config.getoption("-m") != "not nightly":
        return items, []
    cases: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        # Those of the night are left out by their own mark.
        if item.get_closest_marker("drawn") and not item.get_closest_marker("nightly"):
            cases[_group(item)].append(item)
    left: set[str] = set()
    for several in cases.values():
        share = several[0].get_closest_marker("drawn").args[0]
        several.sort(key=_place)
        left |= {item.nodeid for item in several[-(-len(several) // share) :]}
    kept = [item for item in items if item.nodeid not in left]
    return kept, [item for item in items if item.nodeid in left]


def _group(item: Any) -> str:
    """Return among what a test is drawn: the cases of its function, or all tests of its file."""
    whole = item.get_closest_marker("drawn").kwargs.get("among") == "file"
    return item.nodeid.split("::" if whole else "[")[0]


def _place(item: Any) -> bytes:
    return blake2b(f"{seed()} {item.nodeid}".encode(), digest_size=8).digest()
