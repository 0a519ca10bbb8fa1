#include "gaussian.h"

#include <math.h>
#include <string.h>

/* A leap leaves each component at least this share of its rows. */
#define LEAST_SHARE 0.1
/* A component of fewer rows than this has no mean. */
#define FEWEST 1e-200
#define SMALLEST_SHARE 1e-300
/* How much larger than what they leave the terms of a centred density may be, in the frame. */
#define FURTHEST 1e24

mx_form mx_form_of(int64_t structure, int64_t n_components, int64_t n_columns) {
    mx_form form = {.structure = (int)structure, .n_components = n_components,
                    .n_columns = n_columns};
    form.spherical = structure == MX_EII || structure == MX_VII;
    form.full = structure >= MX_EEE;
    form.pooled = structure == MX_EII || structure == MX_EEI || structure == MX_EEE;
    form.lean = form.pooled;
    form.common_axes = structure == MX_EVE || structure == MX_VVE;
    int64_t products = form.full ? n_columns * (n_columns + 1) / 2 : n_columns;
    form.n_features = n_columns + 1 + (form.pooled ? 0 : products);
    form.one = form.full ? n_columns * n_columns : n_columns;
    form.n_scatter = form.pooled ? form.one : n_components * form.one;
    form.n_factors = form.spherical ? n_components : n_components * form.one;
    int64_t spreads = form.spherical ? form.n_scatter / n_columns : form.n_scatter;
    form.n_coordinates = n_components * (n_columns + 1) + spreads;
    return form;
}

mx_model mx_model_in(const mx_form *form, mx_room *room) {
    int64_t n = form->n_components, d = form->n_columns;
    mx_model model = {.log_weights = mx_taken(room, n),
                      .means = mx_taken(room, n * d),
                      .factors = mx_taken(room, form->n_factors),
                      .axes = mx_taken(room, d * d),
                      .theta = mx_taken(room, n * form->n_features),
                      .rough = mx_taken(room, n),
                      .centred = mx_taken(room, n)};
    return model;
}

mx_moments mx_moments_in(const mx_form *form, mx_room *room) {
    int64_t n = form->n_components;
    mx_moments moments = {.rows = mx_taken(room, n),
                          .means = mx_taken(room, n * form->n_columns),
                          .scatter = mx_taken(room, form->n_scatter)};
    return moments;
}

static void second_moments(const mx_form *form, const double *products, double *second) {
    int64_t d = form->n_columns;
    if (!form->full) {
        memcpy(second, products, sizeof(double) * d);
        return;
    }
    for (int64_t p = 0, i, j; p < d * (d + 1) / 2; p++) {
        mx_pair_of(p, d, &i, &j);
        second[i * d + j] = second[j * d + i] = products[p];
    }
}

static void take_out(const mx_form *form, double rows, const double *mean, double *scatter) {
    int64_t d = form->n_columns;
    for (int64_t i = 0; i < d; i++) {
        if (!form->full) {
            scatter[i] -= rows * mean[i] * mean[i];
            continue;
        }
        for (int64_t j = 0; j < d; j++)
            scatter[i * d + j] -= rows * (mean[i] * mean[j]);
    }
}

/* Digits that a floor covers are not missed. */
static double floor_of(const mx_problem *problem, int64_t column) {
    return problem->floor ? problem->floor[column] : 0.0;
}

static int is_centred(const mx_model *about, int64_t k) {
    return about && about->n_centred && about->centred[k] != 0;
}

static int moments_alone(const mx_problem *problem, const mx_form *form, const mx_model *about,
                         const double *sums, mx_moments *moments) {
    int64_t d = form->n_columns;
    if (form->pooled)
        memcpy(moments->scatter, problem->second, sizeof(double) * form->one);
    for (int64_t k = 0; k < form->n_components; k++, sums += form->n_features) {
        double rows = sums[d], *mean = moments->means + k * d;
        if (!(rows > FEWEST))
            return MX_HARD;
        moments->rows[k] = rows;
        for (int64_t i = 0; i < d; i++)
            mean[i] = sums[i] / rows;
        double *scatter = moments->scatter + (form->pooled ? 0 : k * form->one);
        if (!form->pooled)
            second_moments(form, sums + d + 1, scatter);
        take_out(form, rows, mean, scatter);
        for (int64_t i = 0; is_centred(about, k) && i < d; i++)
            mean[i] += about->means[k * d + i];
    }
    return MX_DONE;
}

