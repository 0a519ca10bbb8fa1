"""The optional packages that a report needs."""

from importlib.util import find_spec

from mixtura.errors import MixturaError

__all__ = ["PAGE_PACKAGES", "require"]

PAGE_PACKAGES = ("matplotlib", "jinja2")


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
