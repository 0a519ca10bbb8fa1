"""The posterior of a mixture as a model of ONNX, for programs without Python."""

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from mixtura.components.finite_logs import finite_logs
from mixtura.components.onnx import Cells, Graph, log_density_of, typed_labels
from mixtura.errors import MixturaError, ParameterError

__all__ = ["onnx_model"]

# The operators of ONNX 1.15, which onnxruntime has from 1.17 on.
OPSET, IR = 19, 9
TABLE, LABEL, PROBABILITIES = "X", "label", "probabilities"


def onnx_model(mixture: Any) -> Any:
    """Return the model; errors as of `Mixture.to_onnx`."""
    if find_spec("onnx") is None:
        raise MixturaError(
            "a model of ONNX needs the package onnx; install it: pip install 'mixtura[onnx]'"
        )
    called = _column_names(mixture)
    graph = Graph(_prefix(called))
    types, cells = _inputs(mixture, called, graph)
    logs = log_density_of(mixture.family, mixture.parameters, cells)
    logs = graph.call("Add", logs, finite_logs(mixture.weights))
    top = graph.call("ReduceMax", logs, np.array([1]), keepdims=1)
    shares = graph.call("Exp", graph.call("Sub", logs, top))
    total = graph.sum_of(shares, 1, keeps=True)
    graph.call("Div", shares, total, output=PROBABILITIES)
    place = graph.call("ArgMax", logs, axis=1, keepdims=0)
    graph.call("Gather", mixture.labels.astype(np.int64), place, output=LABEL)
    return _model(graph, types, mixture)


def _column_names(mixture: Any) -> list[str]:
    """Return what columns (D,) are called; without names by their places in the table."""
    if mixture.columns is not None:
        return list(mixture.columns)
    return [f"x{place}" for place in _places(mixture)]


def _places(mixture: Any) -> list[int]:
    places = None if mixture.reading is None else mixture.reading.places
    return list(range(mixture.n_columns) if places is None else places)


def _prefix(called: list[str]) -> str:
    prefix = "mx_"
    while any(name.startswith(prefix) for name in called):
        prefix = f"m{prefix}"
    return prefix


def _inputs(mixture: Any, called: list[str], graph: Graph) -> tuple[dict[str, Any], Cells]:
    """Return the types of cells by the names of inputs, and the columns that these hold."""
    kinds = mixture.kinds
    if not any(kind.name == "category" for kind in kinds):
        return {TABLE: np.dtype(np.float64)}, Cells(graph, tuple(_places(mixture)), kinds, TABLE)
    types = {
        name: typed_labels(kind.labels, name).dtype if kind.labels else np.dtype(np.float64)
        for name, kind in zip(called, kinds, strict=True)
    }
    for name in types:
        if name in (LABEL, PROBABILITIES):
            raise ParameterError(
                f"column '{name}' is called as what the model of ONNX gives; rename it before the "
                "fit"
            )
    return types, Cells(graph, tuple(called), kinds)


def _model(graph: Graph, types: dict[str, Any], mixture: Any) -> Any:
    onnx: Any = import_module("onnx")
    helper, arrays = onnx.helper, onnx.numpy_helper
    tensor = helper.make_tensor_value_info
    inputs = [
        tensor(name, helper.np_dtype_to_tensor_dtype(dtype), [None, None if name == TABLE else 1])
        for name, dtype in types.items()
    ]
    double, whole = onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64
    outputs = [
        tensor(LABEL, whole, [None]),
        tensor(PROBABILITIES, double, [None, mixture.n_components]),
    ]
    nodes = [
        helper.make_node(op, names, [output], **attributes)
        for op, names, output, attributes in graph.nodes
    ]
    constants = [arrays.from_array(values, name) for name, values in graph.constants.items()]
    made = helper.make_model(
        helper.make_graph(nodes, "mixture", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="mixtura",
    )
    told = {"columns": list(mixture.table_columns or ()), "components": list(mixture.names)}
    helper.set_model_props(made, {name: json.dumps(value) for name, value in told.items()})
    onnx.checker.check_model(made, full_check=True)
    return made
