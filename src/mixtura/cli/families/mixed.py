"""`--family mixed`: columns of several kinds, each in a block of its kind."""

from typing import Any

from mixtura.cli.columns import fitted_blocks, looked_at, mixed_frame
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Request, fitting_of
from mixtura.data.files import Table
from mixtura.estimators import MixedMixture
from mixtura.estimators.mixed_dataset import coded_by_blocks

__all__ = ["MIXED"]

STARTS = 10


def _blocks(table: Table, request: Request) -> dict[str, list[str]]:
    return fitted_blocks(table, looked_at(table, request.columns, request.left_out))


def _searching(rows: Any, blocks: dict[str, list[str]], request: Request, ordinal: Any) -> Fitting:
    """Return what searches models for mixed columns, of a frame or a dataset."""
    single = request.structures != "all" and len(request.structures) == 1
    estimator = MixedMixture(
        blocks=blocks,
        covariance_type=request.structures[0] if single else "full",
        missing="marginal",
        constant="drop",
        mixing_weights=request.mixing_weights,
        fix=request.fix,
        equal=request.equal,
        ordinal=ordinal,
        ordinal_link=request.ordinal_link,
        noise=request.noise,
        prior=request.prior_of_numbers,
        n_init=request.starts or STARTS,
        random_state=request.seed,
        engine=request.engine,
    )
    return fitting_of(estimator, rows, request)


def _prepare(table: Table, request: Request) -> Fitting:
    blocks = _blocks(table, request)
    return _searching(mixed_frame(table, blocks), blocks, request, _ordinal(table, blocks, request))


def _ordinal(table: Table, blocks: dict[str, list[str]], request: Request) -> Any:
    return request.ordered(table, blocks.get("categorical", []))


def _beyond(table: Table, request: Request) -> Beyond:
    blocks = _blocks(table, request)
    ordinal = _ordinal(table, blocks, request)
    return Beyond(
        [name for own in blocks.values() for name in own],
        lambda data: _searching(data, blocks, request, ordinal),
        lambda data: coded_by_blocks(data, blocks),
    )


MIXED = Offer("mixed", _prepare, _beyond, frozenset({"structures", "ordinal", "ordinal_link"}))
