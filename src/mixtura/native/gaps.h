/* One pass over rows of Gaussian mixtures of which some cells are missing. */
#ifndef MIXTURA_GAPS_H
#define MIXTURA_GAPS_H

#include "sweep.h"

/*
 * Rows whose cells are NaN where they are missing. Rows that lack the same columns should stand
 * together, and such runs in the order of their missing columns, (), (0), (0, 1), (0, 2), (1), ...:
 * what is found does not depend on it, but the time does.
 *
 * tile       cells, no features: those of complete rows would be all products, or squares only
 *            where no columns depend on each other; never fewer, as what is missing has a variance
 * entropies  (n_columns) what a missing cell's entropy has beside -log(precision) / 2
 * about      (K, n_columns) what each component's parameters and sums are about, or NULL: the
 * origin
 */
typedef struct {
    mx_tile tile;
    const double *entropies;
    const double *about;
} mx_gaps;

/* The doubles that what follows needs to work in; of these only those that are used are touched. */
MX_EXPORT int64_t mx_gaps_workspace(const mx_gaps *rows, int64_t n_components);

/*
 * The E-step and the sums of the M-step, with what missing cells are expected to add, of mixtures
 * one below the other.
 *
 * theta      (K, P) natural parameters of complete rows, whose precisions are well-conditioned
 * sums       (K, P)  sum of w r E[phi]
 * squared    (K)     sum of w r^2
 * values     (n_mixtures, 2) sum of w log sum exp L, and of w log max r
 * entropy    (K)     sum of w r times the entropy of missing cells
 */
MX_EXPORT void mx_sweep_gaps_stack(const mx_gaps *rows, int64_t n_mixtures, const int64_t *sizes,
                                   const double *theta, double *sums, double *squared,
                                   double *values, double *entropy, double *workspace);

/* Sets densities (K, n) to the log densities of what was observed, minus infinity where excluded.
 */
MX_EXPORT void mx_gaps_densities(const mx_gaps *rows, int64_t n_components, const double *theta,
                                 double *densities, double *workspace);

/* Sets responsibilities (K, n) to the responsibilities. */
MX_EXPORT void mx_gaps_responsibilities(const mx_gaps *rows, int64_t n_components,
                                        const double *theta, double *responsibilities,
                                        double *workspace);

/*
 * The completed sums (K, P) and entropies (K) of w r phi for given responsibilities, of which that
 * of row i for component k is responsibilities[i * row_stride + k * component_stride].
 */
MX_EXPORT void mx_gaps_totals(const mx_gaps *rows, int64_t n_components, const double *theta,
                              const double *responsibilities, int64_t row_stride,
                              int64_t component_stride, double *sums, double *entropy,
                              double *workspace);

#endif
