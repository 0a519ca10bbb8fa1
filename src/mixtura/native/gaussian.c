#include "gaussian.h"

#include <math.h>
#include <string.h>

#include "few_columns.h"
#include "segments.h"

/* A component of fewer rows than this has no mean. */
#define FEWEST 1e-200
#define SMALLEST_SHARE 1e-300

static int64_t products_of(const mx_form *form) {
    int64_t d = form->n_columns;
    return form->full ? d * (d + 1) / 2 : d;
}

mx_form mx_form_of(int64_t structure, int64_t n_components, int64_t n_columns) {
    mx_form form = {
        .structure = (int)structure, .n_components = n_components, .n_columns = n_columns};
    form.spherical = structure == MX_EII || structure == MX_VII;
    form.full = structure >= MX_EEE;
    form.pooled = structure == MX_EII || structure == MX_EEI || structure == MX_EEE;
    form.lean = form.pooled;
    form.common_axes = structure == MX_EVE || structure == MX_VVE;
    form.n_gaussians = n_components;
    form.n_pairs = form.pooled ? 0 : products_of(&form);
    form.n_features = n_columns + 1 + form.n_pairs;
    form.one = form.full ? n_columns * n_columns : n_columns;
    form.n_scatter = form.pooled ? form.one : n_components * form.one;
    form.n_factors = form.spherical ? n_components : n_components * form.one;
    int64_t spreads = form.spherical ? form.n_scatter / n_columns : form.n_scatter;
    form.n_coordinates = n_components * (n_columns + 1) + spreads;
    return form;
}

mx_form mx_form_for(const mx_problem *problem, int64_t n_components) {
    int64_t n_gaussians = n_components - (problem->has_noise != 0);
    mx_form form = mx_form_of(problem->structure, n_gaussians, problem->n_columns);
    form.n_components = n_components;
    const mx_coded *coded = problem->rows.coded;
    int64_t given = problem->rows.n_features + (coded ? coded->n_codes : 0) - mx_extras(problem);
    if (form.lean && (problem->gaps || given > form.n_features)) {
        /* What missing cells add depends on the component, and noise has products of its own. */
        form.lean = 0;
        form.n_pairs = products_of(&form);
        form.n_features += form.n_pairs;
    }
    form.n_extras = mx_extras(problem);
    form.n_room = mx_segment_room(problem);
    form.n_features += form.n_extras;
    form.n_coordinates += n_components - n_gaussians + n_gaussians * form.n_extras;
    return form;
}

mx_model mx_model_in(const mx_form *form, mx_workspace *workspace) {
    int64_t n = form->n_components, d = form->n_columns;
    mx_model model = {.log_weights = mx_taken(workspace, n),
                      .means = mx_taken(workspace, n * d),
                      .factors = mx_taken(workspace, form->n_factors),
                      .axes = mx_taken(workspace, d * d),
                      .extras = mx_taken(workspace, n * form->n_extras),
                      .theta = mx_taken(workspace, n * form->n_features),
                      .rough = mx_taken(workspace, n),
                      .bases = mx_taken(workspace, n),
                      .centred = mx_taken(workspace, n)};
    return model;
}

mx_moments mx_moments_in(const mx_form *form, mx_workspace *workspace) {
    int64_t n = form->n_components;
    mx_moments moments = {.rows = mx_taken(workspace, n),
                          .means = mx_taken(workspace, n * form->n_columns),
                          .scatter = mx_taken(workspace, form->n_scatter),
                          .extras = mx_taken(workspace, n * form->n_extras),
                          .room = mx_taken(workspace, form->n_room)};
    return moments;
}

INLINE void add_pairs(int64_t d, const double *products, double *second) {
    for (int64_t p = 0, i = 0, j = 0; p < d * (d + 1) / 2; p++, mx_next_pair(d, &i, &j)) {
        second[i * d + j] += products[p];
        if (i != j)
            second[j * d + i] += products[p];
    }
}

