#include "ordinal.h"

#include <math.h>
#include <string.h>

#include "ordinal_links.h"
#include "workspace.h"

/* Steps of Newton at the most, and how often one is halved before it is given up. */
#define EFFECT_STEPS 200
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
/*
 * What is added to the curvature, in rows, where a step of Newton leads nowhere: the least and the
 * most, how it grows where one fails, and shrinks where one does not.
 */
#define LEAST_DAMPING 1e-8
#define MOST_DAMPING 1e4
#define MORE 30.0
#define LESS 0.1
/*
 * Levels with no more of all rows than this keep their shares: as differences of cumulative
 * probabilities no logit tells them.
 */
#define RARE_LEVEL 1e-14
/* A pivot that is rounding noise, in units of its diagonal. */
#define NO_PIVOT 1e-12

static int64_t laid_out(mx_ordinal *t, double *start) {
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
    mx_ordinal t = {.n_components = n_components, .n_levels = n_levels};
    return laid_out(&t, 0) + n_levels + n_components * n_levels;
}

/*
 * Sees which levels have more than the least part of all, where none has all are there, and sets
 * shares (L).
 */
static void see_levels(mx_ordinal *t, double least, double *shares) {
    double total = 0;
    for (int64_t l = 0; l < t->n_levels; l++) {
        double sum = 0;
        for (int64_t k = 0; k < t->n_components; k++)
            sum += t->counts[k * t->n_levels + l];
        shares[l] = sum;
        total += sum;
    }
    for (int64_t l = 0; l < t->n_levels; l++)
        t->there[l] = shares[l] > least * total;
    for (int64_t l = 0; l < t->n_levels && !(total > 0); l++)
        t->there[l] = 1;
    t->rows = total > 0 ? total : 1;
    for (int64_t l = 0; l < t->n_levels; l++) {
        shares[l] = total > 0 ? shares[l] / total : 1 / (double)t->n_levels;
        t->highest = t->there[l] > 0 ? l : t->highest;
    }
}

static void centre_scores(mx_ordinal *t, const double *scores) {
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

/*
 * Factors the lower triangle of the curvature by thresholds alone and solves for their step, in
 * which there is none of levels without curvature.
 */
static void solve_thresholds(mx_ordinal *t, const double *diagonal) {
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

/*
 * Sets the step of Newton from the point, effects being eliminated, with so much more curvature,
 * and returns what it promises.
 */
static double set_step(mx_ordinal *t, const mx_link *link, double damping) {
    int64_t K = t->n_components, L = t->n_levels;
    for (int64_t l = 0; l < L; l++)
        t->gradient[l] = 0;
    for (int64_t i = 0; i < L * L; i++)
        t->curvature[i] = 0;
    for (int64_t k = 0; k < K; k++)
        link->add_class(t, k);
    /* Nothing of the other point is needed now. */
    double *diagonal = t->tried;
    for (int64_t l = 0; l < L; l++) {
        diagonal[l] = t->curvature[l * L + l] * (1 + EFFECT_RIDGE) + damping;
        t->curvature[l * L + l] = diagonal[l];
        t->step[l] = t->gradient[l];
    }
    for (int64_t k = 0; k < K; k++) {
        const double *mixed = t->mixed + k * L;
        double spread = t->spread[k] * (1 + EFFECT_RIDGE) + damping;
        for (int64_t l = 0; l < L && spread > 0; l++) {
            t->step[l] -= mixed[l] * t->gradient[L + k] / spread;
            for (int64_t m = 0; m <= l; m++)
                t->curvature[l * L + m] -= mixed[l] * mixed[m] / spread;
        }
    }
    solve_thresholds(t, diagonal);
    double promised = 0;
    for (int64_t k = 0; k < K; k++) {
        double rest = t->gradient[L + k], spread = t->spread[k] * (1 + EFFECT_RIDGE) + damping;
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
static int step_on(mx_ordinal *t, const mx_link *link, double *value) {
    double share = 1;
    for (int halving = 0; halving < EFFECT_HALVINGS; halving++, share *= 0.5) {
        for (int64_t i = 0; i < t->n_levels + t->n_components; i++)
            t->tried[i] = t->point[i] + share * t->step[i];
        double found = link->value(t, t->tried, t->tried_logs);
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

/* Goes on from the point by steps of Newton; returns whether that came to an end. */
static int climb(mx_ordinal *t, const mx_link *link) {
    double value = link->value(t, t->point, t->logs), damping = 0;
    for (int step = 0; step < EFFECT_STEPS && damping < MOST_DAMPING; step++) {
        double promised = set_step(t, link, damping * t->rows);
        if (damping == 0 && promised <= LEAST_PROMISE * t->rows)
            return 1;
        if (!step_on(t, link, &value)) {
            damping = damping > 0 ? MORE * damping : LEAST_DAMPING;
            continue;
        }
        if (damping == 0 && promised <= LAST_PROMISE * t->rows)
            return 1;
        damping = damping > LEAST_DAMPING ? LESS * damping : 0;
    }
    return 0;
}

/* Keeps the logs of the point where they are the likeliest so far; returns its value. */
static double keep_better(mx_ordinal *t, const mx_link *link, double *best, double *kept) {
    double value = link->value(t, t->point, t->logs);
    if (value > *best) {
        *best = value;
        memcpy(kept, t->logs, sizeof(double) * t->n_components * t->n_levels);
    }
    return value;
}

/* Returns sum n log p of the levels that are there, of the shares (L) that classes have alike. */
static double of_shares(const mx_ordinal *t, const double *shares) {
    double total = 0;
    for (int64_t i = 0; i < t->n_components * t->n_levels; i++) {
        int told = t->there[i % t->n_levels] > 0 && t->counts[i] > 0;
        total += told ? t->counts[i] * log(shares[i % t->n_levels]) : 0;
    }
    return total;
}

void mx_row_effects(int64_t n_items, int64_t n_components, int64_t n_levels, const double *counts,
                    const double *scores, const double *previous, double *probabilities,
                    double *workspace) {
    int64_t size = n_components * n_levels;
    const mx_link *link = scores ? &mx_adjacent : &mx_cumulative;
    for (int64_t j = 0; j < n_items; j++) {
        mx_ordinal t = {
            .n_components = n_components, .n_levels = n_levels, .counts = counts + j * size};
        double *shares = workspace + laid_out(&t, workspace);
        see_levels(&t, scores ? 0 : RARE_LEVEL, shares);
        if (scores)
            centre_scores(&t, scores + j * n_levels);
        double best = -INFINITY, *kept = shares + n_levels;
        int good = 0;
        link->begin_alike(&t, shares);
        keep_better(&t, link, &best, kept);
        if (previous) {
            double alike = best;
            link->begin_at(&t, previous + j * size);
            good = keep_better(&t, link, &best, kept) >= alike && climb(&t, link);
            keep_better(&t, link, &best, kept);
        }
        /* Far from the maximum there may be no curvature to go by. */
        if (!good) {
            link->begin_alike(&t, shares);
            climb(&t, link);
            keep_better(&t, link, &best, kept);
        }
        int told = best >= of_shares(&t, shares);
        for (int64_t i = 0; i < size; i++) {
            int64_t l = i % n_levels;
            probabilities[j * size + i] = told && t.there[l] > 0 ? exp(kept[i]) : shares[l];
        }
    }
}
