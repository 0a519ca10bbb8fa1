"""A fit as one self-contained HTML page, and its figures one by one."""

from importlib import import_module

from mixtura.report.contents import PLOTTED_ROWS, Report
from mixtura.report.extras import PAGE_PACKAGES, check_page_name, require
from mixtura.report.page import write_report

# Not from typing: nothing else is loaded here.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from mixtura.report.figures import figure_names, figure_of, given_report, report_of
    from mixtura.report.plotting import plot

__all__ = [
    "PAGE_PACKAGES",
    "PLOTTED_ROWS",
    "Report",
    "check_page_name",
    "figure_names",
    "figure_of",
    "given_report",
    "plot",
    "report_of",
    "require",
    "write_report",
]


def __getattr__(name: str) -> object:
    """Load what draws when it is asked for, as that loads matplotlib."""
    if name in ("figure_names", "figure_of", "given_report", "report_of"):
        require(*PAGE_PACKAGES)
        return getattr(import_module("mixtura.report.figures"), name)
    if name == "plot":
        require("matplotlib", what="a plot")
        return import_module("mixtura.report.plotting").plot
    raise AttributeError(f"module 'mixtura.report' has no attribute '{name}'")
