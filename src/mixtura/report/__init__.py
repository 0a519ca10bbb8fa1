"""A fit as one self-contained HTML page, and its figures a file each."""

from mixtura.report.contents import PLOTTED_ROWS, Report
from mixtura.report.extras import PAGE_PACKAGES, require
from mixtura.report.page import write_report

__all__ = ["PAGE_PACKAGES", "PLOTTED_ROWS", "Report", "require", "write_report"]
