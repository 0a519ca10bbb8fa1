/*
 * The search for common axes: Newton steps, and a sweep over planes wherever a Newton step does not
 * lead down; from the axes before, or from the lowest of several guesses.
 */
#include "common_axes.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "axes_landscape.h"
#include "lapack.h"
#include "spectrum.h"

#define WARM_STEPS 10
#define COLD_STEPS 100
/* A Newton step takes time by the cube of the columns: with more than this, fewer are taken. */
#define CHEAP_COLUMNS 8
#define FEWEST_STEPS 2
/* What a sweep must gain per row for more to follow. */
#define LEAST_GAIN 1e-13
/* Axes this far from orthogonal have come so by rounding, and are made so again. */
#define SKEW 1e-13
#define MOST_GUESSES 8
#define DESCENDED 5
#define WIDE_DESCENDED 2
#define GOLDEN_RATIO 1.61803398874989485

/* Go down by so many steps at most, or until they gain next to nothing; return F there. */
static double descend(const struct mx_landscape *it, int most_steps) {
    double value = mx_height(it), *before = it->spare;
    size_t size = (size_t)(it->n_columns * it->n_columns) * sizeof(double);
    for (int step = 0; step < most_steps; step++) {
        memcpy(before, it->columns, size);
        double promised = mx_newton_step(it);
        if (promised == 0.0) {
            break;
        }
        if (promised > 0.0) {
            double trial = mx_height(it);
            if (trial < value) {
                value = trial;
                continue;
            }
            memcpy(it->columns, before, size);
            mx_height(it);
        }
        double gained = mx_sweep_planes(it);
        value = mx_height_of_halves(it);
        if (!(gained > LEAST_GAIN * it->n_rows)) {
            break;
        }
    }
    return value;
}

/*
 * Make nearly orthogonal axes orthogonal but for rounding; return 0 if they are not nearly so. What
 * is orthogonal keeps the digits of its small entries.
 */
static int orthogonalise(int64_t n, double *columns, double *moved) {
    double largest = 0.0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t m = 0; m < n; m++) {
            moved[i * n + m] = 1.5 * columns[i * n + m];
        }
        for (int64_t j = 0; j < n; j++) {
            double product = 0.0;
            for (int64_t m = 0; m < n; m++) {
                product += columns[i * n + m] * columns[j * n + m];
            }
            if (!(fabs(product - (i == j)) < 1e-6)) {
                return 0;
            }
            largest = fmax(largest, fabs(product - (i == j)));
            for (int64_t m = 0; m < n; m++) {
                moved[i * n + m] -= 0.5 * product * columns[j * n + m];
            }
        }
    }
    if (largest > SKEW) {
        memcpy(columns, moved, (size_t)(n * n) * sizeof(double));
    }
    return 1;
}

static void transpose(int64_t n, const double *from, double *to) {
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            to[j * n + i] = from[i * n + j];
        }
    }
}

#define SUMS 3 /* guesses that combine all components */
/* Of all others, so that a component on few rows has axes. */
#define LITTLE 1e-6
#define GUESS_BLOCKS ((SUMS + MOST_GUESSES + MX_LANES - 1) / MX_LANES)

/* Set `matrix` (D, D) to a block's S_k = L_k L_k^T, the lower triangles only, and their traces. */
static void multiply_out(int64_t n, const mx_lanes *lower, mx_lanes *matrix, mx_lanes *trace) {
    *trace = (mx_lanes){0};
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            mx_lanes sum = {0};
            for (int64_t m = 0; m <= j; m++) {
                sum += lower[i * n + m] * lower[j * n + m];
            }
            matrix[i * n + j] = sum;
        }
        *trace += matrix[i * n + i];
    }
}

/* Set the components with most rows, and return how many are asked for. */
static int64_t find_fullest(const struct mx_landscape *it, int64_t *fullest) {
    int64_t count = it->n_components < MOST_GUESSES ? it->n_components : MOST_GUESSES;
    for (int64_t place = 0; place < count; place++) {
        fullest[place] = -1;
        for (int64_t k = 0; k < it->n_components; k++) {
            int taken = 0;
            for (int64_t before = 0; before < place; before++) {
                taken |= fullest[before] == k;
            }
            if (!taken && (fullest[place] < 0 || it->rows[k] > it->rows[fullest[place]])) {
                fullest[place] = k;
            }
        }
    }
    return count;
}

/* What guessing works in. */
struct room {
    mx_lanes *sums, *guesses; /* (guess blocks, D, D) */
    mx_lanes *matrix;         /* (D, D) */
    mx_lanes *values;         /* (D) */
    double *best;             /* (D, D) */
    double *own;              /* (D, D), (D, D), (D) and mx_spectrum_workspace */
};

