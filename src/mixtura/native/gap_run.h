/* What a run does in another way where cells are missing: parameters and sums about other points.
 */
#ifndef MIXTURA_GAP_RUN_H
#define MIXTURA_GAP_RUN_H

#include "gaussian.h"

/* Sets points (K, D) to the means of centred components, and to zero for the others. */
void mx_points_of(const mx_form *form, const mx_model *model, double *points);

/* Sets theta (K, P), which are about points `from` (K, D), to the same about points `to`. */
void mx_theta_about(const mx_form *form, const double *from, const double *to, double *theta);

/*
 * The completed sums of a start, of which missing cells have the mean and the width of their
 * columns; told as to mx_totals, `theta` (K, P) and `entropy` (K) to work in.
 */
void mx_first_totals(const mx_problem *problem, const mx_form *form, const double *responsibilities,
                     int64_t row_stride, int64_t component_stride, double *theta, double *sums,
                     double *entropy, double *workspace);

/* Q of one model minus Q of another under sums that are as the other's. */
double mx_promised_with_gaps(const mx_form *form, const mx_model *next, const mx_model *before,
                             const double *sums, double *workspace);

#endif
