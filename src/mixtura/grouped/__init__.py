"""A mixture for each of many groups of rows: a store, a sensor, a customer."""

from mixtura.grouped.fits import GroupedMixtures
from mixtura.grouped.fitting import fit_by

__all__ = ["GroupedMixtures", "fit_by"]
