#include "negative_binomials.h"

#include <math.h>

/* Of log alpha: the ends of the search, the last step, and the most steps. */
#define END 20.723265836946414
#define LAST_MOVE 1e-8
#define SEARCHED 80
/* Below it a power series is more exact than the quotient that it stands for. */
#define NEAR_POISSON 0.01
#define SMALLEST 1e-300

typedef struct {
    int64_t n;
    const double *counts, *table;
    double rows, mean;
} column;

typedef struct {
    double at, slope;
} end;

/* (t - log(1 + t)) / t^2, a half at 0. */
static double curved(double t) {
    if (t >= NEAR_POISSON)
        return (t - log1p(t)) / (t * t);
    double sum = 0;
    for (int i = 7; i >= 0; i--)
        sum = (i % 2 ? -1.0 : 1.0) / (i + 2) + t * sum;
    return sum;
}

/*
 * The derivative of the log-likelihood by log alpha. That of sum_{i<x} log(1 + alpha i) by alpha is
 * sum_{i<x} i / (1 + alpha i), which rises from count to count.
 */
static end end_at(const column *of, double at) {
    double inverse = exp(at), rise = 0, total = 0, i = 0;
    for (int64_t c = 0; c < of->n; c++) {
        for (; i < of->counts[c]; i++)
            rise += i / (1 + inverse * i);
        total += of->table[c] * rise;
    }
    total -= of->rows * of->mean * of->mean * curved(inverse * of->mean);
    return (end){at, inverse * total};
}

/* Goes from the start to both sides of the root, or to an end that it lies beyond. */
static void bracket(const column *of, double start, end *lower, end *upper) {
    *lower = *upper = end_at(of, start);
    double reach = 0.03;
    for (;; reach *= 4) {
        int left = lower->slope <= 0 && lower->at > -END;
        int right = !left && upper->slope > 0 && upper->at < END;
        if (!left && !right)
            return;
        double at = fmin(fmax(start + (left ? -reach : reach), -END), END);
        if (left) {
            *upper = *lower;
            *lower = end_at(of, at);
        } else {
            *lower = *upper;
            *upper = end_at(of, at);
        }
    }
}

/* Where the slope is 0 between two points, by false position (Illinois). */
static double root(const column *of, end a, end b) {
    double point = a.at;
    int before = -1;
    for (int turn = 0; turn < SEARCHED && a.at < b.at; turn++) {
        double gap = a.slope - b.slope, share = gap > 0 ? a.slope / gap : 0.5;
        point = a.at + fmin(fmax(share, 0), 1) * (b.at - a.at);
        end now = end_at(of, point);
        int rises = now.slope > 0;
        /* The end that stays twice has its slope halved, so that neither is left behind. */
        double kept = rises == before ? 0.5 : 1, moved = rises ? point - a.at : b.at - point;
        if (rises) {
            a = now;
            b.slope *= kept;
        } else {
            b = now;
            a.slope *= kept;
        }
        before = rises;
        if (fmin(moved, b.at - a.at) <= LAST_MOVE)
            break;
    }
    return point;
}

double mx_dispersion(int64_t n, const double *counts, const double *table, double rows, double mean,
                     double guess) {
    const column of = {n, counts, table, rows, mean};
    double squares = 0;
    for (int64_t c = 0; c < n; c++)
        squares += table[c] * counts[c] * counts[c];
    double beyond = squares / rows - mean * mean - mean;
    if (!(beyond > 0 && mean > 0) || !(end_at(&of, -END).slope > 0))
        return 0;
    double start = guess > 0 ? log(guess) : log(beyond) - 2 * log(mean);
    end lower, upper;
    bracket(&of, fmin(fmax(start, -END), END), &lower, &upper);
    return exp(root(&of, lower, upper));
}

double mx_negative_binomial(int64_t n, const double *counts, double mean, double inverse,
                            double *theta) {
    double spread = inverse * mean, rise = 0, i = 0;
    double each = log(mean > SMALLEST ? mean : SMALLEST) - log1p(spread);
    for (int64_t c = 0; c < n; c++) {
        for (; i < counts[c]; i++)
            rise += log1p(inverse * i);
        theta[c] = rise + counts[c] * each;
    }
    return spread > 0 ? -log1p(spread) / inverse : -mean;
}
