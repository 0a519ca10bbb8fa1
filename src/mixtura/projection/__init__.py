"""Directions that show components: scores of rows, and the mixture in few dimensions. Public."""

from mixtura.projection.projection import Projection, project

__all__ = ["Projection", "project"]
