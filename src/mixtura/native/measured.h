/* One pass over rows of Gaussian mixtures that were measured with errors, each with its own. */
#ifndef MIXTURA_MEASURED_H
#define MIXTURA_MEASURED_H

#include "sweep.h"

/*
 * Rows of D measured cells and the covariance of their errors beside them.
 *
 * rows        how many, their weights and what they are excluded from; no features
 * cells       (n, width): x, then variances (D), or the lower triangle of the covariance (P)
 * origin      (D)
 * scale       (D): x = (cell - origin) scale, and errors likewise
 * width       D + D, or D + P
 * is_diagonal whether neither errors nor components have covariances between columns; else M, the
 *             numbers of a second moment below, is P = D (D + 1) / 2, and here D
 *
 * A variance is infinite where a cell was not measured; its covariances count for nothing.
 */
typedef struct {
    mx_rows rows;
    const double *cells;
    const double *origin, *scale;
    int64_t n_columns, width;
    int64_t is_diagonal;
} mx_measured;

/* The doubles that what follows needs to work in. */
MX_EXPORT int64_t mx_measured_workspace(const mx_measured *rows, int64_t n_components);

/*
 * The E-step and the sums of the M-step of x ~ N(mu, V V^T + S), of mixtures one below the other,
 * with what is expected of the values v underlying x: v = mu + V y, E[y] = p, Var[y] = I - G.
 *
 * components (K, 1 + D + M + M) log of the weight, mu, V (lower triangular, by rows) and V V^T;
 *            where diagonal V and V V^T are the roots of variances and these
 * sums       (K, 2 + D + M) sums of w r, of w r log f but for its constant in pi, of w r p, and of
 *            w r (p p^T - G), by rows
 * squared    (K) sum of w r^2
 * values     (n_mixtures, 2) sum of w log sum exp L, and of w log max r
 */
MX_EXPORT void mx_sweep_measured(const mx_measured *rows, int64_t n_mixtures, const int64_t *sizes,
                                 const double *components, double *sums, double *squared,
                                 double *values, double *workspace);

/* Sets densities (K, n) to the log densities, the same constant left out. */
MX_EXPORT void mx_measured_densities(const mx_measured *rows, int64_t n_components,
                                     const double *components, double *densities,
                                     double *workspace);

/* The sums for given responsibilities (K, n), which have the weights in them. */
MX_EXPORT void mx_measured_totals(const mx_measured *rows, int64_t n_components,
                                  const double *components, const double *responsibilities,
                                  double *sums, double *workspace);

#endif
