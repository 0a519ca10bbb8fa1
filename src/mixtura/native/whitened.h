/* Log densities of Gaussian components by deviations that their factors whiten. */
#ifndef MIXTURA_WHITENED_H
#define MIXTURA_WHITENED_H

#include <stdint.h>

#include "sweep.h"

/*
 * K components: log densities c_k - |U_k^T (x - mu_k)|^2 / 2 of the first G, and c_k of the others.
 *
 * constants  (K) c
 * means      (G, D) mu, or U^T mu where rows are whitened once for all components
 * factors    (G, width) spherical (1), diagonal (D) or upper triangular (D, D); one of them where
 *            all are the same
 */
typedef struct {
    int64_t n_components, n_gaussians, n_columns, width;
    int64_t is_shared; /* whether all components have one factor, and rows are whitened once */
    const double *constants, *means, *factors;
} mx_whitened;

/* The doubles that it needs to work in. */
int64_t mx_whitened_workspace(int64_t n_columns);

/*
 * Sets log densities (K, MX_BLOCK) of `count` rows of a tile, from its cells, origin and scale: no
 * numbers where a cell is missing, and minus infinity where a distance is beyond all numbers.
 */
void mx_whitened_densities(const mx_tile *tile, int64_t first, int64_t count, const mx_whitened *of,
                           double *densities, double *workspace);

#endif
