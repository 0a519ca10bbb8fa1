/* Volumes of components that share a shape, Sigma_k = lambda_k C. */
#ifndef MIXTURA_VOLUMES_H
#define MIXTURA_VOLUMES_H

#include "small_matrices.h"

/* The doubles that the two below need to work in, beside their scatter: of variances, of matrices.
 */
int64_t mx_volumes_workspace(int64_t n_components, int64_t n_columns, int full);

/*
 * Set `log_volumes` (K, filled up to whole blocks) to the log lambda_k of the M-step's maximum and
 * `shape` (D) to n times the shape that goes with them, which is of any determinant.
 *
 * scatter       (blocks, D), the variances of each component
 * rows          (K)
 * log_volumes   on entry where to start from, if `warm`
 */
int mx_volumes_of_variances(int64_t n_components, int64_t n_columns, const mx_lanes *scatter,
                            const double *rows, int warm, double *log_volumes, double *shape,
                            double *workspace);

/* The same for scatter (blocks, D, D); only the lower triangle of `shape` (D, D) is set. */
int mx_volumes_of_matrices(int64_t n_components, int64_t n_columns, const mx_lanes *scatter,
                           const double *rows, int warm, double *log_volumes, double *shape,
                           double *workspace);

#endif
