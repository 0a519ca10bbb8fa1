"""Log densities of components by the operators of ONNX, family by family."""

from mixtura.components.onnx import amounts, blocks, counts
from mixtura.components.onnx.counts import typed_labels
from mixtura.components.onnx.graph import Cells, Graph, log_density_of

__all__ = [
    "Cells",
    "Graph",
    "amounts",
    "blocks",
    "counts",
    "log_density_of",
    "typed_labels",
]
