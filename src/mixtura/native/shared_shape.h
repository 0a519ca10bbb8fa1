/*
 * How M(u) = sum_k e^(u_k) W_k splits between components: into M_k = e^(u_k) W_k in coordinates in
 * which M = I. The parts are kept four components abreast, so that the products of all pairs are
 * sums of vectors.
 */
#ifndef MIXTURA_SHARED_SHAPE_H
#define MIXTURA_SHARED_SHAPE_H

#include "small_matrices.h"

struct mx_shared_shape {
    int64_t n_components, n_columns, n_blocks;
    int full;                /* matrices, or variances only */
    const mx_lanes *scatter; /* (blocks, D, D) or (blocks, D) */
    const double *shares;    /* (K) N_k / n */
    double *shape;           /* M, (D, D) or (D) */
    double *multiples;       /* (4 blocks) e^u, 0 past the last component */
    mx_lanes *parts;         /* (blocks, P) the M_k; off the diagonal, once, by the root of 2 */
    double *traces;          /* (4 blocks) tr M_k */
    double *hessian;         /* (K, 4 blocks) */
    double *step;            /* (K) */
    double *workspace;       /* mx_split_matrices_workspace */
};

/* The doubles that splitting matrices needs to work in. */
int64_t mx_split_matrices_workspace(int64_t n_columns);

/* Set `shape` to M(u). */
void mx_add_up(const struct mx_shared_shape *it, const double *minus_logs);

/*
 * Set the shape, parts and traces at u, and `value` to log|M(u)| - D sum_k (N_k / n) u_k; return
 * whether M(u) is regular.
 */
int mx_split(const struct mx_shared_shape *it, const double *minus_logs, double *value);

#endif
