"""The frozen value that a fit returns and a model file stores."""

from mixtura.mixture.mixture import Mixture

__all__ = ["Mixture"]