static int64_t room_for(int64_t n) {
    return MX_LANES * ((2 * GUESS_BLOCKS + 1) * n * n + n) + 3 * n * n + n +
           mx_spectrum_workspace(n);
}

static struct room room_in(int64_t n, double *workspace) {
    int64_t size = n * n;
    mx_lanes *sums = (mx_lanes *)workspace, *guesses = sums + GUESS_BLOCKS * size;
    mx_lanes *matrix = guesses + GUESS_BLOCKS * size, *values = matrix + size;
    double *best = (double *)(values + n);
    return (struct room){sums, guesses, matrix, values, best, best + size};
}

/* Whether rotations of the factor of a sum have all digits, given the sum's diagonal. */
static int is_plain(int64_t n, const mx_lanes *lower, const mx_lanes *sum, const mx_lanes *values,
                    int64_t lane) {
    double least = DBL_MAX, most = 0.0;
    for (int64_t j = 0; j < n; j++) {
        double root = lower[j * (n + 1)][lane];
        if (!(root * root > MX_ROUNDING * (double)n * sum[j * (n + 1)][lane])) {
            return 0;
        }
        least = fmin(least, values[j][lane]);
        most = fmax(most, values[j][lane]);
    }
    return least > MX_PLAIN * most;
}

/* Set the guesses of one block to the eigenvectors of the sums; return 0 where there are none. */
static int find_eigenvectors(int64_t n, const struct room *in, int64_t block) {
    int64_t size = n * n;
    mx_lanes *sum = in->sums + block * size, *guesses = in->guesses + block * size;
    double *whole = in->own, *axes = whole + size, *values = axes + size;
    memcpy(in->matrix, sum, sizeof(mx_lanes) * size);
    if (n < MX_WIDE) {
        mx_cholesky(n, sum, in->values);
        mx_principal_axes(n, sum, guesses, in->values);
    }
    for (int64_t lane = 0; lane < MX_LANES; lane++) {
        if (n < MX_WIDE && is_plain(n, sum, in->matrix, in->values, lane)) {
            continue;
        }
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                whole[i * n + j] = whole[j * n + i] = in->matrix[i * n + j][lane];
            }
        }
        if (!mx_spectrum(n, whole, values, axes, values + n)) {
            return 0;
        }
        for (int64_t p = 0; p < size; p++) {
            guesses[p][lane] = axes[p];
        }
    }
    return 1;
}

/*
 * Set the guesses to the eigenvectors of sums of the scatters: of all, of all over their traces
 * with two kinds of irregular multiples (a plain sum may give two axes the same eigenvalue, and
 * lose them, where the scatters do not), and of the largest components alone. Return how many there
 * are, or 0 where one has none.
 */
static int64_t guess(const struct mx_landscape *it, const struct room *in) {
    int64_t n = it->n_columns, fullest[MOST_GUESSES], count = find_fullest(it, fullest);
    double largest = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        largest = fmax(largest, it->sizes[k]);
    }
    for (int64_t p = 0; p < GUESS_BLOCKS * n * n; p++) {
        in->sums[p] = (mx_lanes){0};
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        int64_t lane = k % MX_LANES, last = it->n_components - 1 - k;
        mx_lanes trace, multiples[GUESS_BLOCKS];
        multiply_out(n, it->lower + k / MX_LANES * n * n, in->matrix, &trace);
        for (int64_t g = 0; g < GUESS_BLOCKS * MX_LANES; g++) {
            double alone = g >= SUMS && g < SUMS + count && fullest[g - SUMS] == k;
            double irregular = 1.0 + fmod(GOLDEN_RATIO * (double)(g == 1 ? k : last), 1.0);
            multiples[g / MX_LANES][g % MX_LANES] = g == 1 || g == 2 ? irregular / trace[lane]
                                                    : g == 0 || g >= SUMS + count
                                                        ? it->sizes[k] / largest
                                                    : alone ? 1.0
                                                            : LITTLE;
        }
        for (int64_t block = 0; block < GUESS_BLOCKS; block++) {
            for (int64_t p = 0; p < n * n; p++) {
                in->sums[block * n * n + p] += multiples[block] * in->matrix[p][lane];
            }
        }
    }
    for (int64_t block = 0; block < GUESS_BLOCKS; block++) {
        if (!find_eigenvectors(n, in, block)) {
            return 0;
        }
    }
    return SUMS + count;
}

static void take_guess(const struct mx_landscape *it, const mx_lanes *guesses, int64_t g) {
    int64_t size = it->n_columns * it->n_columns;
    for (int64_t p = 0; p < size; p++) {
        it->columns[p] = guesses[g / MX_LANES * size + p][g % MX_LANES];
    }
}

