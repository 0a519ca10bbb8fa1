/* Factors of precisions, Sigma^-1 = U U^T with U upper triangular, and where there are none. */
#ifndef MIXTURA_PRECISION_FACTORS_H
#define MIXTURA_PRECISION_FACTORS_H

#include "m_step.h"

/* The doubles that one factor needs to work in where columns are many. */
int64_t mx_one_factor_workspace(int64_t n_columns);

/* Set U (D, D) of a block's matrices, which are lost; those of singular ones are NaN or flat. */
void mx_factor_block(const struct mx_m_step *it, int64_t block, double *factors);

/* Set U (D, D) of one matrix, of which only the lower triangle is read. */
void mx_factor_one(const struct mx_m_step *it, const double *matrix, double *upper);

/*
 * Whether a column is explained by others but for rounding: with variances sigma_jj, every
 * `gap`-th, sigma_jj (Sigma^-1)_jj = 1 / (1 - R^2), with R^2 that of column j explained by the
 * others.
 */
int mx_is_flat(int64_t n, const double *upper, const double *variances, int64_t gap);

int64_t mx_factor_along_workspace(int64_t n_columns);

/*
 * What mx_factor_along does for one component, by Householder's reflections: with B = Q
 * diag(v)^-1/2 and its rows in reverse order, B^T = O R gives Sigma^-1 = R^T R.
 */
void mx_factor_along_one(int64_t n, const double *axes, const double *variances, double *upper,
                         double *workspace);

/* Set the factors to those of the variances along each component's axes, or along common ones. */
int mx_follow_axes(const struct mx_m_step *it, const mx_lanes *common);

#endif
