"""What `mixtura fit --family` offers: all families of the catalogue, mixed columns, and a choice.

A file here is for a family that reads its columns in a way of its own.
"""

from mixtura.cli.families.auto import AUTO
from mixtura.cli.families.categorical import CATEGORICAL
from mixtura.cli.families.columns_of_numbers import offer_of
from mixtura.cli.families.fitting import Fitting, Offer, Request
from mixtura.cli.families.mixed import MIXED
from mixtura.cli.families.structured import FACTOR_ANALYSER, GAUSSIAN, STUDENT_T
from mixtura.components.catalogue import ROWS

__all__ = ["OFFERS", "Fitting", "Offer", "Request"]

OWN = {offer.name: offer for offer in (GAUSSIAN, STUDENT_T, FACTOR_ANALYSER, CATEGORICAL)}

OFFERS: dict[str, Offer] = {
    **{name: OWN.get(name) or offer_of(row) for name, row in ROWS.items()},
    MIXED.name: MIXED,
    AUTO.name: AUTO,
}
