/*
 * Small positive definite matrices, four abreast: one component in each lane of a vector.
 *
 * Matrices of a few columns are too short to fill a vector by themselves. So entry (i, j) of four
 * components' matrices is one vector, and code for one matrix works on four.
 */
#ifndef MIXTURA_SMALL_MATRICES_H
#define MIXTURA_SMALL_MATRICES_H

#include <float.h>
#include <stdint.h>

#include "mixtura.h"

#define MX_LANES 4

/* What rounding leaves, for each column, of the share of a variance that others do not explain. */
#define MX_ROUNDING (16 * DBL_EPSILON)

/* Aligned as doubles are, so that it may lie anywhere in the workspace. */
typedef double mx_lanes __attribute__((vector_size(8 * MX_LANES), aligned(8), may_alias));

/* How many vectors hold one number for each component. */
static inline int64_t mx_blocks(int64_t n_components) {
    return (n_components + MX_LANES - 1) / MX_LANES;
}

/* Set blocks (blocks, size) to values (K, size); lanes past the last component repeat it. */
void mx_abreast(int64_t n_components, int64_t size, const double *values, mx_lanes *blocks);

/* Set values (K, size) to the lanes of one block of components, from component `first` on. */
void mx_apart(int64_t n_components, int64_t first, int64_t size, const mx_lanes *block,
              double *values);

/*
 * Set the lower triangle of `matrix` to L, L L^T = matrix, and `reciprocals` to 1 / L_jj.
 * Return 0 where a column has next to nothing that those before it do not explain.
 */
int mx_cholesky(int64_t n, mx_lanes *matrix, mx_lanes *reciprocals);

/* The same, with zeros for columns that those before them explain, and their reciprocals. */
void mx_singular_cholesky(int64_t n, mx_lanes *matrix, mx_lanes *reciprocals);

/* Set `upper` (n, n) to L^-T, zeros included. */
void mx_inverse_transpose(int64_t n, const mx_lanes *lower, const mx_lanes *reciprocals,
                          mx_lanes *upper);

/*
 * Set row j of `axes` to an eigenvector of L L^T, and values[j] to its eigenvalue, in no order.
 * Return 0 where the rotations do not converge.
 */
int mx_principal_axes(int64_t n, const mx_lanes *lower, mx_lanes *axes, mx_lanes *values);

/*
 * Set `upper` to U, U U^T = Q diag(1 / variances) Q^T, where the rows of `axes` are the columns
 * of Q; `half` (n, n) to work in. As it never forms that product, it loses no more digits than the
 * roots of the variances differ by.
 */
void mx_factor_along(int64_t n, const mx_lanes *axes, const mx_lanes *variances, mx_lanes *half,
                     mx_lanes *upper);

#endif
