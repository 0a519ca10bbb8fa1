"""`--family categorical`: columns of text, truth values or a few whole numbers; latent classes."""

from typing import Any

from mixtura.cli.columns import category_columns, category_frame
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Request, fitting_of
from mixtura.data.files import Table
from mixtura.estimators import CategoricalMixture

__all__ = ["CATEGORICAL"]

STARTS = 10


def _searching(rows: Any, request: Request, ordinal: Any) -> Fitting:
    """Return what searches models for rows of categories, a frame or a dataset."""
    estimator = CategoricalMixture(
        mixing_weights=request.mixing_weights,
        fix=request.fix,
        equal=request.equal,
        ordinal=ordinal,
        ordinal_link=request.ordinal_link,
        noise=request.noise,
        prior=request.prior,
        n_init=request.starts or STARTS,
        random_state=request.seed,
        engine=request.engine,
    )
    return fitting_of(estimator, rows, request)


def _columns(table: Table, request: Request) -> list[str]:
    return category_columns(table, request.columns, request.left_out)


def _prepare(table: Table, request: Request) -> Fitting:
    names = _columns(table, request)
    return _searching(category_frame(table, names), request, request.ordered(table, names))


def _beyond(table: Table, request: Request) -> Beyond:
    names = _columns(table, request)
    ordinal = request.ordered(table, names)
    return Beyond(names, lambda data: _searching(data, request, ordinal), lambda data: data.coded())


CATEGORICAL = Offer("categorical", _prepare, _beyond, frozenset({"ordinal", "ordinal_link"}))
