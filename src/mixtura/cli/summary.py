"""`mixtura summary MODEL`: a model file in words, or as JSON."""

from pathlib import Path

import click

from mixtura.cli.voice import say
from mixtura.mixture.document import document_of, json_text
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
        say(summary_of(mixture, facts or None, of_a_file=True))
        return
    say(json_text({**document_of(mixture), "fit": facts}))
