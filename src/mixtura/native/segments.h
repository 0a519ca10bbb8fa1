/* Features beside the Gaussian ones: probabilities and rates, each from its sum. */
#ifndef MIXTURA_SEGMENTS_H
#define MIXTURA_SEGMENTS_H

#include "gaussian.h"

/* How many features all segments have. */
int64_t mx_extras(const mx_problem *problem);

/* Sets the values (K, E) to those under which rows have these sums, with the pseudo-rows'. */
void mx_estimate(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                 const mx_model *previous, mx_model *next);

/* Sets the natural parameters of the values, and adds what they add to constants and log prior. */
void mx_bind_segments(const mx_problem *problem, const mx_form *form, mx_model *model);

#endif
