"""What a model says of rows one by one, as a table that may be larger than memory."""

from mixtura.doors import opened

# Not from typing: nothing is loaded here but what is asked for.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from mixtura.scoring.asked import assignments
    from mixtura.scoring.scored import Assignments

__all__ = ["Assignments", "assignments"]

__getattr__ = opened(__name__, {"Assignments": "scored", "assignments": "asked"})
