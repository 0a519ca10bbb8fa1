"""What a mixture says of rows beyond a fit: gradients, information, uncertainty, divergences."""

from mixtura.inference.bootstrap import Bootstrap, bootstrap
from mixtura.inference.bounds import Bound, elbo, q_function
from mixtura.inference.dispersion import Dispersion, dispersion
from mixtura.inference.divergence import (
    Bounds,
    Estimate,
    entropy,
    entropy_bounds,
    kl_bounds,
    kl_divergence,
    l2_distance,
)
from mixtura.inference.gradient import Gradient, gradient
from mixtura.inference.information import Information, Interval, information
from mixtura.inference.likelihood_ratio import LikelihoodRatioTest, likelihood_ratio_test
from mixtura.inference.merging import Merging, merge
from mixtura.inference.modes import Modes, modes
from mixtura.inference.regions import Region, highest_density_region
from mixtura.inference.regression import Regression, regression
from mixtura.inference.scores import parameter_names, score_vector
from mixtura.inference.uncertainty import confidence_intervals, standard_errors
from mixtura.inference.vuong import VuongTest, vuong_test

__all__ = [
    "Bootstrap",
    "Bound",
    "Bounds",
    "Dispersion",
    "Estimate",
    "Gradient",
    "Information",
    "Interval",
    "LikelihoodRatioTest",
    "Merging",
    "Modes",
    "Region",
    "Regression",
    "VuongTest",
    "bootstrap",
    "confidence_intervals",
    "dispersion",
    "elbo",
    "entropy",
    "entropy_bounds",
    "gradient",
    "highest_density_region",
    "information",
    "kl_bounds",
    "kl_divergence",
    "l2_distance",
    "likelihood_ratio_test",
    "merge",
    "modes",
    "parameter_names",
    "q_function",
    "regression",
    "score_vector",
    "standard_errors",
    "vuong_test",
]
