"""Log densities of components beside noise, and of blocks of mixed columns, in ONNX."""

from typing import Any

import numpy as np

from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.noise import NoiseFamily
from mixtura.components.onnx.graph import Cells, log_density_of
from mixtura.components.product import ProductFamily
from mixtura.errors import ParameterError

__all__: list[str] = []


@log_density_of.register
def _(family: NoiseFamily, parameters: Any, cells: Cells) -> str:
    background = family.background
    if not isinstance(background, BoxBackground):
        raise ParameterError(
            f"there is no ONNX graph for noise beside '{family.inner.name}' components; fit "
            "without it"
        )
    graph = cells.graph
    own = log_density_of(family.inner, parameters.inner, cells)
    flat = graph.call(
        "Where", graph.call("IsNaN", cells.numbers()), np.float64(0.0), -background.log_widths
    )
    return graph.call("Concat", own, graph.sum_of(flat, 1, keeps=True), axis=1)


@log_density_of.register
def _(family: ProductFamily, parameters: Any, cells: Cells) -> str:
    blocks = zip(family.families, parameters.parts, family.blocks, strict=True)
    return cells.graph.total(
        [log_density_of(inner, part, cells.within(block)) for inner, part, block in blocks]
    )
