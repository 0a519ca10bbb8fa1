"""What `mixtura fit --family` offers: a file for each, and a line here."""

from mixtura.cli.families.auto import AUTO
from mixtura.cli.families.bernoulli import BERNOULLI
from mixtura.cli.families.categorical import CATEGORICAL
from mixtura.cli.families.fitting import Fitting, Offer, Request
from mixtura.cli.families.gaussian import GAUSSIAN
from mixtura.cli.families.mixed import MIXED
from mixtura.cli.families.multinomial import MULTINOMIAL
from mixtura.cli.families.poisson import POISSON

__all__ = ["OFFERS", "Fitting", "Offer", "Request"]

OFFERS: dict[str, Offer] = {
    offer.name: offer
    for offer in (GAUSSIAN, CATEGORICAL, MULTINOMIAL, BERNOULLI, POISSON, MIXED, AUTO)
}
