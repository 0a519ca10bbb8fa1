"""The compiled kernels, and how they are found and loaded."""

from mixtura.native.library import kernels

__all__ = ["kernels"]
