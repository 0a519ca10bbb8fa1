"""Doors of rooms: what a package hands on is loaded when it is asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["opened"]


def opened(package: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package.

    Parameters
    ----------
    package : its dotted name
    places : the module of it that each public name is found in
    """

    def load(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
