#include "chart.h"

#include <math.h>
#include <string.h>

#include "floor.h"

/* Logarithms of widths that change by more are of no mixture of these rows. */
#define FURTHEST 30.0
/* How near its floor a component touches it. */
/* mx_cells_workspace of the widest. */
#define ABOVE_ROOM (4 * MX_MOST_COLUMNS + 3 * MX_MOST_COLUMNS * MX_MOST_COLUMNS)
#define TOUCHING 1e-6

static int is_free(const mx_form *form) {
    int s = form->structure;
    if (!form->n_columns || form->n_extras || form->n_gaussians < form->n_components)
        return 0;
    return s == MX_EII || s == MX_VII || s == MX_EEI || s == MX_VVI || s == MX_EEE || s == MX_VVV;
}

static int64_t groups_of(const mx_form *form) { return form->pooled ? 1 : form->n_components; }

static int64_t logs_of(const mx_form *form) { return form->spherical ? 1 : form->n_columns; }

static int64_t size_of(const mx_form *form) {
    int64_t n = form->n_components, d = form->n_columns;
    int64_t above = form->full ? d * (d - 1) / 2 : 0;
    return n * (1 + d) + groups_of(form) * (logs_of(form) + above);
}

mx_chart mx_chart_in(const mx_form *form, mx_workspace *workspace) {
    mx_chart at = {.n_groups = groups_of(form), .n_logs = logs_of(form)};
    if (!is_free(form))
        return at;
    int64_t n = form->n_components;
    at.size = size_of(form);
    at.about = (mx_model){.log_weights = mx_taken(workspace, n),
                          .means = mx_taken(workspace, n * form->n_columns),
                          .factors = mx_taken(workspace, form->n_factors)};
    at.rows = mx_taken(workspace, n);
    return at;
}

static double sum_over(int64_t n, const double *values) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

/* The root of the rows that a group has at the reference. */
static double unit_of(const mx_form *form, const mx_chart *at, int64_t group) {
    return sqrt(form->pooled ? sum_over(form->n_components, at->rows) : at->rows[group]);
}

static double log_unit_of(const mx_form *form, const mx_chart *at, int64_t group) {
    return sqrt(2.0 * (form->spherical ? form->n_columns : 1)) * unit_of(form, at, group);
}

static int64_t width_of(const mx_form *form) { return form->spherical ? 1 : form->one; }

/* U^T v, or U v. */
static void times(const mx_form *form, const double *factor, int transposed, const double *vector,
                  double *product) {
    int64_t d = form->n_columns;
    for (int64_t i = 0; i < d; i++) {
        if (!form->full) {
            product[i] = factor[form->spherical ? 0 : i] * vector[i];
            continue;
        }
        double sum = 0;
        if (transposed)
            for (int64_t j = 0; j <= i; j++)
                sum += factor[j * d + i] * vector[j];
        else
            for (int64_t j = i; j < d; j++)
                sum += factor[i * d + j] * vector[j];
        product[i] = sum;
    }
}

/* T with U = U0 T, upper triangular as they are. */
static void relative_to(const mx_form *form, const double *about, const double *factor,
                        double *relative) {
    int64_t d = form->n_columns;
    if (!form->full) {
        for (int64_t i = 0; i < width_of(form); i++)
            relative[i] = factor[i] / about[i];
        return;
    }
    for (int64_t j = 0; j < d; j++)
        for (int64_t i = d - 1; i >= 0; i--) {
            double sum = i <= j ? factor[i * d + j] : 0;
            for (int64_t l = i + 1; l <= j; l++)
                sum -= about[i * d + l] * relative[l * d + j];
            relative[i * d + j] = i <= j ? sum / about[i * d + i] : 0;
        }
}

