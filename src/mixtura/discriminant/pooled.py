"""The Gaussian mixtures of all classes as one mixture, which can be drawn and projected."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = ["pooled"]


def pooled(classes: Sequence[Mixture], priors: NDArray[np.float64], labels: list[Any]) -> Mixture:
    """Return the mixture of several Gaussian ones, whose components are called by their classes.

    Parameters
    ----------
    classes : a mixture of each
    priors : (C,) their shares
    labels : what they are called

    Raises
    ------
    ParameterError
        If a class is of another family.
    """
    first = classes[0]
    for mixture in classes:
        if not isinstance(mixture.family, GaussianFamily):
            raise ParameterError(
                f"classes of '{mixture.family.name}' mixtures are not drawn together; draw one of "
                "them, as in classifier.mixtures_[0].plot()"
            )
    names = [
        str(label) if mixture.n_components == 1 else f"{label} {place + 1}"
        for label, mixture in zip(labels, classes, strict=True)
        for place in range(mixture.n_components)
    ]
    means = np.vstack([mixture.parameters.means for mixture in classes])
    dense = np.concatenate([mixture.parameters.covariance.dense() for mixture in classes])
    weights = [prior * mixture.weights for prior, mixture in zip(priors, classes, strict=True)]
    width = means.shape[1]
    together = Mixture(
        np.concatenate(weights),
        GaussianFamily.in_own_units(structure("VVV"), width),
        GaussianParameters(means, covariance_from("full", dense, width)),
        first.columns,
        reading=first.reading,
    )
    return together.relabel(names)
