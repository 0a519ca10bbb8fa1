#include "ordinal.h"

#include <math.h>

#include "workspace.h"

/* Steps of Newton at the most, and how often one is halved before it is given up. */
#define EFFECT_STEPS 100
#define EFFECT_HALVINGS 30
/*
 * The end, by what a step promises, in nats a row; after one of the first kind the next is of the
 * second, as steps of Newton square what is left.
 */
#define LAST_PROMISE 1e-9
#define LEAST_PROMISE 1e-14
/*
 * One number added to all thresholds, or a multiple of the scores, changes nothing; this much more
 * of the curvature lets steps leave such directions alone.
 */
#define EFFECT_RIDGE 1e-9
/* A pivot that is rounding noise, in units of its diagonal. */
#define NO_PIVOT 1e-12
/* What stands for log 0. */
#define LEAST_CELL 1e-300

/*
 * One table. Arrays of L: whether somebody chose a level, and scores about their mean by their
 * spread; a point and another that is tried, of thresholds (L) and effects (K) one after the other,
 * with log p (K, L); and what a step is made of.
 */
typedef struct {
    int64_t n_components, n_levels;
    const double *counts;
    double rows;
    double *there, *scores;
    double *point, *logs, *tried, *tried_logs;
    double *gradient, *step, *curvature, *mixed, *spread;
} table;

static int64_t laid_out(table *t, double *start) {
    int64_t K = t->n_components, L = t->n_levels;
    mx_workspace room = {start, 0};
    t->there = mx_taken(&room, L);
    t->scores = mx_taken(&room, L);
    t->point = mx_taken(&room, L + K);
    t->tried = mx_taken(&room, L + K);
    t->gradient = mx_taken(&room, L + K);
    t->step = mx_taken(&room, L + K);
    t->logs = mx_taken(&room, K * L);
    t->tried_logs = mx_taken(&room, K * L);
    t->mixed = mx_taken(&room, K * L);
    t->spread = mx_taken(&room, K);
    t->curvature = mx_taken(&room, L * L);
    return room.used;
}

int64_t mx_row_effects_workspace(int64_t n_components, int64_t n_levels) {
    table t = {.n_components = n_components, .n_levels = n_levels};
    return laid_out(&t, 0);
}

/* Sees which levels have counts; where none has, all are there. */
static void see_levels(table *t) {
    double total = 0;
    for (int64_t l = 0; l < t->n_levels; l++) {
        double sum = 0;
        for (int64_t k = 0; k < t->n_components; k++)
            sum += t->counts[k * t->n_levels + l];
        t->there[l] = sum > 0;
        total += sum;
    }
    for (int64_t l = 0; l < t->n_levels && !(total > 0); l++)
        t->there[l] = 1;
    t->rows = total > 0 ? total : 1;
}

static void centre_scores(table *t, const double *scores) {
    double number = 0, mean = 0, square = 0;
    for (int64_t l = 0; l < t->n_levels; l++) {
        number += t->there[l];
        mean += t->there[l] * scores[l];
    }
    mean /= number;
    for (int64_t l = 0; l < t->n_levels; l++) {
        t->scores[l] = t->there[l] > 0 ? scores[l] - mean : 0;
        square += t->scores[l] * t->scores[l];
    }
    double spread = square > 0 ? sqrt(square / number) : 1;
    for (int64_t l = 0; l < t->n_levels; l++)
        t->scores[l] /= spread;
}

/* Sets the point to what is nearest to the logarithms of probabilities (K, L). */
static void begin_at(table *t, const double *previous) {
    int64_t K = t->n_components, L = t->n_levels;
    double *thresholds = t->point, *effects = t->point + L, number = 0, square = 0;
    for (int64_t l = 0; l < L; l++) {
        number += t->there[l];
        square += t->scores[l] * t->scores[l];
        thresholds[l] = 0;
    }
    for (int64_t k = 0; k < K; k++) {
        double *logs = t->logs + k * L, mean = 0;
        for (int64_t l = 0; l < L; l++) {
            logs[l] = t->there[l] > 0 ? log(fmax(previous[k * L + l], LEAST_CELL)) : 0;
            mean += logs[l] / number;
        }
        for (int64_t l = 0; l < L; l++) {
            logs[l] = t->there[l] > 0 ? logs[l] - mean : 0;
            thresholds[l] += logs[l] / (double)K;
        }
    }
    for (int64_t k = 0; k < K; k++) {
        effects[k] = 0;
        for (int64_t l = 0; l < L && square > 0; l++)
            effects[k] += (t->logs[k * L + l] - thresholds[l]) * t->scores[l] / square;
    }
}

