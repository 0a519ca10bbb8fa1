"""What the columns of a table are: one place that decides, for the command and for Python."""

from mixtura.inspection.cells import cells_of_table
from mixtura.inspection.column import Column
from mixtura.inspection.inspection import Inspection, inspect, inspected, those_with_codes
from mixtura.inspection.sentences import (
    sentences_of_codes,
    sentences_of_remarks,
    sentences_on_left_out,
)
from mixtura.inspection.words import mostly_numbers, scale_of

__all__ = [
    "Column",
    "Inspection",
    "cells_of_table",
    "inspect",
    "inspected",
    "mostly_numbers",
    "scale_of",
    "sentences_of_codes",
    "sentences_of_remarks",
    "sentences_on_left_out",
    "those_with_codes",
]
