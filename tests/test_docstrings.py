"""Public docstrings name every argument and every error."""

import inspect
import re
from pathlib import Path

import pytest

import mixtura
import mixtura.agreement
import mixtura.inference

PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (mixtura, mixtura.agreement, mixtura.inference)
    for name in module.__all__
}

API = Path(__file__).parent.parent / "docs" / "api"


def functions():
    """Return the public functions and methods by name, each once."""
    found = {}
    for name, each in PUBLIC.items():
        if inspect.isfunction(each):
            found[each] = name
        if inspect.isclass(each):
            for method, raw in inspect.getmembers_static(each):
                function = getattr(raw, "__func__", raw)
                own = inspect.isfunction(function) and function.__module__.startswith("mixtura")
                if own and not method.startswith("_"):
                    found.setdefault(function, f"{name}.{method}")
    return {name: function for function, name in found.items()}


FUNCTIONS = functions()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_named(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    if re.search(r"as in `\w+`\.", text):
        return
    missing = [
        argument
        for argument in inspect.signature(function).parameters
        if argument not in ("self", "cls") and not re.search(rf"\b{argument}\b", text)
    ]
    assert not missing


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_named(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    raised = set(re.findall(r"raise (\w+)\(", inspect.getsource(function)))
    assert not {error for error in raised if error not in text}


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_is_described(name):
    assert (inspect.getdoc(PUBLIC[name]) or "").strip()


@pytest.mark.skipif(not API.exists(), reason="reads the pages")
def test_the_reference_has_every_public_name():
    pages = "\n".join(page.read_text(encoding="utf-8") for page in API.glob("*.md"))
    named = set(re.findall(r"(?:autoclass|autofunction):: ([\w.]+)", pages))
    errors = {name for name in PUBLIC if name.split(".")[-1] in mixtura.errors.__all__}
    assert "automodule:: mixtura.errors" in pages
    assert set(PUBLIC) - named - errors == set()


def test_what_the_estimators_name_is_public() -> None:
    assert set(mixtura.estimators.__all__) <= set(mixtura.__all__)
    for name in mixtura.__all__:
        assert getattr(mixtura, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mixtura.nothing
