"""What a mixture says of rows beyond a fit: gradients, information, uncertainty, divergences."""

from mixtura.inference.bounds import Bound, elbo, q_function
from mixtura.inference.gradient import Gradient, gradient

__all__ = ["Bound", "Gradient", "elbo", "gradient", "q_function"]
