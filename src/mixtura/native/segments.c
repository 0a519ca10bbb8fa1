#include "segments.h"

#include <math.h>
#include <string.h>

#include "gammas.h"
#include "negative_binomials.h"

/* Probabilities and rates of which the logarithm is taken; below it sums say nothing either. */
#define SMALLEST 1e-300
/* A component with no more of a row has none: amounts times less would be no numbers. */
#define EMPTY 1e-50
/* Rows that determine no shape: a start borrows as many. */
#define BORROWED 3.0

static double sum_over(int64_t n, const double *values) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

/* How many features a segment has. */
static int64_t width(const mx_segment *segment) { return segment->opening + segment->length; }

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

/* Where the parts of a gamma segment are: x, or the rate, of column j, and log x, or the shape. */
static int64_t linear(const mx_segment *segment, int64_t j) { return segment->opening + j; }
static int64_t logged(const mx_segment *segment, int64_t j) {
    return segment->opening + segment->length / 2 + j;
}

static void estimate_gammas(const mx_segment *segment, double rows, const double *sums,
                            const double *pseudo, const double *before, double *values) {
    for (int64_t j = 0; j < segment->length / 2; j++) {
        int64_t x = linear(segment, j), l = logged(segment, j);
        double total = rows_of(segment, rows, sums, pseudo, j), mean = 1, gap = 1;
        int known = total > EMPTY;
        if (!known && before) {
            values[x] = before[x];
            values[l] = before[l];
            continue;
        }
        if (known) {
            mean = (sums[x] + pseudo[x]) / total;
            gap = log(mean) - (sums[l] + pseudo[l]) / total;
        }
        values[l] = segment->shape;
        if (!(segment->shape > 0))
            mx_gamma_estimate(gap, segment->least ? segment->least[j] : 0, values + l, &mean);
        values[x] = values[l] / mean;
    }
}

/* The mean of a table is in the place of its first count, and 1 / size in that of the second. */
static void estimate_tables(const mx_segment *segment, double rows, const double *sums,
                            const double *pseudo, const double *before, double *values,
                            double *room) {
    for (int64_t j = 0; j < segment->n_tables; j++) {
        int64_t begin = segment->bounds[j], n = segment->bounds[j + 1] - begin;
        int64_t from = segment->opening + begin;
        double total = rows_of(segment, rows, sums, pseudo, j), *own = values + from;
        double guess = before ? before[from + 1] : 0;
        own[0] = before ? before[from] : 1;
        own[1] = guess;
        if (total > SMALLEST)
            mx_table_estimate(n, segment->counts + begin, sums + from, pseudo + from, total, guess,
                              own, room);
    }
}