/* Whether scatters keep their digits: MX_HARD where they are rounding of sums about the origin. */
static int digits_kept(const mx_problem *problem, const mx_form *form, const mx_model *about,
                       const mx_moments *moments) {
    int64_t d = form->n_columns, step = form->full ? d + 1 : 1;
    double offsets[MX_MOST_COLUMNS] = {0};
    for (int64_t k = 0; k < form->n_components; k++) {
        double rows = moments->rows[k], *mean = moments->means + k * d;
        const double *scatter = moments->scatter + (form->pooled ? 0 : k * form->one);
        for (int64_t i = 0; i < d; i++) {
            double offset = rows * mean[i] * mean[i];
            offsets[i] += offset;
            double least = rows * floor_of(problem, i);
            if (!form->pooled && !is_centred(about, k) &&
                !(offset <= problem->far * fmax(scatter[i * step], least)))
                return MX_HARD;
        }
    }
    for (int64_t i = 0; form->pooled && i < d; i++) {
        double least = problem->total_weight * floor_of(problem, i);
        if (!(offsets[i] <= problem->far * fmax(moments->scatter[i * step], least)))
            return MX_HARD;
    }
    return MX_DONE;
}

int mx_moments_of(const mx_problem *problem, const mx_form *form, const mx_model *about,
                  const double *sums, mx_moments *moments) {
    return moments_alone(problem, form, about, sums, moments) ||
           digits_kept(problem, form, about, moments);
}

/* Gives each component so many rows of the scatter that components have on average. */
static void borrow(const mx_problem *problem, const mx_form *form, mx_moments *moments) {
    double total = 0, borrowed = problem->borrowed_rows;
    for (int64_t k = 0; k < form->n_components; k++)
        total += moments->rows[k];
    for (int64_t i = 0; i < form->one; i++) {
        double mean = 0;
        for (int64_t k = 0; k < form->n_components; k++)
            mean += moments->scatter[k * form->one + i] / total;
        for (int64_t k = 0; k < form->n_components; k++) {
            double rows = moments->rows[k], *own = moments->scatter + k * form->one + i;
            *own = (*own + borrowed * mean) * rows / (rows + borrowed);
        }
    }
}

int mx_first_moments(const mx_problem *problem, const mx_form *form, const mx_model *about,
                     const double *sums, mx_moments *moments) {
    if (moments_alone(problem, form, about, sums, moments))
        return MX_HARD;
    if (!form->pooled)
        borrow(problem, form, moments);
    return digits_kept(problem, form, about, moments);
}

void mx_weigh(const mx_problem *problem, const mx_form *form, const double *rows,
              double *log_weights) {
    int64_t n = form->n_components;
    double total = 0, added = problem->concentration - 1.0;
    for (int64_t k = 0; k < n; k++)
        total += rows[k] + added;
    for (int64_t k = 0; k < n; k++) {
        double share = problem->equal_weights ? 1.0 / n : (rows[k] + added) / total;
        log_weights[k] = log(share > SMALLEST_SHARE ? share : SMALLEST_SHARE);
    }
}

int mx_maximise(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                const mx_model *previous, mx_model *next, double *room) {
    int64_t n = form->n_components, d = form->n_columns;
    double rows[MX_MOST_COMPONENTS], *scatter = room;
    for (int64_t k = 0; k < n; k++)
        rows[k] = moments->rows[k] + problem->prior_rows;
    memcpy(scatter, moments->scatter, sizeof(double) * form->n_scatter);
    double times = form->pooled ? (double)n : 1.0;
    for (int64_t start = 0; problem->prior_rows > 0 && start < form->n_scatter; start += form->one)
        for (int64_t i = 0; i < form->one; i++)
            scatter[start + i] += times * problem->prior_scatter[i];
    memcpy(next->means, moments->means, sizeof(double) * n * d);
    mx_weigh(problem, form, moments->rows, next->log_weights);
    if (form->common_axes && previous->factors)
        memcpy(next->axes, previous->axes, sizeof(double) * d * d);
    double *axes = form->common_axes ? next->axes : 0;
    room += form->n_scatter;
    int status =
        problem->floor ? mx_update_floored(form->structure, n, d, scatter, rows, problem->floor,
                                           previous->factors, next->factors, axes, room)
                       : mx_update(form->structure, n, d, scatter, rows, previous->factors,
                                   next->factors, axes, room);
    return status ? MX_FLAT : mx_bind(problem, form, next);
}

