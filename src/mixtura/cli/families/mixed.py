"""`--family mixed`: columns of several kinds, each in a block of its kind."""

from mixtura.cli.columns import mixed_frame
from mixtura.cli.families.fitting import Fitting, Offer, Request, fitting_of
from mixtura.cli.looks import blocks_of, looks_of, say_blocks, say_left_out
from mixtura.data.files import Table
from mixtura.estimators import MixedMixture

__all__ = ["MIXED"]

STARTS = 10


def _prepare(table: Table, request: Request) -> Fitting:
    looks = looks_of(table, request.columns, request.left_out)
    say_left_out(looks)
    blocks = blocks_of(table, looks)
    say_blocks(looks)
    single = request.structures != "all" and len(request.structures) == 1
    estimator = MixedMixture(
        blocks,
        covariance_type=request.structures[0] if single else "full",
        missing="marginal",
        constant="drop",
        mixing_weights=request.mixing_weights,
        noise=request.noise,
        prior=request.prior_of_numbers,
        n_init=request.starts or STARTS,
        random_state=request.seed,
    )
    return fitting_of(estimator, mixed_frame(table, blocks), request)


MIXED = Offer("mixed", _prepare, frozenset({"structures"}))
