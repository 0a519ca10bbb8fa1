"""Text: what things are called, tables, and summaries as text, frames and markup."""

from mixtura.text.markup import as_html, as_latex, as_markdown
from mixtura.text.names import (
    Numbered,
    component_names,
    component_title,
    count_words,
    named_components,
    quoted_names,
    row_words,
    split_names,
)
from mixtura.text.numbers import number, number_of_log, probability, with_spread
from mixtura.text.summaries import Backend, Summary, Tabled, frame_of, frame_of_columns, glance
from mixtura.text.tables import Passage, Rows, Table

__all__ = [
    "Backend",
    "Numbered",
    "Passage",
    "Rows",
    "Summary",
    "Table",
    "Tabled",
    "as_html",
    "as_latex",
    "as_markdown",
    "component_names",
    "component_title",
    "count_words",
    "frame_of",
    "frame_of_columns",
    "glance",
    "named_components",
    "number",
    "number_of_log",
    "probability",
    "quoted_names",
    "row_words",
    "split_names",
    "with_spread",
]
