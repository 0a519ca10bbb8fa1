"""`--family categorical`: columns of text, truth values or a few whole numbers; latent classes."""

from mixtura.cli.columns import category_frame
from mixtura.cli.families.fitting import Fitting, Offer, Request, fitting_of
from mixtura.cli.looks import category_columns
from mixtura.data.files import Table
from mixtura.estimators import CategoricalMixture

__all__ = ["CATEGORICAL"]

STARTS = 10


def _prepare(table: Table, request: Request) -> Fitting:
    names = category_columns(table, request.columns, request.left_out)
    estimator = CategoricalMixture(
        mixing_weights=request.mixing_weights,
        noise=request.noise,
        prior=request.prior,
        n_init=request.starts or STARTS,
        random_state=request.seed,
    )
    return fitting_of(estimator, category_frame(table, names), request)


CATEGORICAL = Offer("categorical", _prepare)
