/* Negative binomial counts of mean m and size r, in terms of alpha = 1 / r, 0 for a Poisson. */
#ifndef MIXTURA_NEGATIVE_BINOMIALS_H
#define MIXTURA_NEGATIVE_BINOMIALS_H

#include <stdint.h>

/*
 * The likeliest alpha of `rows` rows with this mean, of which `table` (n) hold each of the counts
 * (n), rising and above 0. The search begins at `guess`, or where it is 0 at what the variance
 * says.
 */
double mx_dispersion(int64_t n, const double *counts, const double *table, double rows, double mean,
                     double guess);

/* Sets log f(x) - log f(0) + log x! of counts, and returns log f(0). */
double mx_negative_binomial(int64_t n, const double *counts, double mean, double inverse,
                            double *theta);

#endif