/* Sets the point to what all classes have together. */
static void begin_alike(table *t) {
    int64_t K = t->n_components, L = t->n_levels;
    for (int64_t l = 0; l < L; l++) {
        double sum = 0;
        for (int64_t k = 0; k < K; k++)
            sum += t->counts[k * L + l];
        t->point[l] = sum > 0 ? log(sum / t->rows) : 0;
    }
    for (int64_t k = 0; k < K; k++)
        t->point[L + k] = 0;
}

/* Sets log p (K, L) of a point and returns sum n log p. */
static double value_at(const table *t, const double *point, double *logs) {
    int64_t L = t->n_levels;
    double value = 0;
    for (int64_t k = 0; k < t->n_components; k++) {
        double *own = logs + k * L, top = -INFINITY, sum = 0;
        const double *counts = t->counts + k * L;
        for (int64_t l = 0; l < L; l++) {
            own[l] = point[l] + point[L + k] * t->scores[l];
            if (t->there[l] > 0)
                top = fmax(top, own[l]);
        }
        for (int64_t l = 0; l < L; l++)
            sum += t->there[l] > 0 ? exp(own[l] - top) : 0;
        double all = top + log(sum);
        for (int64_t l = 0; l < L; l++) {
            own[l] = t->there[l] > 0 ? own[l] - all : -INFINITY;
            value += counts[l] > 0 ? counts[l] * own[l] : 0;
        }
    }
    return value;
}

/* Adds what class k says of thresholds and of its effect. */
static void add_class(table *t, int64_t k) {
    int64_t L = t->n_levels;
    const double *counts = t->counts + k * L, *logs = t->logs + k * L;
    double *mixed = t->mixed + k * L, rows = 0, mean = 0, spread = 0, slope = 0;
    for (int64_t l = 0; l < L; l++) {
        rows += counts[l];
        mean += exp(logs[l]) * t->scores[l];
    }
    for (int64_t l = 0; l < L; l++) {
        double p = exp(logs[l]), expected = rows * p, apart = t->scores[l] - mean;
        mixed[l] = expected * apart;
        spread += mixed[l] * apart;
        slope += t->scores[l] * (counts[l] - expected);
        t->gradient[l] += counts[l] - expected;
        t->curvature[l * L + l] += expected;
        for (int64_t m = 0; m <= l; m++)
            t->curvature[l * L + m] -= expected * exp(logs[m]);
    }
    t->spread[k] = spread;
    t->gradient[L + k] = slope;
}

/*
 * Factors the lower triangle of the curvature by thresholds alone and solves for their step, in
 * which there is none of levels without curvature.
 */
static void solve_thresholds(table *t, const double *diagonal) {
    int64_t L = t->n_levels;
    double *a = t->curvature, *x = t->step;
    for (int64_t j = 0; j < L; j++) {
        double pivot = a[j * L + j];
        for (int64_t i = 0; i < j; i++)
            pivot -= a[j * L + i] * a[j * L + i];
        int none = !(pivot > NO_PIVOT * diagonal[j]);
        double root = none ? 0 : sqrt(pivot);
        a[j * L + j] = root;
        for (int64_t r = j + 1; r < L; r++) {
            double sum = a[r * L + j];
            for (int64_t i = 0; i < j; i++)
                sum -= a[r * L + i] * a[j * L + i];
            a[r * L + j] = none ? 0 : sum / root;
        }
        for (int64_t i = 0; i < j; i++)
            x[j] -= a[j * L + i] * x[i];
        x[j] = none ? 0 : x[j] / root;
    }
    for (int64_t j = L - 1; j >= 0; j--) {
        for (int64_t r = j + 1; r < L; r++)
            x[j] -= a[r * L + j] * x[r];
        x[j] = a[j * L + j] > 0 ? x[j] / a[j * L + j] : 0;
    }
}

