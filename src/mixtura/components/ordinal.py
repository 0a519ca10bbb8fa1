"""Answers whose levels have an order: logits with thresholds that classes share, and their effects.

By adjacent-category logits, with scores s of the levels, log p_kl / p_km = b_l - b_m +
(s_l - s_m) λ_k: the row-effects model of the table of counts n_kl, classes by levels (Goodman
1979). Its likelihood is concave in b and λ, and at its maximum the fitted table has the counts of
levels, Σ_k n_k p_kl = Σ_k n_kl, and the mean score of each class, Σ_l s_l n_k p_kl = Σ_l s_l n_kl.
By cumulative logits, logit P(level <= l) = b_l - λ_k: proportional odds (McCullagh 1980), concave
too (Pratt 1981). `native/ordinal.c` finds both.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constraints import OrdinalItem
from mixtura.native import kernels
from mixtura.native.runs import address

__all__ = ["is_ordinal", "n_lost", "row_effects", "with_row_effects"]

Float = NDArray[np.float64]

# By how much probabilities may miss what the model makes of them.
SLACK = 1e-6


def with_row_effects(
    probabilities: Float, counts: Float, items: Sequence[OrdinalItem], previous: Float | None
) -> Float:
    """Return probabilities (K, ΣL) in which those of ordinal items are the likeliest such ones.

    Parameters
    ----------
    probabilities : of all items
    counts : (K, ΣL) of their levels
    items : which of them are ordinal
    previous : (K, ΣL) where steps begin, or None
    """
    found = probabilities.copy()
    for size, link in {(len(item.scores), item.link) for item in items}:
        own = [item for item in items if (len(item.scores), item.link) == (size, link)]
        scores = np.array([item.scores for item in own])
        # Cumulative logits are of levels that rise; (J, K, L): items of as many go together.
        order = np.argsort(scores, axis=1) if link == "cumulative" else np.arange(size)
        places = np.array([[item.first] for item in own]) + order
        start = None if previous is None else previous[:, places].transpose(1, 0, 2)
        effects = row_effects(
            counts[:, places].transpose(1, 0, 2), scores if link == "adjacent" else None, start
        )
        found[:, places] = effects.transpose(1, 0, 2)
    return found


def row_effects(counts: Float, scores: Float | None, previous: Float | None = None) -> Float:
    """Return the probabilities (J, K, L) under which counts are likeliest, by steps of Newton.

    Parameters
    ----------
    counts : (J, K, L) of J tables, not negative
    scores : (J, L) of the levels; None for cumulative logits, of levels that rise
    previous : (J, K, L) where steps begin; where all classes are alike by default
    """
    n_components, n_levels = counts.shape[1:]
    given = [
        None if each is None else np.ascontiguousarray(each, dtype=np.float64)
        for each in (counts, scores, previous)
    ]
    found = np.empty(counts.shape)
    library = kernels()
    room = np.empty(library.mx_row_effects_workspace(n_components, n_levels))
    library.mx_row_effects(
        *counts.shape,
        *(None if each is None else address(each) for each in given),
        address(found),
        address(room),
    )
    return found


def n_lost(n_components: int, items: Sequence[OrdinalItem]) -> int:
    """Return how many free parameters fewer ordinal items have than items without order.

    L - 1 thresholds and K - 1 effects take the place of K (L - 1) probabilities.
    """
    return sum((n_components - 1) * max(len(item.scores) - 2, 0) for item in items)


def is_ordinal(probabilities: Float, items: Sequence[OrdinalItem]) -> bool:
    """Return whether probabilities (K, ΣL) are those of such items."""
    # Of its own probabilities as counts, such an item is the likeliest.
    found = with_row_effects(probabilities, probabilities, items, None)
    return bool((np.abs(found - probabilities) <= SLACK).all())
