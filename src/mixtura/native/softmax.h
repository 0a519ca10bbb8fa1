/* The softmax of log densities that other code has found. */
#ifndef MIXTURA_SOFTMAX_H
#define MIXTURA_SOFTMAX_H

#include <stdint.h>

#include "mixtura.h"

/*
 * Turns log densities (K, n), one component after the other, into responsibilities, and sets
 * largest (n) to the largest of them and total (n) to the log of the largest responsibility.
 */
MX_EXPORT void mx_softmax_rows(int64_t n_components, int64_t n_rows, double *values,
                               double *largest, double *total);

#endif
