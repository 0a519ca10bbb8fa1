/*
 * With sums over i < x of log(1 + alpha i) all is said of a count x: those of i below a start x0
 * are added one by one, the others are differences of Stirling's formula at sizes x0 + r of 20 and
 * more, in terms of alpha' = 1 / (x0 + r) and y = x - x0, several counts abreast. No size and no
 * count makes them lose digits, or take longer.
 */
#include "negative_binomials.h"

#include <math.h>
#include <string.h>

#include "vector.h"

/* Of log alpha: the ends of the search, the longest step, the last, and the most steps. */
#define END 20.723265836946414
#define LONGEST_MOVE 3.0
#define LAST_MOVE 1e-9
#define SEARCHED 100
/* Sizes from which Stirling's series has all digits. */
#define SERIES_SIZE 20.0
/* Below it a power series is more exact than the quotient that it stands for. */
#define NEAR_POISSON 0.01
#define SMALLEST 1e-300
/* Parts of a component's rows that are not worth adding up. */
#define NEGLIGIBLE 1e-40

typedef struct {
    int64_t n;
    const double *counts, *table;
    double rows, mean, amount;
} column;

/* The derivative of a log-likelihood by log alpha, and its own. */
typedef struct {
    double slope, bend;
} end;

/* Where Stirling's formula begins, alpha' there, and alpha' / alpha. */
typedef struct {
    double start, inverse, share;
} tail;

static tail tail_of(double inverse) {
    double start = inverse * SERIES_SIZE > 1 ? ceil(SERIES_SIZE - 1 / inverse) : 0;
    double share = 1 / (1 + inverse * start);
    return (tail){start, inverse * share, share};
}

/* So many numbers at the most, and what stands for the rest. */
INLINE vec loaded(const double *from, int64_t left, double rest) {
    if (left >= LANES)
        return load(from);
    vec found = all_of(rest);
    for (int64_t i = 0; i < left; i++)
        found[i] = from[i];
    return found;
}

/* log(1 + t) of t >= 0, with the digits that 1 + t loses. */
INLINE vec log_beyond_one(vec t) {
    vec sum = 1.0 + t;
    return logarithm(sum) + (t - (sum - 1.0)) / sum;
}

/* (t - log(1 + t)) / t^2, a half at 0. */
INLINE vec curved(vec t, vec log) {
    vec series = all_of(-1.0 / 9);
    UNROLL for (int i = 8; i >= 2; i--) series = (i % 2 ? -1.0 : 1.0) / i + t * series;
    return chosen(t < NEAR_POISSON, series, (t - log) / (t * t));
}

/* Its derivative, where `curve` is the value. */
INLINE vec curving(vec t, vec curve) {
    vec series = -1.0 / 3 + t * (0.5 - t * (0.6 - t * (2.0 / 3)));
    return chosen(t < NEAR_POISSON, series, (1.0 / (1.0 + t) - 2.0 * curve) / t);
}

/* What Stirling's formula leaves at 1 / w, w / 12 - w^3 / 360 + ..., and its derivative. */
INLINE vec left_over(vec w) {
    vec s = w * w;
    return w *
           (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188)))));
}
INLINE vec left_slope(vec w) {
    vec s = w * w;
    return 1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132))));
}

/*
 * The sum over i < x of i / (1 + alpha i), the derivative by alpha of that of logarithms, and how it
 * changes with alpha, over all counts, but for what the smallest terms of Stirling's remainders do.
 */
static end sums_of_slopes(const column *of, double inverse) {
    tail far = tail_of(inverse);
    double rise = 0, bend = 0, i = 0;
    end sum = {0, 0};
    int64_t c = 0;
    for (; i < far.start; i++) {
        for (; c < of->n && of->counts[c] <= i; c++) {
            sum.slope += of->table[c] * rise;
            sum.bend -= of->table[c] * bend;
        }
        double each = i / (1 + inverse * i);
        rise += each;
        bend += each * each;
    }
    vec all = {0}, amounts = {0}, slopes = {0}, bends = {0}, least = left_slope(all_of(far.inverse));
    for (; c < of->n; c += LANES) {
        vec table = loaded(of->table + c, of->n - c, 0);
        vec y = loaded(of->counts + c, of->n - c, far.start) - far.start;
        vec t = far.inverse * y, share = 1.0 / (1.0 + t), half = 0.5 * y * share;
        vec curve = curved(t, log_beyond_one(t)), square = y * y;
        vec left = left_slope(far.inverse * share) * share * share;
        vec slope = square * curve - half + left - least;
        all += table;
        amounts += table * y;
        slopes += table * slope;
        bends += table * (square * y * curving(t, curve) + (half - 2.0 * left) * y * share);
    }
    /* 1 + alpha (x0 + h) is that of x0 times 1 + alpha' h, so sums over h say those over i. */
    double slope = sum_of(slopes), turn = sum_of(bends), q = far.share;
    double beyond = slope + far.start * (sum_of(amounts) - far.inverse * slope);
    double turning = turn - far.start * (slope + far.inverse * turn);
    sum.slope += sum_of(all) * rise + q * beyond;
    sum.bend += q * q * (q * turning - far.start * beyond) - sum_of(all) * bend;
    return sum;
}

