/*
 * Covariances at a floor where axes are free: all structures but those with a shape of their axes.
 *
 * With A_k what the rounded columns' scatter has beyond the others, in units of the floor, the
 * covariance of least N log|S| + tr(S^-1 W) above F is that of the scatter W + F^1/2 (N I - A)+
 * F^1/2: its eigenvalues there are lifted to N.
 */
#ifndef MIXTURA_LIFTED_H
#define MIXTURA_LIFTED_H

#include "cells.h"

/* Doubles that each of the two below needs to work in. */
int64_t mx_lifted_workspace(int64_t n_components, int64_t n_columns, int full);

/* Raises scatters (K, ...) to those that EVV or EVI need. */
int mx_lift_to_one_volume(const mx_cells *cells, int64_t n_components, const double *rows,
                          double *scatter, int64_t *singular, double *workspace);

/* Sets the factors of VEE or VEI above the floor; `logs` (K) volumes to start from, or NULL. */
int mx_one_shape_above(const mx_cells *cells, int64_t n_components, const double *rows,
                       const double *scatter, const double *logs, double *factors,
                       double *workspace);

#endif
