#include "segments.h"

#include <math.h>

/* Probabilities and rates of which the logarithm is taken; below it sums say nothing either. */
#define SMALLEST 1e-300

static double sum_over(int64_t n, const double *values) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

/* What a value is where a component has no rows. */
static double unknown(const mx_segment *segment) {
    return segment->kind == MX_RATES     ? 1.0
           : segment->kind == MX_CHANCES ? 0.5
                                         : 1.0 / (double)segment->length;
}

static void estimate(const mx_segment *segment, double rows, const double *sums,
                     const double *pseudo, const double *before, double *values) {
    int64_t n = segment->length;
    double total = rows + segment->pseudo_rows;
    if (segment->kind == MX_SHARES)
        total = sum_over(n, sums) + sum_over(n, pseudo);
    for (int64_t i = 0; i < n; i++) {
        double kept = before ? before[i] : unknown(segment);
        values[i] = total > SMALLEST ? (sums[i] + pseudo[i]) / total : kept;
        if (segment->kind == MX_CHANCES)
            values[i] = fmin(values[i], 1.0);
    }
}

void mx_estimate(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                 const mx_model *previous, mx_model *next) {
    int64_t n_extras = form->n_extras;
    for (int64_t k = 0; k < form->n_components; k++)
        for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
            int64_t from = k * n_extras + at;
            estimate(problem->segments + s, moments->rows[k], moments->extras + from,
                     problem->pseudo + at, previous->extras ? previous->extras + from : 0,
                     next->extras + from);
            at += problem->segments[s].length;
        }
}

static double floored_log(double value) { return log(value > SMALLEST ? value : SMALLEST); }

/* Sets natural parameters; returns what they add to the constant, and to the log prior. */
static double bind(const mx_segment *segment, const double *values, const double *pseudo,
                   double *theta, double *log_prior) {
    double constant = 0;
    for (int64_t i = 0; i < segment->length; i++) {
        theta[i] = floored_log(values[i]);
        if (segment->kind == MX_RATES)
            constant -= values[i];
        if (segment->kind == MX_CHANCES) {
            double no = floored_log(1.0 - values[i]);
            theta[i] -= no;
            constant += no;
        }
        *log_prior += theta[i] * pseudo[i];
    }
    *log_prior += constant * segment->pseudo_rows;
    return constant;
}

void mx_bind_segments(const mx_problem *problem, const mx_form *form, mx_model *model) {
    int64_t first = form->n_features - form->n_extras;
    for (int64_t k = 0; k < form->n_components; k++) {
        double *theta = model->theta + k * form->n_features;
        for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
            model->bases[k] += bind(problem->segments + s, model->extras + k * form->n_extras + at,
                                    problem->pseudo + at, theta + first + at, &model->log_prior);
            at += problem->segments[s].length;
        }
        theta[form->n_columns] += model->bases[k];
    }
}