/* Sets the step of Newton from the point, effects being eliminated, and returns what it promises.
 */
static double set_step(table *t) {
    int64_t K = t->n_components, L = t->n_levels;
    for (int64_t l = 0; l < L; l++)
        t->gradient[l] = 0;
    for (int64_t i = 0; i < L * L; i++)
        t->curvature[i] = 0;
    for (int64_t k = 0; k < K; k++)
        add_class(t, k);
    /* Nothing of the other point is needed now. */
    double *diagonal = t->tried;
    for (int64_t l = 0; l < L; l++) {
        diagonal[l] = t->curvature[l * L + l];
        t->curvature[l * L + l] *= 1 + EFFECT_RIDGE;
        t->step[l] = t->gradient[l];
    }
    for (int64_t k = 0; k < K; k++) {
        const double *mixed = t->mixed + k * L;
        double spread = t->spread[k] * (1 + EFFECT_RIDGE);
        for (int64_t l = 0; l < L && spread > 0; l++) {
            t->step[l] -= mixed[l] * t->gradient[L + k] / spread;
            for (int64_t m = 0; m <= l; m++)
                t->curvature[l * L + m] -= mixed[l] * mixed[m] / spread;
        }
    }
    solve_thresholds(t, diagonal);
    double promised = 0;
    for (int64_t k = 0; k < K; k++) {
        double rest = t->gradient[L + k], spread = t->spread[k] * (1 + EFFECT_RIDGE);
        for (int64_t l = 0; l < L; l++)
            rest -= t->mixed[k * L + l] * t->step[l];
        t->step[L + k] = spread > 0 ? rest / spread : 0;
        promised += t->gradient[L + k] * t->step[L + k];
    }
    for (int64_t l = 0; l < L; l++)
        promised += t->gradient[l] * t->step[l];
    return promised;
}

/* Goes along the step, halved until nothing is lost but by rounding; returns whether it went. */
static int step_on(table *t, double *value) {
    double share = 1;
    for (int halving = 0; halving < EFFECT_HALVINGS; halving++, share *= 0.5) {
        for (int64_t i = 0; i < t->n_levels + t->n_components; i++)
            t->tried[i] = t->point[i] + share * t->step[i];
        double found = value_at(t, t->tried, t->tried_logs);
        if (found >= *value - LEAST_PROMISE * (t->rows + fabs(*value))) {
            double *point = t->point, *logs = t->logs;
            t->point = t->tried, t->tried = point;
            t->logs = t->tried_logs, t->tried_logs = logs;
            *value = found;
            return 1;
        }
    }
    return 0;
}

void mx_row_effects(int64_t n_items, int64_t n_components, int64_t n_levels, const double *counts,
                    const double *scores, const double *previous, double *probabilities,
                    double *workspace) {
    int64_t size = n_components * n_levels;
    for (int64_t j = 0; j < n_items; j++) {
        table t = {.n_components = n_components, .n_levels = n_levels, .counts = counts + j * size};
        laid_out(&t, workspace);
        see_levels(&t);
        centre_scores(&t, scores + j * n_levels);
        if (previous)
            begin_at(&t, previous + j * size);
        else
            begin_alike(&t);
        double value = value_at(&t, t.point, t.logs);
        for (int step = 0; step < EFFECT_STEPS; step++) {
            double promised = set_step(&t);
            if (promised <= LEAST_PROMISE * t.rows || !step_on(&t, &value) ||
                promised <= LAST_PROMISE * t.rows)
                break;
        }
        for (int64_t i = 0; i < size; i++)
            probabilities[j * size + i] = exp(t.logs[i]);
    }
}