static end end_at(const column *of, double at) {
    double inverse = exp(at), mean = of->mean, t = inverse * mean, share = 1 / (1 + t);
    vec curve = curved(all_of(t), all_of(log1p(t)));
    end sum = sums_of_slopes(of, inverse);
    sum.slope -= of->rows * mean * mean * curve[0] + of->amount * mean * share;
    sum.bend -= of->rows * mean * mean * mean * curving(all_of(t), curve)[0];
    sum.bend += of->amount * mean * mean * share * share;
    return (end){inverse * sum.slope, inverse * (sum.slope + inverse * sum.bend)};
}

/*
 * The root of the derivative by log alpha, of which there is one (Simonsen 1976), by Newton's steps
 * within the points known to lie about it; minus infinity where it falls from the lower end on.
 */
static double root(const column *of, double at) {
    double low = -END, high = END;
    int above = 0, below = 0; /* whether those points have been looked at */
    for (int turn = 0; turn < SEARCHED; turn++) {
        end now = end_at(of, at);
        int rises = now.slope > 0;
        if (!rises && at <= -END)
            return -INFINITY;
        if (rises && at >= END)
            return END;
        if (rises)
            low = at, below = 1;
        else
            high = at, above = 1;
        double move = now.bend < 0 ? -now.slope / now.bend : rises ? LONGEST_MOVE : -LONGEST_MOVE;
        double next = at + fmin(fmax(move, -LONGEST_MOVE), LONGEST_MOVE);
        if (next >= high)
            next = above ? 0.5 * (low + high) : high;
        if (next <= low)
            next = below ? 0.5 * (low + high) : low;
        double moved = fabs(next - at);
        at = next;
        if (moved <= LAST_MOVE)
            break;
    }
    return at;
}

/* The likeliest alpha, or 0 where the variance is that of a Poisson. */
static double likeliest(const column *of, double guess) {
    int64_t n = of->n;
    const double *counts = of->counts, *table = of->table;
    double rows = of->rows, mean = of->mean;
    double squares = 0;
    for (int64_t c = 0; c < n; c++)
        squares += table[c] * counts[c] * counts[c];
    double beyond = squares / rows - mean * mean - mean - of->amount * (1 + 2 * mean) / rows;
    if (!(beyond > 0 && mean > 0))
        return 0;
    double start = guess > 0 ? log(guess) : log(beyond) - 2 * log(mean);
    return exp(root(of, fmin(fmax(start, -END), END)));
}

void mx_table_estimate(int64_t n, const double *counts, const double *sums, const double *pseudo,
                       double rows, double guess, double *values, double *room) {
    double *held = room, *table = room + n, amount = 0;
    int64_t n_held = 0;
    for (int64_t c = 0; c < n; c++) {
        double often = sums[c] + pseudo[c];
        amount += often * counts[c];
        held[n_held] = counts[c];
        table[n_held] = often;
        n_held += often > NEGLIGIBLE * rows;
    }
    values[0] = amount / rows;
    values[1] = likeliest(&(column){n_held, held, table, rows, values[0], 0}, guess);
}

double mx_negative_binomial(int64_t n, const double *counts, double mean, double inverse,
                            double *theta) {
    double spread = inverse * mean, rise = 0, i = 0;
    double each = log(mean > SMALLEST ? mean : SMALLEST) - log1p(spread);
    tail far = tail_of(inverse);
    int64_t c = 0;
    for (; i < far.start; i++) {
        for (; c < n && counts[c] <= i; c++)
            theta[c] = rise + counts[c] * each;
        rise += log1p(inverse * i);
    }
    double shared = far.start * each + rise;
    each += log1p(inverse * far.start);
    vec least = left_over(all_of(far.inverse));
    for (; c < n; c += LANES) {
        int64_t left = n - c < LANES ? n - c : LANES;
        vec y = loaded(counts + c, n - c, far.start) - far.start;
        vec t = far.inverse * y, log = log_beyond_one(t);
        vec value = (y - 0.5) * log - y * t * curved(t, log) + left_over(far.inverse / (1.0 + t));
        value += y * each + (shared - least);
        if (left == LANES)
            store(theta + c, value);
        for (int64_t lane = 0; left < LANES && lane < left; lane++)
            theta[c + lane] = value[lane];
    }
    return spread > 0 ? -log1p(spread) / inverse : -mean;
}

void mx_dispersions(int64_t n_components, int64_t n_columns, const int64_t *bounds,
                    const double *counts, const double *tables, const double *rows,
                    const double *means, const double *beyond, const double *guess,
                    double *alphas) {
    for (int64_t k = 0; k < n_components; k++, tables += bounds[n_columns])
        for (int64_t j = 0, i = k * n_columns; j < n_columns; j++, i++) {
            int64_t from = bounds[j];
            const column of = {bounds[j + 1] - from, counts + from, tables + from,
                               rows[i],              means[i],      beyond[i]};
            alphas[i] = likeliest(&of, guess[i]);
        }
}

void mx_masses(int64_t n_components, int64_t n_columns, const int64_t *bounds, const double *counts,
               const double *means, const double *alphas, double *none, double *theta) {
    for (int64_t k = 0; k < n_components; k++, theta += bounds[n_columns])
        for (int64_t j = 0, i = k * n_columns; j < n_columns; j++, i++)
            none[i] = mx_negative_binomial(bounds[j + 1] - bounds[j], counts + bounds[j], means[i],
                                           alphas[i], theta + bounds[j]);
}