double mx_expected_of(const mx_form *form, const mx_model *model, const mx_moments *moments,
                      int64_t k) {
    int64_t d = form->n_columns, width = form->spherical ? 1 : form->one;
    const double *factor = model->factors + k * width, *scatter = moments->scatter + k * form->one;
    double rows = moments->rows[k], logs = model->log_weights[k], squares = 0;
    double gap[MX_MOST_COLUMNS];
    for (int64_t i = 0; i < d; i++) {
        gap[i] = moments->means[k * d + i] - model->means[k * d + i];
        logs += log(factor[form->full ? i * d + i : form->spherical ? 0 : i]);
    }
    for (int64_t j = 0; j < d; j++) {
        if (!form->full) {
            double own = factor[form->spherical ? 0 : j];
            squares += own * own * (scatter[j] + rows * gap[j] * gap[j]);
            continue;
        }
        double white = 0;
        for (int64_t i = 0; i <= j; i++) {
            double sum = 0;
            for (int64_t l = 0; l <= j; l++)
                sum += scatter[i * d + l] * factor[l * d + j];
            squares += factor[i * d + j] * sum;
            white += factor[i * d + j] * gap[i];
        }
        squares += rows * white * white;
    }
    return rows * logs - 0.5 * squares;
}

void mx_about_origin(const mx_form *form, const mx_model *about, const mx_moments *moments,
                     double *sums) {
    int64_t d = form->n_columns;
    for (int64_t k = 0; k < form->n_components; k++) {
        if (!is_centred(about, k))
            continue;
        double rows = moments->rows[k], *own = sums + k * form->n_features;
        const double *mean = moments->means + k * d, *scatter = moments->scatter + k * form->one;
        for (int64_t i = 0; i < d; i++)
            own[i] = rows * mean[i];
        for (int64_t p = 0, i, j; p < form->n_features - d - 1; p++) {
            mx_pair_of(p, d, &i, &j);
            own[d + 1 + p] = scatter[form->full ? i * d + j : i] + rows * mean[i] * mean[j];
        }
    }
}

void mx_upper_inverse(int64_t d, const double *upper, double *inverse) {
    for (int64_t j = 0; j < d; j++) {
        inverse[j * d + j] = 1.0 / upper[j * d + j];
        for (int64_t i = j - 1; i >= 0; i--) {
            double sum = 0;
            for (int64_t l = i + 1; l <= j; l++)
                sum += upper[i * d + l] * inverse[l * d + j];
            inverse[i * d + j] = -sum / upper[i * d + i];
        }
    }
}

/*
 * The precision U U^T, and how much larger the terms of a density are than what they leave; sets
 * `rough` as gaussian/digits.py does.
 */
static double precision_of(const mx_form *form, const double *factor, const double *mean,
                           double *precision, double *log_factor, double *rough) {
    int64_t d = form->n_columns;
    double inverse[MX_MOST_COLUMNS * MX_MOST_COLUMNS], spread[MX_MOST_COLUMNS];
    *log_factor = *rough = 0;
    if (!form->full) {
        double loss = 0;
        for (int64_t i = 0; i < d; i++) {
            double own = form->spherical ? factor[0] : factor[i];
            precision[i] = own * own;
            *log_factor += log(own);
            loss += precision[i] * mean[i] * mean[i];
            *rough += 1 + fabs(mean[i]) * own;
        }
        return loss;
    }
    mx_upper_inverse(d, factor, inverse);
    for (int64_t i = 0; i < d; i++) {
        *log_factor += log(factor[i * d + i]);
        double variance = 0;
        for (int64_t j = 0; j <= i; j++)
            variance += inverse[j * d + i] * inverse[j * d + i];
        spread[i] = sqrt(variance);
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t l = i; l < d; l++)
                sum += factor[i * d + l] * factor[j * d + l];
            precision[i * d + j] = precision[j * d + i] = sum;
        }
    }
    double loss = 0;
    for (int64_t i = 0; i < d; i++) {
        double inflated = spread[i] * spread[i] * precision[i * d + i];
        *rough += inflated + fabs(mean[i]) * sqrt(precision[i * d + i]);
    }
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++)
            loss += fabs(precision[i * d + j]) *
                    (spread[i] * spread[j] + fabs(mean[i] * mean[j]));
    return loss;
}

