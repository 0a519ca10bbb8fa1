"""`mixtura summary MODEL`: a model file in words, or as JSON."""

import json
from math import isfinite
from pathlib import Path
from typing import Any

import click

from mixtura.cli.voice import say
from mixtura.store import load_with_facts
from mixtura.summary import bound_numbers, summary_of

__all__ = ["summary"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def summary(model: Path, as_json: bool) -> None:
    """Describe a model file."""
    mixture, facts = load_with_facts(model)
    if not as_json:
        say(summary_of(mixture, facts or None, of_a_file=True))
        return
    columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
    document = {
        "n_components": mixture.n_components,
        "n_parameters": mixture.n_parameters,
        "labels": mixture.labels.tolist(),
        "names": list(mixture.names),
        "weights": mixture.weights.tolist(),
        "weights_held": mixture.held,
        "bound": {
            name: {
                "held": own.values.tolist(),
                "equal": own.ties.tolist(),
                "ordinal": [[item.first, list(item.scores)] for item in own.ordinal],
            }
            for name, own in bound_numbers(mixture).items()
        },
        **mixture.family.describe(mixture.parameters, columns),
        "fit": facts,
    }
    say(json.dumps(_finite(document), indent=2))


def _finite(value: Any) -> Any:
    """Return a value with null for the numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
