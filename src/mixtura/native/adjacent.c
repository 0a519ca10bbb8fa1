/* Adjacent-category logits: log p_kl = b_l + s_l e_k + a constant of k. */
#include "ordinal_links.h"

#include <math.h>

/* Nearest to their logarithms. */
static void begin_at(mx_ordinal *t, const double *probabilities) {
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
            logs[l] = t->there[l] > 0 ? log(fmax(probabilities[k * L + l], LEAST_CELL)) : 0;
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

static void begin_alike(mx_ordinal *t, const double *shares) {
    for (int64_t l = 0; l < t->n_levels; l++)
        t->point[l] = shares[l] > 0 ? log(shares[l]) : 0;
    for (int64_t k = 0; k < t->n_components; k++)
        t->point[t->n_levels + k] = 0;
}

static double value(const mx_ordinal *t, const double *point, double *logs) {
    int64_t L = t->n_levels;
    double total = 0;
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
            total += counts[l] > 0 ? counts[l] * own[l] : 0;
        }
    }
    return total;
}

static void add_class(mx_ordinal *t, int64_t k) {
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

const mx_link mx_adjacent = {begin_at, begin_alike, value, add_class};
