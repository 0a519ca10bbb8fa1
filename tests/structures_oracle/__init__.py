"""M-steps of covariance structures in NumPy, which those in compiled code are tested against."""

from structures_oracle.common_axes import COMMON_AXES
from structures_oracle.diagonal import DIAGONAL
from structures_oracle.ellipsoidal import ELLIPSOIDAL
from structures_oracle.floor import floored
from structures_oracle.spherical import SPHERICAL

__all__ = ["ORACLES", "floored"]

ORACLES = {each.code: each for each in (*SPHERICAL, *DIAGONAL, *ELLIPSOIDAL, *COMMON_AXES)}
