"""Where rows come from: sources of blocks of rows, checked at the door."""

from mixtura.data.arrays import ArrayRows
from mixtura.data.blocks import Block, RowSource

__all__ = ["ArrayRows", "Block", "RowSource"]
