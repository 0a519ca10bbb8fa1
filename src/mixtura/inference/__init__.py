"""What a mixture says of rows beyond a fit: gradients, information, uncertainty, divergences."""

from mixtura.inference.bounds import Bound, elbo, q_function
from mixtura.inference.gradient import Gradient, gradient
from mixtura.inference.information import Information, Interval, information
from mixtura.inference.scores import parameter_names, score_vector
from mixtura.inference.uncertainty import confidence_intervals, standard_errors

__all__ = [
    "Bound",
    "Gradient",
    "Information",
    "Interval",
    "confidence_intervals",
    "elbo",
    "gradient",
    "information",
    "parameter_names",
    "q_function",
    "score_vector",
    "standard_errors",
]
