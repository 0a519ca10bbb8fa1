"""Pages made of templates; everything that came from the user is escaped."""

from typing import Any

from mixtura.report.extras import PAGE_PACKAGES, require

__all__ = ["rendered"]


def rendered(template: str, **facts: Any) -> str:
    """Return a page as text.

    Raises
    ------
    MixturaError
        If matplotlib or jinja2 is not installed.
    """
    require(*PAGE_PACKAGES)
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mixtura.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(facts).lstrip()
