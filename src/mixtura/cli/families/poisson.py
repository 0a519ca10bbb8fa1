"""`--family poisson`: columns of counts with a rate each."""

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Fitting, Offer, Request, fitting_of
from mixtura.data.files import Table
from mixtura.estimators import PoissonMixture

__all__ = ["POISSON"]

STARTS = 10


def _prepare(table: Table, request: Request) -> Fitting:
    names = number_columns(table, request.columns, request.left_out)
    if request.exposure is not None and request.exposure not in names:
        names.append(request.exposure)
    estimator = PoissonMixture(
        exposure=request.exposure, n_init=request.starts or STARTS, random_state=request.seed
    )
    return fitting_of(estimator, number_frame(table, names), request)


POISSON = Offer("poisson", _prepare, frozenset({"exposure"}))
