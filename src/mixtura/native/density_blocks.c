#include "density_blocks.h"

#include <string.h>

mx_density_blocks mx_density_blocks_of(const mx_problem *problem, int64_t n, int64_t n_features,
                                       const double *theta, double *found, double *workspace) {
    if (problem->gaps)
        mx_gaps_densities(problem->gaps, n, theta, found, workspace);
    else
        found = 0;
    return (mx_density_blocks){n, n_features, problem->rows.n_rows, theta, found};
}

void mx_read_densities(const mx_density_blocks *from, const mx_block *block, double *densities) {
    if (!from->found) {
        mx_densities(block, from->n, from->n_features, from->theta, densities);
        return;
    }
    const double *found = from->found + block->first;
    for (int64_t k = 0; k < from->n; k++, densities += MX_BLOCK, found += from->n_rows) {
        memcpy(densities, found, sizeof(double) * block->count);
        for (int64_t row = block->count; row < block->filled; row++)
            densities[row] = 0;
    }
}
