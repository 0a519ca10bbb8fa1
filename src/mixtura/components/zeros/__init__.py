"""Families of counts of which zeros have a number of their own."""

from mixtura.components.zeros.negative_binomials import (
    HurdleNegativeBinomialFamily,
    ZeroAlteredNegativeBinomialFamily,
    ZeroInflatedNegativeBinomialFamily,
)
from mixtura.components.zeros.poissons import (
    HurdlePoissonFamily,
    ZeroAlteredPoissonFamily,
    ZeroInflatedPoissonFamily,
)

__all__ = [
    "HurdleNegativeBinomialFamily",
    "HurdlePoissonFamily",
    "ZeroAlteredNegativeBinomialFamily",
    "ZeroAlteredPoissonFamily",
    "ZeroInflatedNegativeBinomialFamily",
    "ZeroInflatedPoissonFamily",
]