static void add_second_moments(const mx_form *form, const double *products, double *second) {
    if (form->full)
        MX_BY_COLUMNS(form->n_columns, add_pairs, products, second);
    for (int64_t p = 0; !form->full && p < form->n_columns; p++)
        second[p] += products[p];
}

INLINE void take_pairs(int64_t d, double rows, const double *mean, double *scatter) {
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++)
            scatter[i * d + j] -= rows * (mean[i] * mean[j]);
}

static void take_out(const mx_form *form, double rows, const double *mean, double *scatter) {
    if (form->full)
        MX_BY_COLUMNS(form->n_columns, take_pairs, rows, mean, scatter);
    for (int64_t i = 0; !form->full && i < form->n_columns; i++)
        scatter[i] -= rows * mean[i] * mean[i];
}

/* Digits that a floor covers are not missed. */
static double floor_of(const mx_problem *problem, int64_t column) {
    return problem->floor ? problem->floor[column] : 0.0;
}

static int is_centred(const mx_model *about, int64_t k) {
    return about && about->n_centred && about->centred[k] != 0;
}

int mx_has_rows(const mx_form *form, const double *sums) {
    for (int64_t k = 0; k < form->n_components; k++)
        if (!(sums[k * form->n_features + form->n_columns] > FEWEST))
            return 0;
    return 1;
}

