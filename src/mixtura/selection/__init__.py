"""Choosing the number of components and the structure."""

from mixtura.selection.candidates import CRITERIA, MARK, UNSOUND, Candidate, Selection
from mixtura.selection.cells import Cell
from mixtura.selection.search import search
from mixtura.selection.slope import SlopeHeuristic, slope_heuristic

__all__ = [
    "CRITERIA",
    "MARK",
    "UNSOUND",
    "Candidate",
    "Cell",
    "Selection",
    "SlopeHeuristic",
    "search",
    "slope_heuristic",
]
