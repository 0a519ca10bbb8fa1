"""What `mixtura fit --family` offers: all families of the catalogue, mixed columns, and a choice.

A file here is for a family that reads its columns in a way of its own.
"""

import click
from click.core import ParameterSource

from mixtura.cli.families.auto import AUTO
from mixtura.cli.families.categorical import CATEGORICAL
from mixtura.cli.families.columns_of_numbers import offer_of
from mixtura.cli.families.fitting import Fitting, Offer, Request
from mixtura.cli.families.mixed import MIXED
from mixtura.cli.families.structured import CONTAMINATED, FACTOR_ANALYSER, GAUSSIAN, STUDENT_T
from mixtura.components.catalogue import ROWS
from mixtura.errors import ParameterError

__all__ = ["OFFERS", "Fitting", "Offer", "Request", "check_options"]

ALONE = GAUSSIAN, STUDENT_T, CONTAMINATED, FACTOR_ANALYSER, CATEGORICAL
OWN = {offer.name: offer for offer in ALONE}

OFFERS: dict[str, Offer] = {
    **{name: OWN.get(name) or offer_of(row) for name, row in ROWS.items()},
    MIXED.name: MIXED,
    AUTO.name: AUTO,
}


def check_options(context: click.Context, offer: Offer) -> None:
    """Raise for an option that was given and says nothing to the family."""
    only = frozenset().union(*(other.options for other in OFFERS.values())) - offer.options
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if name in only and source is not ParameterSource.DEFAULT:
            names = [other.name for other in OFFERS.values() if name in other.options]
            raise ParameterError(
                f"{option.opts[-1]} says nothing to --family {offer.name}, only to "
                f"{' and '.join(names)}"
            )
