"""Where rows come from: sources of blocks of rows, checked at the door."""

from mixtura.data.arrays import ArrayRows
from mixtura.data.blocks import Block, RowSource, Unit, blocks_of
from mixtura.data.sparse import CountRows

__all__ = ["ArrayRows", "Block", "CountRows", "RowSource", "Unit", "blocks_of"]
