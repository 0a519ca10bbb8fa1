"""`--family bernoulli`: columns of zeros and ones."""

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Fitting, Offer, Request, fitting_of
from mixtura.data.files import Table
from mixtura.estimators import BernoulliMixture

__all__ = ["BERNOULLI"]

STARTS = 10


def _prepare(table: Table, request: Request) -> Fitting:
    names = number_columns(table, request.columns, request.left_out)
    estimator = BernoulliMixture(n_init=request.starts or STARTS, random_state=request.seed)
    return fitting_of(estimator, number_frame(table, names, missing="nan"), request)


BERNOULLI = Offer("bernoulli", _prepare)
