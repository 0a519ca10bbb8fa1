"""The families of single blocks of columns, by name."""

from typing import Any

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily

__all__ = ["FAMILIES"]

FAMILIES: dict[str, Any] = {
    family.name: family
    for family in (
        GaussianFamily,
        MultinomialFamily,
        CategoricalFamily,
        BernoulliFamily,
        PoissonFamily,
    )
}
