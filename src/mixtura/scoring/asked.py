"""`assignments`: the door to what a model says of each row."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from mixtura.data.dataset import Dataset
from mixtura.data.opening import dataset
from mixtura.discriminant.face import ClassMixtures
from mixtura.errors import ParameterError
from mixtura.estimators.base import MixtureEstimator
from mixtura.mixture import Mixture
from mixtura.scoring.answers import Answers

if TYPE_CHECKING:
    from mixtura.scoring.scored import Assignments

__all__ = ["assignments"]


def assignments(
    model: Any, data: Any, *, ids: str | None = None, proba: bool = False
) -> "Assignments":
    """Return which component each row belongs to, with what probability, whatever their number.

    Rows are read where they are, some at a time, when the result is: it iterates over Arrow tables
    with the columns ``row`` (from 0 on) or that of `ids`, ``component`` (``class`` of a
    classifier), ``probability``, ``uncertainty`` (1 less that), ``log_density`` in nats, and with
    `proba` ``p0``, ``p1`` and on. Noise is -1; components that have names are called by them.

    Parameters
    ----------
    model : a fitted estimator or classifier, or a `Mixture`
    data : `mixtura.dataset`, or what that takes: a file, pattern or folder, readers, frames, arrays
    ids : name of a column to be carried along, which says which row is which
    proba : whether to add the probabilities of all components

    Returns
    -------
    Assignments

    Raises
    ------
    DataError
        If there is no such file; what else is wrong with rows is told when they are read.
    ParameterError
        If the model is none of these, or pyarrow is not installed.
    """
    try:
        from mixtura.scoring.scored import Assignments
    except ImportError as error:
        raise ParameterError(
            "assignments are tables of Arrow's, which needs pyarrow; install it: "
            "pip install 'mixtura[arrow]'"
        ) from error
    if ids is not None and not isinstance(ids, str):
        raise ParameterError(f"ids should be the name of a column, but got {ids!r}")
    given = data if isinstance(data, Dataset) else dataset(data)
    return Assignments(_answers(model), given, ids, proba=bool(proba))


def _answers(model: Any) -> Answers:
    """Return what a model says of rows."""
    if isinstance(model, Mixture) and model.family.name != "regression":
        return Answers.of(model)
    if isinstance(model, MixtureEstimator):
        check_is_fitted(model, "mixture_")
        return Answers.of(model.mixture_)
    if isinstance(model, ClassMixtures):
        check_is_fitted(model)
        return Answers.of_classes(model)
    raise ParameterError(
        "assignments are those of a mixture of columns or a classifier; what a "
        f"{type(model).__name__} says of rows is found by its own methods, part by part"
    )
