/* Lagrange multipliers of a floor below covariances, as structures/multipliers.py has them. */
#ifndef MIXTURA_MULTIPLIERS_H
#define MIXTURA_MULTIPLIERS_H

#include "cells.h"

int64_t mx_multipliers_workspace(int64_t n_components, int64_t n_columns);

/*
 * Sets the factors (K, D, D) that multipliers lead to, for EVE VVE EEV VEV, which may be below the
 * floor by what is left of the gap; sets `gap` to that, in nats.
 */
int mx_multiply(const mx_cells *cells, int structure, int64_t n_components, const double *scatter,
                const double *rows, const double *previous, double *factors, double *axes,
                double *gap, double *workspace);

#endif