void mx_chart_coordinates(const mx_form *form, const mx_chart *at, const mx_model *model,
                          double *point) {
    int64_t n = form->n_components, d = form->n_columns, width = width_of(form);
    double gap[MX_MOST_COLUMNS], relative[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    for (int64_t k = 0; k < n; k++)
        *point++ = sqrt(at->rows[k]) * (model->log_weights[k] - at->about.log_weights[k]);
    for (int64_t k = 0; k < n; k++, point += d) {
        for (int64_t i = 0; i < d; i++)
            gap[i] = sqrt(at->rows[k]) * (model->means[k * d + i] - at->about.means[k * d + i]);
        times(form, at->about.factors + (form->pooled ? 0 : k * width), 1, gap, point);
    }
    double *logs = point, *above = point + at->n_groups * at->n_logs;
    for (int64_t g = 0; g < at->n_groups; g++) {
        relative_to(form, at->about.factors + g * width, model->factors + g * width, relative);
        double unit = unit_of(form, at, g), log_unit = log_unit_of(form, at, g);
        for (int64_t i = 0; i < at->n_logs; i++)
            *logs++ = log_unit * log(relative[form->full ? i * d + i : i]);
        for (int64_t i = 0; form->full && i < d; i++)
            for (int64_t j = i + 1; j < d; j++)
                *above++ = unit * relative[i * d + j];
    }
}

/* v with U0^T v = w. */
static void unwhitened(const mx_form *form, const double *factor, const double *white,
                       double *vector) {
    int64_t d = form->n_columns;
    for (int64_t i = 0; i < d; i++) {
        double sum = white[i];
        for (int64_t j = 0; form->full && j < i; j++)
            sum -= factor[j * d + i] * vector[j];
        vector[i] = sum / factor[form->full ? i * d + i : form->spherical ? 0 : i];
    }
}

static int model_at(const mx_form *form, const mx_chart *at, const double *point, mx_model *next) {
    int64_t n = form->n_components, d = form->n_columns, width = width_of(form);
    double largest = -INFINITY, total = 0, white[MX_MOST_COLUMNS];
    for (int64_t k = 0; k < n; k++) {
        next->log_weights[k] = at->about.log_weights[k] + *point++ / sqrt(at->rows[k]);
        largest = fmax(largest, next->log_weights[k]);
    }
    for (int64_t k = 0; k < n; k++)
        total += exp(next->log_weights[k] - largest);
    for (int64_t k = 0; k < n; k++)
        next->log_weights[k] -= largest + log(total);
    for (int64_t k = 0; k < n; k++, point += d) {
        double *mean = next->means + k * d;
        for (int64_t i = 0; i < d; i++)
            white[i] = point[i] / sqrt(at->rows[k]);
        unwhitened(form, at->about.factors + (form->pooled ? 0 : k * width), white, mean);
        for (int64_t i = 0; i < d; i++) {
            mean[i] += at->about.means[k * d + i];
            if (!isfinite(mean[i]))
                return MX_HARD;
        }
    }
    const double *logs = point, *above = point + at->n_groups * at->n_logs;
    for (int64_t g = 0; g < at->n_groups; g++) {
        const double *about = at->about.factors + g * width;
        double *factor = next->factors + g * width;
        double unit = unit_of(form, at, g), log_unit = log_unit_of(form, at, g);
        double relative[MX_MOST_COLUMNS * MX_MOST_COLUMNS] = {0};
        for (int64_t i = 0; i < at->n_logs; i++) {
            double log_ratio = *logs++ / log_unit;
            if (!(fabs(log_ratio) < FURTHEST))
                return MX_HARD;
            relative[form->full ? i * d + i : i] = exp(log_ratio);
        }
        for (int64_t i = 0; form->full && i < d; i++)
            for (int64_t j = i + 1; j < d; j++)
                relative[i * d + j] = *above++ / unit;
        for (int64_t i = 0; !form->full && i < width; i++)
            factor[i] = about[i] * relative[i];
        for (int64_t i = 0; form->full && i < d; i++)
            for (int64_t j = 0; j < d; j++) {
                double sum = 0;
                for (int64_t l = i; l <= j; l++)
                    sum += about[i * d + l] * relative[l * d + j];
                factor[i * d + j] = sum;
                if (!isfinite(sum))
                    return MX_HARD;
            }
    }
    for (int64_t k = at->n_groups; k < n; k++)
        memcpy(next->factors + k * width, next->factors, sizeof(double) * width);
    return MX_DONE;
}

/* The scatter of a group about the model's means, with the prior's pseudo-rows. */
static double about_means(const mx_problem *problem, const mx_form *form, const mx_model *model,
                          const mx_moments *moments, int64_t group, double *about) {
    int64_t n = form->n_components, d = form->n_columns;
    int64_t first = form->pooled ? 0 : group, last = form->pooled ? n : group + 1;
    double counts = 0;
    memcpy(about, moments->scatter + group * form->one, sizeof(double) * form->one);
    for (int64_t k = first; k < last; k++) {
        counts += moments->rows[k] + problem->prior_rows;
        for (int64_t i = 0; problem->prior_rows > 0 && i < form->one; i++)
            about[i] += problem->prior_scatter[i];
        for (int64_t i = 0; i < form->one; i++) {
            int64_t row = form->full ? i / d : i, column = form->full ? i % d : i;
            double gap = moments->means[k * d + row] - model->means[k * d + row];
            double other = moments->means[k * d + column] - model->means[k * d + column];
            about[i] += moments->rows[k] * gap * other;
        }
    }
    return counts;
}

static void slopes_of_group(const mx_form *form, const mx_chart *at, const double *factor,
                            const double *about, double counts, int64_t group, double *logs,
                            double *above) {
    int64_t d = form->n_columns;
    double unit = unit_of(form, at, group), log_unit = log_unit_of(form, at, group);
    if (form->spherical) {
        *logs = (counts * d - factor[0] * factor[0] * sum_over(d, about)) / log_unit;
        return;
    }
    if (!form->full) {
        for (int64_t i = 0; i < d; i++)
            logs[i] = (counts - factor[i] * factor[i] * about[i]) / log_unit;
        return;
    }
    const double *begin = at->about.factors + group * form->one;
    double relative[MX_MOST_COLUMNS * MX_MOST_COLUMNS], column[MX_MOST_COLUMNS];
    relative_to(form, begin, factor, relative);
    for (int64_t j = 0; j < d; j++) {
        for (int64_t i = 0; i < d; i++) {
            column[i] = 0;
            for (int64_t l = 0; l <= j; l++)
                column[i] += about[i * d + l] * factor[l * d + j];
        }
        for (int64_t i = 0; i <= j; i++) {
            double product = 0;
            for (int64_t l = 0; l <= i; l++)
                product -= begin[l * d + i] * column[l];
            if (i == j)
                logs[i] = (counts + product * relative[i * d + i]) / log_unit;
            else
                above[i * d - i * (i + 1) / 2 + j - i - 1] = product / unit;
        }
    }
}

void mx_chart_gradient(const mx_problem *problem, const mx_form *form, const mx_chart *at,
                       const mx_model *model, const mx_moments *moments, double *slope) {
    int64_t n = form->n_components, d = form->n_columns, width = width_of(form);
    double target[MX_MOST_COMPONENTS], relative[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    double gap[MX_MOST_COLUMNS], white[MX_MOST_COLUMNS];
    double about[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    double total = sum_over(n, moments->rows) + n * (problem->concentration - 1.0);
    mx_weigh(problem, form, moments->rows, target);
    for (int64_t k = 0; k < n; k++)
        *slope++ = total * (exp(target[k]) - exp(model->log_weights[k])) / sqrt(at->rows[k]);
    for (int64_t k = 0; k < n; k++, slope += d) {
        int64_t group = form->pooled ? 0 : k;
        const double *factor = model->factors + k * width;
        for (int64_t i = 0; i < d; i++)
            gap[i] = moments->rows[k] / sqrt(at->rows[k]) *
                     (moments->means[k * d + i] - model->means[k * d + i]);
        times(form, factor, 1, gap, white);
        relative_to(form, at->about.factors + group * width, factor, relative);
        times(form, relative, 0, white, slope);
    }
    double *logs = slope, *above = slope + at->n_groups * at->n_logs;
    for (int64_t g = 0; g < at->n_groups; g++) {
        double counts = about_means(problem, form, model, moments, g, about);
        slopes_of_group(form, at, model->factors + g * width, about, counts, g, logs, above);
        logs += at->n_logs;
        above += form->full ? d * (d - 1) / 2 : 0;
    }
}

int mx_chart_about(const mx_problem *problem, const mx_form *form, const mx_model *model,
                   const mx_moments *moments, mx_chart *at) {
    int64_t n = form->n_components;
    double room[ABOVE_ROOM];
    if (!at->size ||
        (problem->floor && !mx_is_above(form->structure, n, form->n_columns, model->factors,
                                        problem->floor, 1.0 - TOUCHING, room)))
        return MX_HARD;
    memcpy(at->about.log_weights, model->log_weights, sizeof(double) * n);
    memcpy(at->about.means, model->means, sizeof(double) * n * form->n_columns);
    memcpy(at->about.factors, model->factors, sizeof(double) * form->n_factors);
    memcpy(at->rows, moments->rows, sizeof(double) * n);
    return MX_DONE;
}

int mx_chart_model(const mx_problem *problem, const mx_form *form, const mx_chart *at,
                   const double *point, mx_model *next) {
    if (model_at(form, at, point, next))
        return MX_HARD;
    // What rounding makes of weights that are held is no direction to go in.
    if (problem->held_weights)
        mx_weigh(problem, form, at->rows, next->log_weights);
    double room[ABOVE_ROOM];
    if (problem->floor && !mx_is_above(form->structure, form->n_components, form->n_columns,
                                       next->factors, problem->floor, 1.0, room))
        return MX_HARD;
    return MX_DONE;
}
