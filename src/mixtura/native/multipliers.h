/*
 * Lagrange multipliers of a floor below covariances, for any structure.
 *
 * With Z_k the multipliers in units of the floor, A_k and C_k = M_k^-1 what scatter and covariance
 * have in the rounded columns beyond the others, a maximum has Z_k >= 0, C_k >= I and
 * Z_k (C_k - I) = 0. So with X_k = A_k + Z_k
 *
 *     Z <- G^1/2 [G^-1/2 Z G^-1/2 + G^1/2 (I - C) G^1/2]+ G^1/2,   G C G = X,
 *
 * which stands still just there, whatever the G; with this one, C = X / N (VVV) is solved in one
 * step, and no step is too long where a C is some power of X. What bounds the gain left is the gap
 * to the dual: sum tr(Z_k (I - M_k)), and what it costs to bring the covariances above the floor.
 */
#ifndef MIXTURA_MULTIPLIERS_H
#define MIXTURA_MULTIPLIERS_H

#include "cells.h"

int64_t mx_multipliers_workspace(int structure, int64_t n_components, int64_t n_columns);

/*
 * Sets the factors (K, D, D) that multipliers lead to, for EVE VVE EEV VEV and those
 * of the caller's own, which may be below the floor by what is left of the gap; sets `gap` to that,
 * in nats.
 */
int mx_multiply(const mx_cells *cells, int structure, int64_t n_components, const double *scatter,
                const double *rows, const double *previous, double *factors, double *axes,
                mx_own_update *own, double *gap, double *workspace);

#endif
