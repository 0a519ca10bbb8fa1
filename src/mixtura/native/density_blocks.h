/* Log densities block by block, whether cells are missing or not. */
#ifndef MIXTURA_DENSITY_BLOCKS_H
#define MIXTURA_DENSITY_BLOCKS_H

#include "run.h"

/*
 * Densities of some components. Those of complete rows are made when a block is read; where cells
 * are missing, all rows are gone through at first, as their patterns are a tree.
 *
 * theta  (n, P)
 * found  (n, n_rows), or NULL
 */
typedef struct {
    int64_t n, n_features, n_rows;
    const double *theta, *found;
} mx_density_blocks;

/* `found` (n, n_rows) and the workspace of mx_gaps_densities are used where cells are missing. */
mx_density_blocks mx_density_blocks_of(const mx_problem *problem, int64_t n, int64_t n_features,
                                       const double *theta, double *found, double *workspace);

/* Sets densities (n, MX_BLOCK) to those of a block of the problem's rows. */
void mx_read_densities(const mx_density_blocks *from, const mx_block *block, double *densities);

#endif
