/* The M-step of every structure with covariances that are nowhere narrower than a floor. */
#ifndef MIXTURA_FLOOR_H
#define MIXTURA_FLOOR_H

#include "mixtura.h"

/* Whether all covariances are above the floor (D), but for a share of it; mx_cells_workspace. */
int mx_is_above(int structure, int64_t n_components, int64_t n_columns, const double *factors,
                const double *floor, double share, double *workspace);

#endif
