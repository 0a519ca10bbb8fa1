/* Negative binomial counts of mean m and size r, in terms of alpha = 1 / r, 0 for a Poisson. */
#ifndef MIXTURA_NEGATIVE_BINOMIALS_H
#define MIXTURA_NEGATIVE_BINOMIALS_H

#include <stdint.h>

#include "export.h"

/*
 * Sets alphas (K, D) to the likeliest of components whose rows (K, D) have these means (K, D).
 * Those of column j have its counts, rising and above 0, from bounds[j] up to bounds[j + 1], as
 * often as tables (K, M) say, and amount to what is `beyond` rows times mean more. A search begins
 * at the guess (K, D), or where it is 0 at what the variance says.
 */
MX_EXPORT void mx_dispersions(int64_t n_components, int64_t n_columns, const int64_t *bounds,
                              const double *counts, const double *tables, const double *rows,
                              const double *means, const double *beyond, const double *guess,
                              double *alphas);

/* Sets log f(0) (K, D), and log f(x) - log f(0) + log x! of counts (K, M), for alphas (K, D). */
MX_EXPORT void mx_masses(int64_t n_components, int64_t n_columns, const int64_t *bounds,
                         const double *counts, const double *means, const double *alphas,
                         double *none, double *theta);

/*
 * Sets two values to mean and alpha of tables `sums` and `pseudo` (n) together, in room for 2 n
 * numbers.
 */
void mx_table_estimate(int64_t n, const double *counts, const double *sums, const double *pseudo,
                       double rows, double guess, double *values, double *room);

/* Sets those numbers of one component and column, and returns log f(0). */
double mx_negative_binomial(int64_t n, const double *counts, double mean, double inverse,
                            double *theta);

#endif