/* Sets the natural parameters of a component: its precision's, or those of a centred one. */
static void set_natural(const mx_form *form, const double *precision, const double *mean,
                        double constant, int centred, double *theta) {
    int64_t d = form->n_columns;
    memset(theta, 0, sizeof(double) * form->n_features);
    theta[d] = constant;
    if (centred)
        return;
    double distance = 0;
    for (int64_t i = 0; i < d; i++) {
        double sum = form->full ? 0 : precision[i] * mean[i];
        for (int64_t j = 0; form->full && j < d; j++)
            sum += precision[i * d + j] * mean[j];
        theta[i] = sum;
        distance += sum * mean[i];
    }
    theta[d] -= 0.5 * distance;
    for (int64_t p = 0, i, j; !form->lean && p < (form->full ? d * (d + 1) / 2 : d); p++) {
        mx_pair_of(p, d, &i, &j);
        double entry = form->full ? precision[i * d + j] : precision[p];
        theta[d + 1 + p] = (i == j ? -0.5 : -1.0) * entry;
    }
}

int mx_bind_plain(const mx_problem *problem, const mx_form *form, mx_model *model) {
    return mx_bind(problem, form, model) || model->n_centred ? MX_HARD : MX_DONE;
}

int mx_bind(const mx_problem *problem, const mx_form *form, mx_model *model) {
    int64_t d = form->n_columns;
    double precision[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    model->offset = model->log_prior = 0;
    model->n_centred = 0;
    for (int64_t k = 0; k < form->n_components; k++) {
        const double *mean = model->means + k * d;
        int64_t width = form->spherical ? 1 : form->one;
        double log_factor, *theta = model->theta + k * form->n_features;
        double loss = precision_of(form, model->factors + k * width, mean, precision, &log_factor,
                                   model->rough + k);
        if (!(loss < (form->pooled ? problem->far : FURTHEST)))
            return MX_HARD;
        int centred = !(loss < problem->far);
        model->centred[k] = centred;
        model->n_centred += centred;
        set_natural(form, precision, mean, model->log_weights[k] + log_factor, centred, theta);
        double trace = 0;
        for (int64_t i = 0; problem->prior_rows > 0 && i < form->one; i++)
            trace += precision[i] * problem->prior_scatter[i];
        model->log_prior += problem->prior_rows * log_factor - 0.5 * trace +
                            (problem->concentration - 1.0) * model->log_weights[k];
        for (int64_t i = 0; form->lean && k == 0 && i < form->one; i++)
            model->offset -= 0.5 * precision[i] * problem->second[i];
    }
    return MX_DONE;
}

static double squared_unit(const mx_problem *problem, const mx_form *form, int64_t entry) {
    int64_t d = form->n_columns;
    const double *unit = problem->unit;
    return form->full ? unit[entry / d] * unit[entry % d] : unit[entry] * unit[entry];
}

static double sum_over(int64_t n, const double *values) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

void mx_coordinates(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                    double *point) {
    int64_t n = form->n_components, d = form->n_columns;
    double total = sum_over(n, moments->rows);
    for (int64_t k = 0; k < n; k++)
        *point++ = moments->rows[k] / total;
    for (int64_t i = 0; i < n * d; i++)
        *point++ = moments->means[i] / problem->unit[i % d];
    for (int64_t start = 0, k = 0; start < form->n_scatter; start += form->one, k++) {
        double rows = form->pooled ? total : moments->rows[k], mean = 0;
        for (int64_t i = 0; i < form->one; i++) {
            double spread = moments->scatter[start + i] / rows / squared_unit(problem, form, i);
            mean += spread / d;
            if (!form->spherical)
                *point++ = spread;
        }
        if (form->spherical)
            *point++ = mean;
    }
}

int mx_moments_at(const mx_problem *problem, const mx_form *form, const double *point,
                  const mx_moments *like, mx_moments *moments) {
    int64_t n = form->n_components, d = form->n_columns;
    double total = sum_over(n, like->rows);
    for (int64_t k = 0; k < n; k++) {
        moments->rows[k] = *point++ * total;
        if (!(moments->rows[k] > LEAST_SHARE * like->rows[k]))
            return MX_HARD;
    }
    for (int64_t i = 0; i < n * d; i++)
        moments->means[i] = *point++ * problem->unit[i % d];
    double whole = sum_over(n, moments->rows);
    for (int64_t start = 0, k = 0; start < form->n_scatter; start += form->one, k++) {
        double rows = form->pooled ? whole : moments->rows[k];
        for (int64_t i = 0; i < form->one; i++) {
            double spread = form->spherical ? *point : *point++;
            moments->scatter[start + i] = spread * rows * squared_unit(problem, form, i);
        }
        if (form->spherical)
            point++;
    }
    return MX_DONE;
}
