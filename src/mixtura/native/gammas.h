/* Gamma densities: log f(x) = a log b - log Gamma(a) + (a - 1) log x - b x, by columns. */
#ifndef MIXTURA_GAMMAS_H
#define MIXTURA_GAMMAS_H

/* Of a deviation of 1e-4 of the mean; beyond, a log x - b x has no digits left. */
#define MX_LARGEST_SHAPE 1e8

/* log Gamma(a), a > 0. */
double mx_log_gamma(double a);

/* log a - psi(a), which falls from infinity to 0 as a rises. */
double mx_log_gap(double a);

/*
 * The shape with log a - psi(a) = gap = log mean(x) - mean(log x), at most the largest; where the
 * deviation would be below `least`, mean and shape are the likeliest with that one.
 */
void mx_gamma_estimate(double gap, double least, double *shape, double *mean);

#endif
