"""Choosing the number of components and the structure."""

from mixtura.selection.candidates import CRITERIA, MARK, UNSOUND, Candidate, Selection
from mixtura.selection.cells import Cell
from mixtura.selection.search import search

__all__ = ["CRITERIA", "MARK", "UNSOUND", "Candidate", "Cell", "Selection", "search"]
