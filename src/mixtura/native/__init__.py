"""The compiled kernels, and how they are found and loaded; everything works without them."""

from mixtura.native.library import kernels

__all__ = ["kernels"]