static void estimate(const mx_segment *segment, double rows, const double *sums,
                     const double *pseudo, const double *before, double *values, double *room) {
    memset(values, 0, sizeof(double) * width(segment));
    if (segment->kind == MX_GAMMAS) {
        estimate_gammas(segment, rows, sums, pseudo, before, values);
        return;
    }
    if (segment->kind == MX_TABLES) {
        estimate_tables(segment, rows, sums, pseudo, before, values, room);
        return;
    }
    int64_t first = segment->opening, length = segment->kind == MX_NOTHING ? 0 : segment->length;
    double all = 0;
    if (segment->kind == MX_SHARES)
        all = sum_over(length, sums) + sum_over(length, pseudo);
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

int64_t mx_extras(const mx_problem *problem) {
    int64_t total = 0;
    for (int64_t s = 0; s < problem->n_segments; s++)
        total += width(problem->segments + s);
    return total;
}

int64_t mx_segment_room(const mx_problem *problem) {
    int64_t most = 0;
    for (int64_t s = 0; s < problem->n_segments; s++) {
        const mx_segment *segment = problem->segments + s;
        for (int64_t j = 0; segment->kind == MX_TABLES && j < segment->n_tables; j++) {
            int64_t n = segment->bounds[j + 1] - segment->bounds[j];
            most = n > most ? n : most;
        }
    }
    /* The counts that a component has, and how often. */
    return 2 * most;
}

void mx_estimate(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                 const mx_model *previous, mx_model *next) {
    int64_t n_extras = form->n_extras;
    for (int64_t k = 0; k < form->n_components; k++)
        for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
            int64_t from = k * n_extras + at;
            estimate(problem->segments + s, moments->rows[k], moments->extras + from,
                     problem->pseudo + at, previous->extras ? previous->extras + from : 0,
                     next->extras + from, moments->room);
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

/* Sets the natural parameters of a column; returns its constant, and what its terms may lose. */
static double bind_gamma(const mx_segment *segment, const double *values, int64_t j, double *theta,
                         double *rough) {
    int64_t x = linear(segment, j), l = logged(segment, j);
    double rate = values[x], shape = values[l];
    theta[x] = -rate;
    theta[l] = shape;
    *rough += 8 * shape * (2 + fabs(log(rate / shape)));
    return shape * log(rate) - mx_log_gamma(shape);
}

/* Sets the natural parameters of a table, and returns its constant. */
static double bind_table(const mx_segment *segment, const double *values, int64_t j,
                         double *theta) {
    int64_t from = segment->bounds[j], n = segment->bounds[j + 1] - from;
    const double *own = values + segment->opening + from;
    return mx_negative_binomial(n, segment->counts + from, own[0], own[1],
                                theta + segment->opening + from);
}

/* How many constants there are: one for each value, column of gamma densities or table. */
static int64_t constants(const mx_segment *segment) {
    switch (segment->kind) {
    case MX_NOTHING: return 0;
    case MX_GAMMAS: return segment->length / 2;
    case MX_TABLES: return segment->n_tables;
    default: return segment->length;
    }
}

/* Sets the natural parameters of which there is one constant, and returns that. */
static double bind_one(const mx_segment *segment, const double *values, int64_t i, double *theta,
                       double *rough) {
    if (segment->kind == MX_GAMMAS)
        return bind_gamma(segment, values, i, theta, rough);
    if (segment->kind == MX_TABLES)
        return bind_table(segment, values, i, theta);
    int64_t place = segment->opening + i;
    return bind_value(segment, values[place], theta + place);
}

/* Sets natural parameters; returns what they add to the constant, and to the log prior. */
static double bind(const mx_segment *segment, const double *values, const double *pseudo,
                   double *theta, double *log_prior, double *rough) {
    int64_t first = segment->opening;
    double all = 0;
    memset(theta, 0, sizeof(double) * (first + segment->length));
    for (int64_t i = 0; i < constants(segment); i++) {
        double own = bind_one(segment, values, i, theta, rough);
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
            model->bases[k] +=
                bind(problem->segments + s, model->extras + k * form->n_extras + at,
                     problem->pseudo + at, theta + first + at, &model->log_prior, model->rough + k);
            at += width(problem->segments + s);
        }
        theta[form->n_columns] += model->bases[k];
    }
}

/* The rows of column j of a component in a gamma segment, without pseudo-rows. */
static double own_rows(const mx_segment *segment, double rows, const double *sums, int64_t j) {
    return segment->opening ? sums[segment->opening == 1 ? 0 : j] : rows;
}

/* log mean(x) - mean(log x), or 1 without rows. */
static double own_gap(const mx_segment *segment, double rows, const double *sums, int64_t j) {
    double own = own_rows(segment, rows, sums, j);
    if (!(own > EMPTY))
        return 1;
    return log(sums[linear(segment, j)] / own) - sums[logged(segment, j)] / own;
}

static void borrow_gammas(const mx_segment *segment, const mx_form *form, int64_t at,
                          mx_moments *moments) {
    int64_t e = form->n_extras;
    for (int64_t j = 0; j < segment->length / 2; j++) {
        double total = 0, spread = 0;
        for (int64_t k = 0; k < form->n_gaussians; k++) {
            const double *sums = moments->extras + k * e + at;
            double own = own_rows(segment, moments->rows[k], sums, j);
            total += own;
            spread += own * own_gap(segment, moments->rows[k], sums, j);
        }
        spread /= fmax(total, SMALLEST);
        for (int64_t k = 0; k < form->n_gaussians; k++) {
            double *sums = moments->extras + k * e + at;
            double own = own_rows(segment, moments->rows[k], sums, j);
            double gap = own_gap(segment, moments->rows[k], sums, j);
            gap = (own * gap + BORROWED * spread) / (own + BORROWED);
            if (own > EMPTY)
                sums[logged(segment, j)] = own * (log(sums[linear(segment, j)] / own) - gap);
        }
    }
}

void mx_borrow_segments(const mx_problem *problem, const mx_form *form, mx_moments *moments) {
    for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
        const mx_segment *segment = problem->segments + s;
        if (segment->kind == MX_GAMMAS && !(segment->shape > 0))
            borrow_gammas(segment, form, at, moments);
        at += width(segment);
    }
}

