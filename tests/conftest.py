"""Laws are tested for what they say, however long a busy machine takes over them."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from drawing import drawn_items, seed
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores: threads of BLAS beyond their own would wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("usual", deadline=None, max_examples=25)
settings.register_profile("nightly", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("MIXTURA_HYPOTHESIS", "usual"))


@pytest.fixture(scope="module")
def sketched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make the figures of pages and do not write them, but for the nightly run."""

    def sketch(draw: Callable[[], Any], *_: str) -> str:
        draw()
        return "<svg></svg>"

    with pytest.MonkeyPatch.context() as patch:
        if request.config.getoption("-m") == "not nightly":
            patch.setattr("mixtura.report.vector.inline_svg", sketch)
        yield


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """Close what a test drew for a screen, of which pyplot keeps all."""
    yield
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")


@pytest.fixture
def fresh_seed() -> int:
    """Return another seed each run, which is printed where a test fails."""
    seed = secrets.randbelow(2**31)
    print(f"fresh_seed = {seed}")
    return seed


def pytest_configure() -> None:
    """Draw once, before there are workers."""
    seed()


def pytest_report_header() -> str:
    """Say how the same cases are drawn again."""
    return f"cases of a whole run drawn by MIXTURA_DRAW={seed()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, of a whole run by day, the cases that are not drawn."""
    items[:], left = drawn_items(config, items)
    if left:
        config.hook.pytest_deselected(items=left)
