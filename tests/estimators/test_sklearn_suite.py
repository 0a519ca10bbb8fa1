"""scikit-learn's own tests of its Gaussian mixture pass with ours in its place.

Their source is read from the installed package, the class it imports is replaced, and what it
defines is collected here. Tests of scikit-learn's private functions run as they are.
"""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from nightly import first
from sklearn import mixture as theirs

from mixtura import GaussianMixture

pytestmark = pytest.mark.drawn(2, among="file")

FOLDER = Path(theirs.__file__).parent / "tests"
FILES = ("test_gaussian_mixture", "test_mixture")

if not all((FOLDER / f"{name}.py").exists() for name in FILES):
    pytest.skip("scikit-learn was installed without its tests", allow_module_level=True)

# Exceptions that depend on how this machine rounds, and so may pass.
BY_ROUNDING = ("test_score", "test_multiple_init")

# Of these tests each is expected to fail, in the cases whose name contains the second entry.
EXCEPTIONS: dict[str, tuple[str, str]] = {
    "test_gaussian_mixture_precisions_init": (
        "it calls the private method _initialize",
        "",
    ),
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
        "it counts the calls of a private function of scikit-learn",
        "",
    ),
    "test_multiple_init": (
        "it asks that the better of five starts be no worse than the same start alone to the last "
        "bit; swept together and alone, the last bit may differ",
        "",
    ),
    "test_score": (
        "our score of float32 rows is a mean of float64 densities, which differs in the seventh "
        "decimal from the float32 mean that it is compared with",
        "float32",
    ),
}

# These tests are skipped where array_api_compat and other array libraries are not set up.
LEFT_OUT = {
    "test_gaussian_mixture_array_api_compliance": "we take no arrays of other libraries",
    "test_gaussian_mixture_raises_where_array_api_not_implemented": "the same",
}


def with_our_class(name: str) -> ModuleType:
    """Return a test module of scikit-learn in which `GaussianMixture` is ours."""
    spec = importlib.util.spec_from_file_location(f"{name}_of_sklearn", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "GaussianMixture", GaussianMixture)
        spec.loader.exec_module(module)
    return module


def functions_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., None]]]:
    """Return the test functions that are not left out, by name."""
    for name, function in vars(module).items():
        if name.startswith("test_") and name not in LEFT_OUT:
            yield name, function


MODULES = [with_our_class(name) for name in FILES]
OURS = dict(pair for module in MODULES for pair in functions_of(module))
globals().update(OURS)
# Twenty starts on ten thousand rows, four times.
for name in ("test_gaussian_mixture_fit_best_params", "test_gaussian_mixture_fit"):
    pytest.mark.nightly(OURS[name])


@pytest.fixture(params=first(1, [np.float64, np.float32]), ids=["float64", "float32"])
def global_dtype(request: pytest.FixtureRequest) -> type[np.floating]:
    """Return what scikit-learn's fixture of this name returns, one at a time."""
    return request.param


@pytest.fixture(params=[42])
def global_random_seed(request: pytest.FixtureRequest) -> int:
    """Return the seed that scikit-learn's fixture of this name returns by default."""
    return request.param


@pytest.fixture(autouse=True)
def _exceptions(request: pytest.FixtureRequest) -> None:
    """Expect the tests in `EXCEPTIONS` to fail, and say why."""
    reason, case = EXCEPTIONS.get(request.node.originalname, ("", ""))
    if reason and case in request.node.name:
        strict = request.node.originalname not in BY_ROUNDING
        request.applymarker(pytest.mark.xfail(reason=reason, strict=strict))


def test_our_class_is_the_one_tested() -> None:
    assert all(module.GaussianMixture is GaussianMixture for module in MODULES)


@pytest.mark.parametrize("name", [*EXCEPTIONS, *LEFT_OUT])
def test_each_exception_is_a_test_that_scikit_learn_has(name: str) -> None:
    assert any(hasattr(module, name) for module in MODULES)
