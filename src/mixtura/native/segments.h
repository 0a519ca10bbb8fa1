/* Features beside the Gaussian ones: probabilities and rates, each from its sum. */
#ifndef MIXTURA_SEGMENTS_H
#define MIXTURA_SEGMENTS_H

#include "gaussian.h"

/* What extrapolation leaves of the rows and sums of a component, at the least. */
#define MX_LEAST_SHARE 0.1

/* How many features all segments have. */
int64_t mx_extras(const mx_problem *problem);

/* The doubles that mx_estimate needs to work in. */
int64_t mx_segment_room(const mx_problem *problem);

/* Sets the values (K, E) to those under which rows have these sums, with the pseudo-rows'. */
void mx_estimate(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                 const mx_model *previous, mx_model *next);

/* Sets the natural parameters of the values, and adds what they add to constants and log prior. */
void mx_bind_segments(const mx_problem *problem, const mx_form *form, mx_model *model);

/* Lets gamma densities of a start have three rows more, as spread as all are on average. */
void mx_borrow_segments(const mx_problem *problem, const mx_form *form, mx_moments *moments);

/* Sets (K, E) coordinates of the components but noise: sums over N, in units of their columns. */
void mx_segment_coordinates(const mx_problem *problem, const mx_form *form,
                            const mx_moments *moments, double total, double *point);

/* Sets sums to those at such coordinates, where they are not far below those of `like`. */
int mx_segments_at(const mx_problem *problem, const mx_form *form, const double *point,
                   double total, const mx_moments *like, mx_moments *moments);

#endif
