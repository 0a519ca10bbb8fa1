/* Axes common to all components, Sigma_k = Q diag(v_k) Q^T, for EVE and VVE. */
#ifndef MIXTURA_COMMON_AXES_H
#define MIXTURA_COMMON_AXES_H

#include "small_matrices.h"

/* The doubles that mx_common_axes needs to work in. */
int64_t mx_common_axes_workspace(int64_t n_components, int64_t n_columns);

/*
 * Set `axes` (D, D) to Q and `variances` (blocks, D) to the v_k of a maximum of the M-step.
 *
 * one_volume   whether all |diag(v_k)| are the same (EVE)
 * lower        (blocks, D, D) Cholesky factors of the scatters over their sizes
 * rows         (K)
 * sizes        (K)
 * warm         whether to start from `axes`, and go no further than an EM iteration gains by
 */
int mx_common_axes(int64_t n_components, int64_t n_columns, int one_volume, const mx_lanes *lower,
                   const double *rows, const double *sizes, int warm, double *axes,
                   mx_lanes *variances, double *workspace);

#endif
