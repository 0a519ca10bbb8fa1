"""The table of families: what each offers, a row a family.

Every floor above reads it. A model file names a family by `name`, and so do the blocks of mixed
columns and the command; `estimator` is the public name of its scikit-learn face. A family of the
columnwise tier needs nothing beside its row; the others have an estimator of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.beta import BetaFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.gamma import GammaFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.geometric import GeometricFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.polya import BetaBinomialFamily, DirichletMultinomialFamily
from mixtura.components.scaled import ContaminatedFamily, StudentTFamily
from mixtura.components.trials import BinomialFamily
from mixtura.components.von_mises import VonMisesFamily
from mixtura.components.zeros import (
    HurdleNegativeBinomialFamily,
    HurdlePoissonFamily,
    ZeroInflatedNegativeBinomialFamily,
    ZeroInflatedPoissonFamily,
)

__all__ = ["FAMILIES", "ROWS", "Row"]

# Families of another tier whose densities grow without bound.
WIDTHS = (GaussianFamily, StudentTFamily, ContaminatedFamily, FactorAnalyserFamily)


@dataclass(frozen=True, slots=True)
class Row:
    """What one family offers.

    Attributes
    ----------
    family : its class
    estimator : the public name of its estimator
    in_blocks : whether columns of it may stand beside others in a mixed mixture
    gaps : whether cells may be missing: "never", "asked" for by the estimator's `missing`, "always"
    options : settings of its estimator that the command has options for
    settings : settings of its family and estimator that the row fixes
    called : its name, where it is another than that of the class
    """

    family: type[Any]
    estimator: str
    in_blocks: bool = True
    gaps: Literal["never", "asked", "always"] = "asked"
    options: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)
    called: str = ""

    @property
    def name(self) -> str:
        """Return what it is called in the command and in blocks."""
        return self.called or self.family.name

    @property
    def is_columnwise(self) -> bool:
        """Return whether its estimator, page and blocks follow from its numbers."""
        return issubclass(self.family, ColumnwiseFamily)

    @property
    def has_widths(self) -> bool:
        """Return whether densities grow without bound where a column holds one value."""
        if not self.is_columnwise:
            return self.family in WIDTHS
        return self.family(1, **self.settings).has_widths


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row(GaussianFamily, "GaussianMixture"),
        Row(StudentTFamily, "StudentTMixture", in_blocks=False, gaps="never"),
        Row(ContaminatedFamily, "ContaminatedMixture", in_blocks=False, gaps="never"),
        Row(FactorAnalyserFamily, "FactorAnalyserMixture", in_blocks=False, gaps="never"),
        Row(CategoricalFamily, "CategoricalMixture", gaps="always"),
        Row(MultinomialFamily, "MultinomialMixture", in_blocks=False, gaps="never"),
        Row(
            DirichletMultinomialFamily,
            "DirichletMultinomialMixture",
            in_blocks=False,
            gaps="never",
        ),
        Row(BernoulliFamily, "BernoulliMixture", gaps="always"),
        Row(BinomialFamily, "BinomialMixture", options=frozenset({"trials"})),
        Row(BetaBinomialFamily, "BetaBinomialMixture", options=frozenset({"trials"})),
        Row(PoissonFamily, "PoissonMixture", options=frozenset({"exposure"})),
        Row(NegativeBinomialFamily, "NegativeBinomialMixture"),
        Row(GeometricFamily, "GeometricMixture"),
        Row(ZeroInflatedPoissonFamily, "ZeroInflatedPoissonMixture"),
        Row(HurdlePoissonFamily, "HurdlePoissonMixture"),
        Row(ZeroInflatedNegativeBinomialFamily, "ZeroInflatedNegativeBinomialMixture"),
        Row(HurdleNegativeBinomialFamily, "HurdleNegativeBinomialMixture"),
        Row(GammaFamily, "GammaMixture"),
        Row(GammaFamily, "GammaMixture", settings={"shape": 1.0}, called="exponential"),
        Row(BetaFamily, "BetaMixture"),
        Row(VonMisesFamily, "VonMisesMixture", options=frozenset({"period"})),
    )
}

FAMILIES: dict[str, type[Any]] = {row.family.name: row.family for row in ROWS.values()}