static int moments_alone(const mx_problem *problem, const mx_form *form, const mx_model *about,
                         const double *sums, mx_moments *moments) {
    int64_t d = form->n_columns;
    if (!mx_has_rows(form, sums))
        return MX_HARD;
    memset(moments->scatter, 0, sizeof(double) * form->n_scatter);
    if (form->lean)
        memcpy(moments->scatter, problem->second, sizeof(double) * form->one);
    for (int64_t k = 0; k < form->n_components; k++, sums += form->n_features) {
        double rows = sums[d], *mean = moments->means + k * d;
        moments->rows[k] = rows;
        if (form->n_extras)
            memcpy(moments->extras + k * form->n_extras, sums + form->n_features - form->n_extras,
                   sizeof(double) * form->n_extras);
        if (k >= form->n_gaussians)
            continue;
        for (int64_t i = 0; i < d; i++)
            mean[i] = sums[i] / rows;
        double *scatter = moments->scatter + (form->pooled ? 0 : k * form->one);
        if (!form->lean)
            add_second_moments(form, sums + d + 1, scatter);
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
    double offsets[MX_MOST_COLUMNS];
    for (int64_t i = 0; i < d; i++)
        offsets[i] = 0;
    for (int64_t k = 0; k < form->n_gaussians; k++) {
        double rows = moments->rows[k], *mean = moments->means + k * d;
        const double *scatter = moments->scatter + (form->pooled ? 0 : k * form->one);
        for (int64_t i = 0; i < d; i++) {
            double offset = is_centred(about, k) ? 0 : rows * mean[i] * mean[i];
            offsets[i] += offset;
            double least = rows * floor_of(problem, i);
            if (!form->pooled && !(offset <= problem->far * fmax(scatter[i * step], least)))
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
    for (int64_t k = 0; k < form->n_gaussians; k++)
        total += moments->rows[k];
    for (int64_t i = 0; i < form->one; i++) {
        double mean = 0;
        for (int64_t k = 0; k < form->n_gaussians; k++)
            mean += moments->scatter[k * form->one + i] / total;
        for (int64_t k = 0; k < form->n_gaussians; k++) {
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
    mx_borrow_segments(problem, form, moments);
    return digits_kept(problem, form, about, moments);
}

void mx_weigh(const mx_problem *problem, const mx_form *form, const double *rows,
              double *log_weights) {
    int64_t n = form->n_components;
    const double *held = problem->held_weights;
    double total = 0, rest = 0, parts = 0, added = problem->concentration - 1.0;
    for (int64_t k = 0; k < n; k++) {
        total += rows[k] + added;
        if (k == form->n_gaussians - 1)
            rest = total;
        if (held && k < form->n_gaussians)
            parts += held[k];
    }
    for (int64_t k = 0; k < n; k++) {
        int is_held = held && k < form->n_gaussians;
        double share = is_held ? rest / total * (held[k] / parts) : (rows[k] + added) / total;
        log_weights[k] = log(share > SMALLEST_SHARE ? share : SMALLEST_SHARE);
    }
}

int mx_maximise(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                const mx_model *previous, mx_model *next, double *workspace) {
    int64_t n = form->n_gaussians, d = form->n_columns;
    double rows[MX_MOST_COMPONENTS], *scatter = workspace;
    for (int64_t k = 0; k < n; k++)
        rows[k] = moments->rows[k] + problem->prior_rows;
    memcpy(scatter, moments->scatter, sizeof(double) * form->n_scatter);
    double times = form->pooled ? (double)n : 1.0;
    for (int64_t start = 0; problem->prior_rows > 0 && start < form->n_scatter; start += form->one)
        for (int64_t i = 0; i < form->one; i++)
            scatter[start + i] += times * problem->prior_scatter[i];
    memcpy(next->means, moments->means, sizeof(double) * n * d);
    mx_weigh(problem, form, moments->rows, next->log_weights);
    mx_estimate(problem, form, moments, previous, next);
    if (!d)
        return mx_bind(problem, form, next);
    if (form->common_axes && previous->factors)
        memcpy(next->axes, previous->axes, sizeof(double) * d * d);
    double *axes = form->common_axes ? next->axes : 0;
    workspace += form->n_scatter;
    int status = problem->floor ? mx_update_floored(form->structure, n, d, scatter, rows,
                                                    problem->floor, previous->factors,
                                                    next->factors, axes, NULL, NULL, workspace)
                                : mx_update(form->structure, n, d, scatter, rows, previous->factors,
                                            next->factors, axes, NULL, workspace);
    if (status)
        return MX_FLAT;
    status = mx_bind(problem, form, next);
    return status && problem->gaps ? MX_FLAT : status;
}

void mx_about_origin(const mx_form *form, const mx_model *about, double *sums) {
    int64_t d = form->n_columns;
    for (int64_t k = 0; k < form->n_components; k++) {
        if (!is_centred(about, k))
            continue;
        double *own = sums + k * form->n_features, rows = own[d];
        const double *mean = about->means + k * d;
        for (int64_t p = 0, i = 0, j = 0; p < form->n_pairs; p++) {
            own[d + 1 + p] += mean[i] * own[j] + own[i] * mean[j] + rows * mean[i] * mean[j];
            if (form->full)
                mx_next_pair(d, &i, &j);
            else
                i = j = p + 1;
        }
        for (int64_t i = 0; i < d; i++)
            own[i] += rows * mean[i];
    }
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
    double total = sum_over(n, moments->rows), whole = sum_over(form->n_gaussians, moments->rows);
    for (int64_t k = 0; k < n; k++)
        *point++ = moments->rows[k] / total;
    mx_segment_coordinates(problem, form, moments, total, point);
    point += form->n_gaussians * form->n_extras;
    for (int64_t i = 0; i < form->n_gaussians * d; i++)
        *point++ = moments->means[i] / problem->unit[i % d];
    for (int64_t start = 0, k = 0; start < form->n_scatter; start += form->one, k++) {
        double rows = form->pooled ? whole : moments->rows[k], mean = 0;
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
        if (!(moments->rows[k] > MX_LEAST_SHARE * like->rows[k]))
            return MX_HARD;
    }
    /* What noise has of them says nothing. */
    memcpy(moments->extras, like->extras, sizeof(double) * n * form->n_extras);
    if (mx_segments_at(problem, form, point, total, like, moments))
        return MX_HARD;
    point += form->n_gaussians * form->n_extras;
    for (int64_t i = 0; i < form->n_gaussians * d; i++)
        moments->means[i] = *point++ * problem->unit[i % d];
    double whole = sum_over(form->n_gaussians, moments->rows);
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
