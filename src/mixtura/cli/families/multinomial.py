"""`--family multinomial`: columns of counts that share a total, such as words of documents."""

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Fitting, Offer, Request, fitting_of
from mixtura.data.files import Table
from mixtura.estimators import MultinomialMixture

__all__ = ["MULTINOMIAL"]

STARTS = 10


def _prepare(table: Table, request: Request) -> Fitting:
    names = number_columns(table, request.columns, request.left_out)
    estimator = MultinomialMixture(n_init=request.starts or STARTS, random_state=request.seed)
    return fitting_of(estimator, number_frame(table, names), request)


MULTINOMIAL = Offer("multinomial", _prepare)