/* The mean of all rows in a column, which no step of a run changes. */
static double unit_of(const mx_segment *segment, const mx_form *form, const mx_moments *moments,
                      int64_t at, int64_t j) {
    double total = 0, rows = 0;
    for (int64_t k = 0; k < form->n_gaussians; k++) {
        const double *sums = moments->extras + k * form->n_extras + at;
        total += sums[linear(segment, j)];
        rows += own_rows(segment, moments->rows[k], sums, j);
    }
    return total / rows;
}

void mx_segment_coordinates(const mx_problem *problem, const mx_form *form,
                            const mx_moments *moments, double total, double *point) {
    int64_t e = form->n_extras;
    for (int64_t i = 0; i < form->n_gaussians * e; i++)
        point[i] = moments->extras[i] / total;
    for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
        const mx_segment *segment = problem->segments + s;
        for (int64_t j = 0; segment->kind == MX_GAMMAS && j < segment->length / 2; j++) {
            double unit = unit_of(segment, form, moments, at, j);
            for (int64_t k = 0; k < form->n_gaussians; k++) {
                const double *sums = moments->extras + k * e + at;
                double own = own_rows(segment, moments->rows[k], sums, j);
                double *to = point + k * e + at;
                to[linear(segment, j)] /= unit;
                to[logged(segment, j)] -= own * log(unit) / total;
            }
        }
        at += width(segment);
    }
}

static int gammas_at(const mx_segment *segment, const mx_form *form, const double *point,
                     double total, int64_t at, const mx_moments *like, mx_moments *moments) {
    int64_t e = form->n_extras;
    for (int64_t j = 0; j < segment->length / 2; j++) {
        double unit = unit_of(segment, form, like, at, j);
        for (int64_t k = 0; k < form->n_gaussians; k++) {
            const double *from = point + k * e + at, *before = like->extras + k * e + at;
            double *sums = moments->extras + k * e + at;
            int64_t x = linear(segment, j), l = logged(segment, j);
            double known = own_rows(segment, like->rows[k], before, j);
            double own = own_rows(segment, moments->rows[k], sums, j);
            sums[x] = from[x] * total * unit;
            sums[l] = from[l] * total + own * log(unit);
            if (!(own >= MX_LEAST_SHARE * known && sums[x] >= MX_LEAST_SHARE * before[x]))
                return MX_HARD;
            double gap = own_gap(segment, moments->rows[k], sums, j);
            if (!(gap >= MX_LEAST_SHARE * own_gap(segment, like->rows[k], before, j)))
                return MX_HARD;
        }
    }
    return MX_DONE;
}

int mx_segments_at(const mx_problem *problem, const mx_form *form, const double *point,
                   double total, const mx_moments *like, mx_moments *moments) {
    for (int64_t i = 0; i < form->n_gaussians * form->n_extras; i++)
        moments->extras[i] = fmax(point[i] * total, MX_LEAST_SHARE * like->extras[i]);
    for (int64_t s = 0, at = 0; s < problem->n_segments; s++) {
        const mx_segment *segment = problem->segments + s;
        if (segment->kind == MX_GAMMAS && gammas_at(segment, form, point, total, at, like, moments))
            return MX_HARD;
        at += width(segment);
    }
    return MX_DONE;
}
