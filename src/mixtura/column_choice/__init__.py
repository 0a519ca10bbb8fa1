"""Which columns tell clusters apart, and which say nothing beyond them. All here is public."""

from mixtura.column_choice.choice import ColumnChoice, Step
from mixtura.column_choice.choosing import choose_columns

__all__ = ["ColumnChoice", "Step", "choose_columns"]
