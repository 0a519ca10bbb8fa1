"""Choosing the number of components and the structure."""

from mixtura.selection.candidates import CRITERIA, Candidate, Selection
from mixtura.selection.search import Cell, search

__all__ = ["CRITERIA", "Candidate", "Cell", "Selection", "search"]
