/* Anderson's mixing of the steps of a fixed-point iteration, as structures/mixing.py has it. */
#ifndef MIXTURA_MIXING_H
#define MIXTURA_MIXING_H

#include <stdint.h>

#define MX_MIXED 5

/* The newest point and step, and what they differ by from those before. */
typedef struct {
    int64_t n;
    int count; /* of differences; -1: nothing is known yet */
    double *point, *step, *moves[MX_MIXED], *turns[MX_MIXED];
    double *left, *bases[MX_MIXED], *paths[MX_MIXED];
} mx_mixing;

int64_t mx_mixing_workspace(int64_t n);
mx_mixing mx_mixing_in(int64_t n, double *workspace);
void mx_forget(mx_mixing *at);

/* Sets `found` to where the mixture of the last steps leads that is shortest, by weights (n). */
void mx_mix(mx_mixing *at, const double *weights, const double *point, const double *step,
            double *found);

#endif
