/* Cumulative logits: logit P(level <= l | k) = b_l - e_k. */
#include "ordinal_links.h"

#include <math.h>

/* The logit of the shares (L) of levels up to one; those above it are added up too, for digits. */
static double logit_below(const mx_ordinal *t, const double *shares, int64_t level) {
    double below = 0, above = 0;
    for (int64_t l = 0; l <= level; l++)
        below += shares[l];
    for (int64_t l = t->n_levels - 1; l > level; l--)
        above += shares[l];
    return log(fmax(below, LEAST_CELL)) - log(fmax(above, LEAST_CELL));
}

static double log_logistic(double logit) {
    return logit < 0 ? logit - log1p(exp(logit)) : -log1p(exp(-logit));
}

/* Whether there is a threshold above a level. */
static int is_below(const mx_ordinal *t, int64_t l) { return t->there[l] > 0 && l < t->highest; }

/* Nearest to their logits. */
static void begin_at(mx_ordinal *t, const double *probabilities) {
    int64_t K = t->n_components, L = t->n_levels, n = 0;
    for (int64_t l = 0; l < L; l++) {
        t->point[l] = 0;
        n += is_below(t, l);
    }
    for (int64_t k = 0; k < K; k++) {
        double *logits = t->logs + k * L, mean = 0;
        for (int64_t l = 0; l < t->highest; l++) {
            logits[l] = logit_below(t, probabilities + k * L, l);
            mean += is_below(t, l) ? logits[l] / (double)n : 0;
        }
        for (int64_t l = 0; l < t->highest; l++)
            t->point[l] += is_below(t, l) ? (logits[l] - mean) / (double)K : 0;
        t->point[L + k] = -mean;
    }
}

static void begin_alike(mx_ordinal *t, const double *shares) {
    for (int64_t l = 0; l < t->n_levels; l++)
        t->point[l] = is_below(t, l) ? logit_below(t, shares, l) : 0;
    for (int64_t k = 0; k < t->n_components; k++)
        t->point[t->n_levels + k] = 0;
}

/* It is not a number, or minus infinity, where thresholds do not rise. */
static double value(const mx_ordinal *t, const double *point, double *logs) {
    int64_t L = t->n_levels;
    double total = 0;
    for (int64_t k = 0; k < t->n_components; k++) {
        const double *counts = t->counts + k * L;
        double lower = 0;
        int has_lower = 0;
        for (int64_t l = 0; l < L; l++) {
            double *own = logs + k * L + l;
            *own = -INFINITY;
            if (!(t->there[l] > 0))
                continue;
            double upper = point[l] - point[L + k];
            int has_upper = l < t->highest;
            /* F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)). */
            *own = (has_upper ? log_logistic(upper) : 0) + (has_lower ? log_logistic(-lower) : 0) +
                   (has_upper && has_lower ? log1p(-exp(lower - upper)) : 0);
            total += counts[l] > 0 ? counts[l] * *own : 0;
            lower = upper, has_lower = 1;
        }
    }
    return total;
}

/* p = F(above) - F(below) bends with the thresholds on both its sides, and with no other. */
static void add_class(mx_ordinal *t, int64_t k) {
    int64_t L = t->n_levels, before = -1;
    const double *counts = t->counts + k * L, *logs = t->logs + k * L;
    double *mixed = t->mixed + k * L, spread = 0, slope = 0;
    for (int64_t l = 0; l < L; l++)
        mixed[l] = 0;
    for (int64_t l = 0; l < L; l++) {
        if (!(t->there[l] > 0))
            continue;
        double p = fmax(exp(logs[l]), LEAST_CELL), share = counts[l] / p;
        double above = 0, below = 0, above_bend = 0, below_bend = 0;
        if (l < t->highest) {
            double F = 1 / (1 + exp(t->point[L + k] - t->point[l]));
            above = F * (1 - F), above_bend = above * (1 - 2 * F);
        }
        if (before >= 0) {
            double F = 1 / (1 + exp(t->point[L + k] - t->point[before]));
            below = F * (1 - F), below_bend = below * (1 - 2 * F);
        }
        double own = share * (above * above / p - above_bend);
        double other = share * (below * below / p + below_bend);
        double both = -share * above * below / p;
        if (l < t->highest) {
            t->gradient[l] += share * above;
            t->curvature[l * L + l] += own;
            mixed[l] -= own + both;
        }
        if (before >= 0) {
            t->gradient[before] -= share * below;
            t->curvature[before * L + before] += other;
            t->curvature[l * L + before] += l < t->highest ? both : 0;
            mixed[before] -= other + both;
        }
        slope -= share * (above - below);
        spread += own + other + 2 * both;
        before = l;
    }
    t->spread[k] = spread;
    t->gradient[L + k] = slope;
}

const mx_link mx_cumulative = {begin_at, begin_alike, value, add_class};
