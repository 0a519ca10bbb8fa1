"""`--family auto`: the family that the kinds of the columns ask for."""

from dataclasses import replace

from mixtura.cli.columns import fitted_blocks, looked_at
from mixtura.cli.families.categorical import CATEGORICAL
from mixtura.cli.families.columns_of_numbers import offer_of
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Request
from mixtura.cli.families.mixed import MIXED
from mixtura.cli.families.structured import GAUSSIAN
from mixtura.cli.voice import say
from mixtura.components.catalogue import ROWS
from mixtura.data.files import Table
from mixtura.errors import ParameterError

__all__ = ["AUTO"]

OFFERED = {offer.name: offer for offer in (GAUSSIAN, CATEGORICAL)}


def _chosen(table: Table, request: Request) -> tuple[Offer, Request]:
    """Return the family that the columns ask for, and what is asked of it."""
    found = looked_at(table, request.columns, request.left_out)
    blocks = found.blocks()
    if len(blocks) > 1:
        say("family auto: mixed, as there are columns of more than one kind", err=True)
        return MIXED, request
    if blocks:
        say(f"family auto: {next(iter(blocks))}, as all columns are of one kind", err=True)
    ((kind, names),) = fitted_blocks(table, found).items()
    if request.ordinal and kind != "categorical":
        raise ParameterError(
            f"--ordinal is about answers, and --family auto takes all columns for {kind}; name "
            "the items by --columns, with --family categorical"
        )
    return OFFERED.get(kind) or offer_of(ROWS[kind]), replace(request, columns=tuple(names))


def _prepare(table: Table, request: Request) -> Fitting:
    offer, asked = _chosen(table, request)
    return offer.prepare(table, asked)


def _beyond(table: Table, request: Request) -> Beyond:
    say("family auto goes by the first rows, as all are more than memory may hold", err=True)
    offer, asked = _chosen(table, request)
    return offer.beyond(table, asked)


AUTO = Offer("auto", _prepare, _beyond, frozenset({"structures", "ordinal", "ordinal_link"}))
