"""What a report asks for before it is made: optional packages, and the name of a page."""

import os
from importlib.util import find_spec
from pathlib import PurePath

from mixtura.errors import MixturaError, ParameterError

__all__ = ["PAGE_PACKAGES", "check_page_name", "require"]

PAGE_PACKAGES = ("matplotlib", "jinja2")
# What names of pages end in; one without an ending says nothing else.
PAGES = (".html", ".htm", "")


def check_page_name(path: str | os.PathLike[str], called: str = "") -> None:
    """Raise `ParameterError` where the name of a page is that of another kind of file.

    Parameters
    ----------
    called : the option that names it, with a space behind it
    """
    if PurePath(path).suffix.lower() not in PAGES:
        raise ParameterError(
            f"{called}{os.fspath(path)} is written as HTML; let its name end in .html"
        )


def require(*packages: str, what: str = "a report") -> None:
    """Raise a sentence that says what to install, if one of the packages is missing.

    Raises
    ------
    MixturaError
        If a package cannot be found.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        extra = what.rpartition(" ")[2]
        raise MixturaError(
            f"{what} needs {' and '.join(missing)}; install with pip install 'mixtura[{extra}]'"
        )
