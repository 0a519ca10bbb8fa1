/* Sweeps of runs, where some features may be coded: numbers of all are parted, and joined again. */
#ifndef MIXTURA_PARTED_H
#define MIXTURA_PARTED_H

#include "gaussian.h"

/* The doubles that those below need to work in. */
int64_t mx_parted_workspace(const mx_problem *problem, int64_t n_components);

/* mx_sweep_about, mx_totals and mx_all_responsibilities, of numbers of all features. */
void mx_parted_sweep(const mx_problem *problem, const mx_form *form, const mx_centred *centred,
                     const double *theta, double *sums, double *squared, double *values,
                     double *workspace);
void mx_parted_totals(const mx_problem *problem, const mx_form *form,
                      const double *responsibilities, int64_t row_stride, int64_t component_stride,
                      double *sums, double *workspace);
void mx_parted_responsibilities(const mx_problem *problem, const mx_form *form, const double *theta,
                                double *responsibilities, double *workspace);

#endif
