"""`--family auto`: the family that the kinds of the columns ask for."""

from dataclasses import replace

from mixtura.cli.families.categorical import CATEGORICAL
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Request
from mixtura.cli.families.mixed import MIXED
from mixtura.cli.families.structured import GAUSSIAN
from mixtura.cli.looks import blocks_of, looks_of, say_blocks, say_left_out
from mixtura.cli.voice import say
from mixtura.data.files import Table

__all__ = ["AUTO"]


def _chosen(table: Table, request: Request) -> tuple[Offer, Request]:
    """Return the family that the columns ask for, and what is asked of it."""
    looks = looks_of(table, request.columns, request.left_out)
    blocks = blocks_of(table, looks)
    if len(blocks) > 1:
        say("family auto: mixed, as there are columns of more than one kind", err=True)
        return MIXED, request
    ((kind, names),) = blocks.items()
    offer = {"gaussian": GAUSSIAN, "categorical": CATEGORICAL}[kind]
    say(f"family auto: {offer.name}, as all columns are of one kind", err=True)
    say_left_out(looks)
    say_blocks(looks)
    return offer, replace(request, columns=tuple(names))


def _prepare(table: Table, request: Request) -> Fitting:
    offer, asked = _chosen(table, request)
    return offer.prepare(table, asked)


def _beyond(table: Table, request: Request) -> Beyond:
    say("family auto goes by the first rows, as all are more than memory may hold", err=True)
    offer, asked = _chosen(table, request)
    return offer.beyond(table, asked)


AUTO = Offer("auto", _prepare, _beyond, frozenset({"structures"}))
