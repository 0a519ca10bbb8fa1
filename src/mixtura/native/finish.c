#include "finish.h"

#include <math.h>
#include <string.h>

#include "floor.h"

/* Pairs with less curvature than this of a step's square are of a saddle, or rounding. */
#define FLATTEST 1e-10
/* How a refused step shortens those that follow, and one that was taken lengthens them. */
#define SHRINK 0.25
#define GROW 2.0
/* How much longer a step is than the one before it on the way from a saddle point. */
#define STRETCH 2.0
/* How much more may be left than the curvature seen so far says. */
#define SAFETY 1.5
/* Steps that must have been taken before it is trusted. */
#define TRUSTED 3
/* Logarithms of widths that change by more are of no mixture of these rows. */
#define FURTHEST 30.0
/* How near its floor a component touches it. */
#define TOUCHING 1e-6
/* Proposals in a row that are no mixture. */
#define MOST_REFUSED 2

int mx_is_free(const mx_form *form) {
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

mx_finish mx_finish_in(const mx_form *form, mx_room *room) {
    mx_finish at = {.n_groups = groups_of(form), .n_logs = logs_of(form)};
    if (!mx_is_free(form))
        return at;
    int64_t n = form->n_components;
    at.size = size_of(form);
    at.about = (mx_model){.log_weights = mx_taken(room, n),
                          .means = mx_taken(room, n * form->n_columns),
                          .factors = mx_taken(room, form->n_factors)};
    at.rows = mx_taken(room, n);
    at.point = mx_taken(room, at.size);
    at.gradient = mx_taken(room, at.size);
    at.swept = mx_taken(room, at.size);
    at.slope = mx_taken(room, at.size);
    at.proposal = mx_taken(room, at.size);
    at.work = mx_taken(room, at.size);
    for (int i = 0; i < MX_MEMORY; i++) {
        at.steps[i] = mx_taken(room, at.size);
        at.changes[i] = mx_taken(room, at.size);
    }
    return at;
}

static double sum_over(int64_t n, const double *values) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

/* The root of the rows that a group has at the reference. */
static double unit_of(const mx_form *form, const mx_finish *at, int64_t group) {
    return sqrt(form->pooled ? sum_over(form->n_components, at->rows) : at->rows[group]);
}

static double log_unit_of(const mx_form *form, const mx_finish *at, int64_t group) {
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

static void coordinates(const mx_form *form, const mx_finish *at, const mx_model *model,
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

static int model_at(const mx_form *form, const mx_finish *at, const double *point, mx_model *next) {
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

static void slopes_of_group(const mx_form *form, const mx_finish *at, const double *factor,
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

static void gradient(const mx_problem *problem, const mx_form *form, const mx_finish *at,
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

static double dot(int64_t n, const double *one, const double *other) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += one[i] * other[i];
    return total;
}

/* The inverse of the curvature times a vector, by the two loops (Nocedal and Wright 2006, 7.4). */
static void times_inverse(const mx_finish *at, const double *vector, double begun, double *found) {
    double weights[MX_MEMORY];
    memcpy(found, vector, sizeof(double) * at->size);
    for (int i = at->n_pairs - 1; i >= 0; i--) {
        weights[i] = at->inverses[i] * dot(at->size, at->steps[i], found);
        for (int64_t l = 0; l < at->size; l++)
            found[l] -= weights[i] * at->changes[i][l];
    }
    for (int64_t l = 0; l < at->size; l++)
        found[l] *= begun;
    for (int i = 0; i < at->n_pairs; i++) {
        double more = weights[i] - at->inverses[i] * dot(at->size, at->changes[i], found);
        for (int64_t l = 0; l < at->size; l++)
            found[l] += more * at->steps[i][l];
    }
}

/* Remembers what the way from `point` to `swept` says of the curvature; returns if anything. */
static int learn(mx_finish *at) {
    int last = at->n_pairs < MX_MEMORY ? at->n_pairs : MX_MEMORY - 1;
    double *step = at->steps[at->n_pairs < MX_MEMORY ? last : 0];
    double *change = at->changes[at->n_pairs < MX_MEMORY ? last : 0];
    for (int64_t l = 0; l < at->size; l++)
        at->work[l] = at->swept[l] - at->point[l];
    double square = dot(at->size, at->work, at->work), curvature = 0;
    for (int64_t l = 0; l < at->size; l++)
        curvature += at->work[l] * (at->gradient[l] - at->slope[l]);
    if (!isfinite(curvature) || !(curvature > FLATTEST * square))
        return 0;
    if (at->n_pairs == MX_MEMORY) {
        memmove(at->steps, at->steps + 1, sizeof(double *) * last);
        memmove(at->changes, at->changes + 1, sizeof(double *) * last);
        memmove(at->inverses, at->inverses + 1, sizeof(double) * last);
    } else {
        at->n_pairs++;
    }
    at->steps[last] = step;
    at->changes[last] = change;
    at->inverses[last] = 1.0 / curvature;
    for (int64_t l = 0; l < at->size; l++) {
        step[l] = at->work[l];
        change[l] = at->gradient[l] - at->slope[l];
    }
    return 1;
}

static void go_to_swept(mx_finish *at) {
    memcpy(at->point, at->swept, sizeof(double) * at->size);
    memcpy(at->gradient, at->slope, sizeof(double) * at->size);
}

void mx_finish_begin(const mx_problem *problem, const mx_form *form, mx_finish *at,
                     const mx_model *model, const mx_moments *moments) {
    int64_t n = form->n_components;
    if (problem->floor && !mx_is_above(form->structure, n, form->n_columns, model->factors,
                                       problem->floor, 1.0 - TOUCHING))
        return;
    memcpy(at->about.log_weights, model->log_weights, sizeof(double) * n);
    memcpy(at->about.means, model->means, sizeof(double) * n * form->n_columns);
    memcpy(at->about.factors, model->factors, sizeof(double) * form->n_factors);
    memcpy(at->rows, moments->rows, sizeof(double) * n);
    at->begun = 1;
    at->n_pairs = at->taken = at->refused = 0;
    at->radius = INFINITY;
    at->length = 0;
    at->stretch = 1;
    coordinates(form, at, model, at->point);
    gradient(problem, form, at, model, moments, at->gradient);
}

int mx_finish_propose(const mx_problem *problem, const mx_form *form, mx_finish *at,
                      mx_model *next) {
    times_inverse(at, at->gradient, 1.0, at->proposal);
    double size = at->stretch * sqrt(dot(at->size, at->proposal, at->proposal));
    double scale = at->stretch * (size > at->radius ? at->radius / size : 1.0);
    at->length = fmin(size, at->radius);
    for (int64_t l = 0; l < at->size; l++)
        at->proposal[l] = at->point[l] + scale * at->proposal[l];
    if (model_at(form, at, at->proposal, next) == MX_DONE &&
        (!problem->floor || mx_is_above(form->structure, form->n_components, form->n_columns,
                                        next->factors, problem->floor, 1.0))) {
        at->refused = 0;
        return MX_DONE;
    }
    if (++at->refused >= MOST_REFUSED)
        at->begun = 0;
    at->radius = SHRINK * fmin(at->radius, at->length);
    return MX_HARD;
}

void mx_finish_move(const mx_problem *problem, const mx_form *form, mx_finish *at,
                    const mx_model *model, const mx_moments *moments, int proposed) {
    if (proposed)
        at->radius = fmax(at->radius, GROW * at->length);
    coordinates(form, at, model, at->swept);
    gradient(problem, form, at, model, moments, at->slope);
    /* On the way from a saddle point the gradient grows, and each step is longer. */
    at->stretch = learn(at) ? 1 : STRETCH * at->stretch;
    go_to_swept(at);
    at->taken++;
}

void mx_finish_reject(const mx_problem *problem, const mx_form *form, mx_finish *at,
                      const mx_model *model, const mx_moments *moments) {
    coordinates(form, at, model, at->swept);
    gradient(problem, form, at, model, moments, at->slope);
    learn(at);
    at->stretch = 1;
    at->radius = SHRINK * fmin(at->radius, at->length);
}

double mx_finish_gain(mx_finish *at) {
    if (at->taken < TRUSTED || !at->n_pairs)
        return INFINITY;
    double flattest = 1.0;
    for (int i = 0; i < at->n_pairs; i++)
        flattest = fmax(flattest, dot(at->size, at->steps[i], at->steps[i]) * at->inverses[i]);
    times_inverse(at, at->gradient, flattest, at->work);
    return SAFETY * 0.5 * dot(at->size, at->gradient, at->work);
}
