#include "gap_run.h"

#include <string.h>

void mx_points_of(const mx_form *form, const mx_model *model, double *points) {
    int64_t d = form->n_columns;
    for (int64_t i = 0; i < form->n_components * d; i++)
        points[i] = model->centred[i / d] != 0 ? model->means[i] : 0.0;
}

void mx_theta_about(const mx_form *form, const double *from, const double *to, double *theta) {
    int64_t d = form->n_columns;
    for (int64_t k = 0; k < form->n_components; k++, from += d, to += d) {
        double *own = theta + k * form->n_features, turn[MX_MOST_COLUMNS] = {0}, constant = 0;
        for (int64_t p = 0, i = 0, j = 0; p < form->n_pairs; p++) {
            double step = to[j] - from[j], other = to[i] - from[i], entry = own[d + 1 + p];
            turn[i] += entry * step;
            turn[j] += entry * other;
            constant += entry * other * step;
            if (form->full)
                mx_next_pair(d, &i, &j);
            else
                i = j = p + 1;
        }
        for (int64_t i = 0; i < d; i++) {
            constant += own[i] * (to[i] - from[i]);
            own[i] += turn[i];
        }
        own[d] += constant;
    }
}

void mx_first_totals(const mx_problem *problem, const mx_form *form, const double *responsibilities,
                     int64_t row_stride, int64_t component_stride, double *theta, double *sums,
                     double *entropy, double *workspace) {
    int64_t n = form->n_components, d = form->n_columns;
    memset(theta, 0, sizeof(double) * n * form->n_features);
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < d; i++)
            theta[k * form->n_features + d + 1 + i] =
                -0.5 / (problem->widths[i] * problem->widths[i]);
    mx_gaps_totals(problem->gaps, n, theta, responsibilities, row_stride, component_stride, sums,
                   entropy, workspace);
}

double mx_promised_with_gaps(const mx_form *form, const mx_model *next, const mx_model *before,
                             const double *sums, double *workspace) {
    int64_t n = form->n_components, size = n * form->n_features, d = form->n_columns;
    double *theta = workspace, *from = theta + size, *to = from + n * d, total = 0;
    memcpy(theta, next->theta, sizeof(double) * size);
    mx_points_of(form, next, from);
    mx_points_of(form, before, to);
    mx_theta_about(form, from, to, theta);
    for (int64_t i = 0; i < size; i++)
        total += (theta[i] - before->theta[i]) * sums[i];
    return total;
}
