"""A penalty that holds what was seen of earlier rows: their part of the expected log density."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Remembered"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A penalty, and the moments of rows that were seen before.

    With earlier rows' responsibilities left as they were, EM on further rows raises their
    log-likelihood and the expected one of the earlier (incremental EM: Neal and Hinton 1998).

    Attributes
    ----------
    family : of the components
    prior : the penalty beside it
    moments : of the earlier rows, in the family's frame
    """

    family: Any
    prior: Any
    moments: Any

    @property
    def supports(self) -> bool:
        """Return whether the penalty supports its components."""
        return self.prior.supports

    @property
    def floor(self) -> Any:
        """Return the least variances of Gaussian columns, or None."""
        return getattr(self.prior, "floor", None)

    def augment(self, moments: Any) -> Any:
        """Return the moments of all rows, with the penalty's pseudo-rows."""
        return self.prior.augment(moments + self.moments)

    def log_density(self, parameters: Any) -> float:
        """Return the penalty and Σ_k Σ_i w r log f_k(x_i) of the earlier rows."""
        expected = self.family.expected_log_density(parameters, self.moments)
        return self.prior.log_density(parameters) + expected
