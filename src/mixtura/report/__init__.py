"""A fit as one self-contained HTML page, and its figures a file each."""

from mixtura.report.contents import Report
from mixtura.report.page import write_report

__all__ = ["Report", "write_report"]
