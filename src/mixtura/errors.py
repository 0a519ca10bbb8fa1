"""Errors and warnings, each raised with a sentence: what, where, what to try."""

from numpy.linalg import LinAlgError

__all__ = [
    "NUMERICAL",
    "BoundaryError",
    "CheckpointError",
    "CheckpointWarning",
    "DataError",
    "DegenerateComponentWarning",
    "DisagreementWarning",
    "DriftWarning",
    "EngineError",
    "InformationError",
    "KernelError",
    "LikelihoodDecreased",
    "MixturaError",
    "MixturaWarning",
    "ModelFileError",
    "NonIdentifiableError",
    "ParameterError",
]


class MixturaError(Exception):
    """Base of every error raised on purpose by this package."""


class DataError(MixturaError, ValueError):
    """The rows, columns or row weights given cannot be used."""


class ParameterError(MixturaError, ValueError):
    """A setting, or a parameter of a mixture, is not one that can be used."""


class ModelFileError(MixturaError, ValueError):
    """A model file is damaged, truncated, too large or not a model file at all."""


class CheckpointError(MixturaError, ValueError):
    """A checkpoint is damaged, not there, or of other rows, settings or versions."""


class NonIdentifiableError(MixturaError, ValueError):
    """The data cannot tell the components of the asked-for mixture apart."""


class InformationError(MixturaError, ArithmeticError):
    """The rows do not determine the parameters, or the mixture is no maximum for them."""


class BoundaryError(InformationError):
    """A parameter lies on the edge of its range, where a likelihood has no curvature to go by."""


class LikelihoodDecreased(MixturaError, ArithmeticError):
    """The objective fell by more than rounding explains: a defect in this package."""


class KernelError(MixturaError, ImportError):
    """The compiled kernels are not there, or are not those of this package."""


class EngineError(MixturaError, RuntimeError):
    """A worker of an engine ended, or met an error that cannot be sent."""


class MixturaWarning(UserWarning):
    """Base of every warning given by this package."""


class CheckpointWarning(MixturaWarning):
    """A checkpoint cannot be written; the fit goes on without."""


class DegenerateComponentWarning(MixturaWarning):
    """A component rests on too few rows, or has no width in some direction."""


class DriftWarning(MixturaWarning):
    """Further rows are less likely under a model than those that it was fitted to."""


class DisagreementWarning(MixturaWarning):
    """No more than half of the starts came to the best end, so there may be a better one."""


# What rows and a model may bring about without a defect elsewhere: it ends one start of several,
# and one model of a search.
# `LikelihoodDecreased` is one of the arithmetic ones.
NUMERICAL = (ParameterError, ArithmeticError, LinAlgError)
