"""`mixtura summary MODEL`: a model file in words, or as JSON."""

import json
from pathlib import Path

import click

from mixtura.store import load_with_facts
from mixtura.summary import summary_of

__all__ = ["summary"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def summary(model: Path, as_json: bool) -> None:
    """Describe a model file."""
    mixture, facts = load_with_facts(model)
    if not as_json:
        click.echo(summary_of(mixture, facts or None))
        return
    columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
    document = {
        "n_components": mixture.n_components,
        "n_parameters": mixture.n_parameters,
        "labels": mixture.labels.tolist(),
        "weights": mixture.weights.tolist(),
        "weights_held": mixture.held,
        **mixture.family.describe(mixture.parameters, columns),
        "fit": facts,
    }
    click.echo(json.dumps(document, indent=2))
