#include "segments.h"

#include <math.h>
#include <string.h>

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

/* The rows, or for how much they count, that value i is of. */
static double rows_of(const mx_segment *segment, double rows, const double *sums,
                      const double *pseudo, int64_t i) {
    if (!segment->opening)
        return rows + segment->pseudo_rows;
    int64_t place = segment->opening == 1 ? 0 : i;
    return sums[place] + pseudo[place];
}

static void estimate(const mx_segment *segment, double rows, const double *sums,
                     const double *pseudo, const double *before, double *values) {
    int64_t first = segment->opening;
    double all = 0;
    if (segment->kind == MX_SHARES)
        all = sum_over(segment->length, sums) + sum_over(segment->length, pseudo);
    int64_t length = segment->kind == MX_NOTHING ? 0 : segment->length;
    memset(values, 0, sizeof(double) * (first + segment->length));
    for (int64_t i = 0; i < length; i++) {
        double total = segment->kind == MX_SHARES ? all : rows_of(segment, rows, sums, pseudo, i);
        double *value = values + first + i;
        *value = total > SMALLEST ? (sums[first + i] + pseudo[first + i]) / total
                 : before         ? before[first + i]
                                  : unknown(segment);
        if (segment->kind == MX_CHANCES)
            *value = fmin(*value, 1.0);
    }
}

/* How many features a segment has. */
static int64_t width(const mx_segment *segment) { return segment->opening + segment->length; }

int64_t mx_extras(const mx_problem *problem) {
    int64_t total = 0;
    for (int64_t s = 0; s < problem->n_segments; s++)
        total += width(problem->segments + s);
    return total;
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
            at += width(problem->segments + s);
        }
}

static double floored_log(double value) { return log(value > SMALLEST ? value : SMALLEST); }

/* Sets the natural parameter of a value, and returns the constant that goes with it. */
static double bind_value(const mx_segment *segment, double value, double *theta) {
    *theta = floored_log(value);
    if (segment->kind == MX_RATES)
        return -value;
    if (segment->kind == MX_SHARES)
        return 0;
    double no = floored_log(1.0 - value);
    *theta -= no;
    return no;
}

/* Sets natural parameters; returns what they add to the constant, and to the log prior. */
static double bind(const mx_segment *segment, const double *values, const double *pseudo,
                   double *theta, double *log_prior) {
    int64_t first = segment->opening;
    double all = 0;
    int64_t length = segment->kind == MX_NOTHING ? 0 : segment->length;
    memset(theta, 0, sizeof(double) * (first + segment->length));
    for (int64_t i = 0; i < length; i++) {
        double own = bind_value(segment, values[first + i], theta + first + i);
        if (first)
            theta[first == 1 ? 0 : i] += own;
        else
            all += own;
    }
    for (int64_t i = 0; i < width(segment); i++)
        *log_prior += theta[i] * pseudo[i];
    *log_prior += all * segment->pseudo_rows;
    return all;
}

void mx_bind_segments(const mx_problem *problem, const mx_form *form, mx_model *model) {
    int64_t first = form->n_features - form->n_extras;
    for (int64_t k = 0; k < form->n_components; k++) {
        double *theta = model->theta + k * form->n_features;
        if (k >= form->n_gaussians && problem->even) {
            memcpy(theta + first, problem->even, sizeof(double) * form->n_extras);
            continue;
        }
        for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
            model->bases[k] += bind(problem->segments + s, model->extras + k * form->n_extras + at,
                                    problem->pseudo + at, theta + first + at, &model->log_prior);
            at += width(problem->segments + s);
        }
        theta[form->n_columns] += model->bases[k];
    }
}
