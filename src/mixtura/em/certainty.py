"""How sure rows are of their components, in one number: two that papers call entropy."""

from collections.abc import Sequence
from math import log

__all__ = ["entropy_r2", "relative_entropy"]

# Nats a row below which all rows are of one component, whatever is seen of them.
LEAST_UNKNOWN = 1e-9


def relative_entropy(entropy: float, total_weight: float, n_components: int) -> float | None:
    """Return 1 - E / (Σ w log K): 1 if all rows are sure, 0 if none is; None with one component.

    Mplus prints it as "Entropy" (Ramaswamy et al. 1993, Marketing Science 12, 103-124).

    Parameters
    ----------
    entropy : E = Σ_i w_i Σ_k -r_ik log r_ik, in nats
    """
    if n_components == 1:
        return None
    return 1.0 - entropy / total_weight / log(n_components)


def entropy_r2(entropy: float, total_weight: float, weights: Sequence[float]) -> float | None:
    """Return 1 - E / (Σ w H(π)): how much of what is not known without a row is known with it.

    Latent GOLD prints it as "Entropy R²", after Magidson (1981, Quality and Quantity 15, 177-201):
    the proportional reduction of the entropy of the components. None where H(π) is about 0.

    Parameters
    ----------
    entropy : E = Σ_i w_i Σ_k -r_ik log r_ik, in nats
    weights : (K,) π
    """
    unknown = -sum(weight * log(weight) for weight in weights if weight > 0)
    return None if unknown < LEAST_UNKNOWN else 1.0 - entropy / total_weight / unknown