/* So many, or fewer where each takes longer than it does in a few columns. */
static int affordable(int64_t n, int most, int least) {
    double times = (double)n / CHEAP_COLUMNS;
    return (int)fmax(least, fmin(most, most / (times * times * times)));
}

/* Descend from the lowest guesses, and end at the lowest point reached. */
static int descend_from_guesses(const struct mx_landscape *it, double *workspace) {
    int64_t size = it->n_columns * it->n_columns;
    struct room in = room_in(it->n_columns, workspace);
    mx_lanes *guesses = in.guesses;
    double heights[GUESS_BLOCKS * MX_LANES], lowest = DBL_MAX, *best = in.best;
    int64_t count = guess(it, &in);
    for (int64_t g = 0; g < count; g++) {
        take_guess(it, guesses, g);
        heights[g] = mx_height(it);
    }
    /* Wider than compiled runs take, where one M-step of many is cold, the search is to its end. */
    int wide = it->n_columns >= MX_WIDE;
    int most = wide ? WIDE_DESCENDED : affordable(it->n_columns, DESCENDED, 1);
    int steps = wide ? COLD_STEPS : affordable(it->n_columns, COLD_STEPS, FEWEST_STEPS);
    for (int tried = 0; tried < most && tried < count; tried++) {
        int64_t next = 0;
        for (int64_t g = 1; g < count; g++) {
            next = heights[g] < heights[next] ? g : next;
        }
        take_guess(it, guesses, next);
        heights[next] = DBL_MAX;
        double reached = descend(it, steps);
        if (reached < lowest) {
            lowest = reached;
            memcpy(best, it->columns, (size_t)size * sizeof(double));
        }
    }
    if (lowest < DBL_MAX) {
        memcpy(it->columns, best, (size_t)size * sizeof(double));
        mx_height(it);
    }
    return lowest < DBL_MAX;
}

int64_t mx_common_axes_workspace(int64_t n_components, int64_t n_columns) {
    int64_t blocks = mx_blocks(n_components), size = n_columns * n_columns;
    int64_t newton = mx_newton_workspace(blocks, n_columns), planes = mx_planes_workspace(blocks);
    return MX_LANES * blocks * (2 * size + n_columns + 2) + 2 * size +
           (newton > planes ? newton : planes) + room_for(n_columns);
}

/* Set the variances: s_kj of W_k over the weights, which are in units of rows. */
static void divide_by_weights(const struct mx_landscape *it, double unit, mx_lanes *variances) {
    int64_t n = it->n_columns;
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        for (int64_t j = 0; j < n; j++) {
            double spread = it->spreads[k / MX_LANES * n + j][k % MX_LANES];
            variances[k / MX_LANES * n + j][k % MX_LANES] =
                k < it->n_components ? spread * (it->sizes[k] / (it->weights[k] * unit)) : 1.0;
        }
    }
}

int mx_common_axes(int64_t n_components, int64_t n_columns, int one_volume, const mx_lanes *lower,
                   const double *rows, const double *sizes, int warm, double *axes,
                   mx_lanes *variances, double *workspace) {
    int64_t n = n_columns, blocks = mx_blocks(n_components), padded = MX_LANES * blocks;
    double n_rows = 0.0, *padded_rows = workspace, *weights = workspace + padded;
    mx_lanes *spreads = (mx_lanes *)(weights + padded), *halves = spreads + blocks * n;
    mx_lanes *turned = halves + blocks * n * n;
    double *columns = (double *)(turned + blocks * n * n), *spare = columns + n * n;
    double *newton = spare + n * n;
    int64_t stepping = mx_newton_workspace(blocks, n), planes = mx_planes_workspace(blocks);
    double *guesses = newton + (stepping > planes ? stepping : planes);
    int exponent;
    for (int64_t k = 0; k < n_components; k++) {
        n_rows += rows[k];
    }
    /* Slopes and bends are multiplied, so rows are counted in a power of two near their total. */
    n_rows = frexp(n_rows, &exponent);
    double unit = ldexp(1.0, exponent);
    for (int64_t k = 0; k < padded; k++) {
        padded_rows[k] = k < n_components ? ldexp(rows[k], -exponent) : 0.0;
    }
    struct mx_landscape it = {n_components, n,           blocks, one_volume, n_rows,
                              lower,        padded_rows, halves, spreads,    weights,
                              columns,      turned,      newton, spare,      sizes};
    if (warm) {
        transpose(n, axes, columns);
    }
    if (warm && orthogonalise(n, columns, spare)) {
        descend(&it, affordable(n, WARM_STEPS, FEWEST_STEPS));
    } else if (!descend_from_guesses(&it, guesses)) {
        return MX_FLAT;
    }
    divide_by_weights(&it, unit, variances);
    transpose(n, columns, axes);
    return MX_DONE;
}
