/*
 * Descent over rotations by sweeps over planes of two axes. With s_kj = q_j^T W_k q_j it lowers
 *
 *     VVE   F(Q) = sum_k N_k sum_j log s_kj                      (Flury and Gautschi 1986)
 *     EVE   F(Q) = n D log sum_k exp(sum_j log s_kj / D)
 *
 * by a Newton step of the angle t in each plane (i, j), where only r_k = s_ki s_kj changes: with
 * d = (s_ki - s_kj) / 2 and g = q_i^T W_k q_j,
 *
 *     r_k(t) / r_k(0) = 1 + 4 sin t cos t (d sin t - g cos t) (d cos t + g sin t) / r_k(0).
 *
 * The scatters are kept as H_k = L_k^T Q, W_k = L_k L_k^T, whose columns turn with the axes: so
 * small spreads are as exact as large ones.
 */
#include "common_axes.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST_BLOCKS (MX_MOST_COMPONENTS / MX_LANES)
#define WARM_SWEEPS 10
#define COLD_SWEEPS 200
#define MOST_HALVINGS 12
#define WIDEST_ANGLE 0.78539816339744831
/* Per row: what a step must promise to be made, and a sweep must gain for another to follow. */
#define LEAST_PROMISE 1e-14
#define LEAST_GAIN 1e-11
#define LEAST_CURVATURE 1e-6
/* Spreads of one component less than this apart are left to more careful methods. */
#define LEAST_RATIO 1e-10
#define MOST_GUESSES 8
#define DESCENDED 3
#define GOLDEN_RATIO 1.61803398874989485

struct landscape {
    int64_t n_components, n_columns, n_blocks;
    int one_volume;
    double n_rows;
    const mx_lanes *lower; /* (blocks, D, D) L_k */
    const double *rows;    /* (4 blocks) N_k, 0 past the last component */
    mx_lanes *halves;      /* (blocks, D, D) row j is column j of H_k */
    mx_lanes *spreads;     /* (blocks, D) s_kj */
    double *weights;       /* (4 blocks) the derivatives of F by any log s_kj */
    double *columns;       /* (D, D) row j is q_j */
};

/* One plane of two axes: what F depends on there, for each component. */
struct plane {
    int64_t i, j;
    double slope, bend; /* dF/dt, d2F/dt2 at t = 0 */
    mx_lanes difference[MOST_BLOCKS], product[MOST_BLOCKS], square[MOST_BLOCKS]; /* d, g, r */
    double changes[MX_MOST_COMPONENTS]; /* log r_k(t) / r_k(0) of the last trial */
};

/* Set `halves` and `spreads` to what they are at the axes. */
static void turn_halves(const struct landscape *it) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *lower = it->lower + block * n * n;
        for (int64_t j = 0; j < n; j++) {
            const double *axis = it->columns + j * n;
            mx_lanes *half = it->halves + (block * n + j) * n, spread = {0};
            for (int64_t m = 0; m < n; m++) {
                mx_lanes sum = {0};
                for (int64_t i = m; i < n; i++) {
                    sum += lower[i * n + m] * axis[i];
                }
                half[m] = sum;
                spread += sum * sum;
            }
            it->spreads[block * n + j] = spread;
        }
    }
}

/* Set `spreads` to the squared lengths of the halves. */
static void measure_spreads(const struct landscape *it) {
    int64_t n = it->n_columns;
    for (int64_t row = 0; row < it->n_blocks * n; row++) {
        mx_lanes spread = {0};
        for (int64_t m = 0; m < n; m++) {
            spread += it->halves[row * n + m] * it->halves[row * n + m];
        }
        it->spreads[row] = spread;
    }
}

/* Return F at the spreads, and set the weights. */
static double weigh(const struct landscape *it) {
    int64_t n = it->n_columns;
    double value = 0.0, largest = -DBL_MAX, total = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        const mx_lanes *spreads = it->spreads + k / MX_LANES * n;
        double sum = 0.0;
        for (int64_t j = 0; j < n; j++) {
            sum += log(spreads[j][k % MX_LANES]);
        }
        it->weights[k] = sum / (double)n;
        value += it->rows[k] * sum;
        largest = fmax(largest, it->weights[k]);
    }
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        int present = k < it->n_components;
        it->weights[k] = !present        ? 0.0
                         : it->one_volume ? exp(it->weights[k] - largest)
                                          : it->rows[k];
        total += it->weights[k];
    }
    if (!it->one_volume) {
        return value;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        it->weights[k] *= it->n_rows / total;
    }
    return it->n_rows * (double)n * (largest + log(total));
}

static double add_lanes(const mx_lanes *values) {
    return ((*values)[0] + (*values)[1]) + ((*values)[2] + (*values)[3]);
}

/* Set a plane's differences, products, squares, slope and bend. */
static void look_around(const struct landscape *it, struct plane *here) {
    int64_t n = it->n_columns;
    const mx_lanes *weights = (const mx_lanes *)it->weights;
    mx_lanes slope = {0}, bend = {0}, scatter = {0};
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *one = it->halves + (block * n + here->i) * n;
        const mx_lanes *other = it->halves + (block * n + here->j) * n;
        mx_lanes left = {0}, right = {0}, both = {0};
        for (int64_t m = 0; m < n; m++) {
            left += one[m] * one[m];
            right += other[m] * other[m];
            both += one[m] * other[m];
        }
        mx_lanes half = 0.5 * (left - right), square = left * right, inverse = 1.0 / square;
        mx_lanes rise = -4.0 * half * both * inverse;
        here->difference[block] = half;
        here->product[block] = both;
        here->square[block] = square;
        slope += weights[block] * rise;
        bend += weights[block] * (8.0 * (half * half - both * both) * inverse - rise * rise);
        scatter += weights[block] * rise * rise;
    }
    here->slope = add_lanes(&slope);
    here->bend = add_lanes(&bend);
    if (it->one_volume) {
        double mean = here->slope / it->n_rows;
        here->bend += (add_lanes(&scatter) - here->slope * mean) / (double)n;
    }
}

/* Return what F changes by at an angle, and keep the changes of log r_k. */
static double change_at(const struct landscape *it, struct plane *here, double sine,
                        double cosine) {
    double total = 0.0, columns = (double)it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes half = here->difference[block], both = here->product[block];
        mx_lanes moved = 4.0 * sine * cosine * (half * sine - both * cosine) *
                         (half * cosine + both * sine) / here->square[block];
        for (int64_t lane = 0; lane < MX_LANES; lane++) {
            int64_t k = block * MX_LANES + lane;
            if (k < it->n_components) {
                here->changes[k] = log1p(moved[lane]);
                total += it->weights[k] * (it->one_volume ? expm1(here->changes[k] / columns)
                                                          : here->changes[k]);
            }
        }
    }
    return it->one_volume ? it->n_rows * columns * log1p(total / it->n_rows) : total;
}

/* Turn two axes, and the halves with them. */
static void turn(const struct landscape *it, const struct plane *here, double sine,
                 double cosine) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes *one = it->halves + (block * n + here->i) * n;
        mx_lanes *other = it->halves + (block * n + here->j) * n;
        for (int64_t m = 0; m < n; m++) {
            mx_lanes left = one[m], right = other[m];
            one[m] = cosine * left + sine * right;
            other[m] = cosine * right - sine * left;
        }
    }
    double *one = it->columns + here->i * n, *other = it->columns + here->j * n;
    for (int64_t m = 0; m < n; m++) {
        double left = one[m], right = other[m];
        one[m] = cosine * left + sine * right;
        other[m] = cosine * right - sine * left;
    }
}

/* Let the weights follow a step in a plane (EVE). */
static void follow(const struct landscape *it, const struct plane *here, double change) {
    double columns = (double)it->n_columns, mean = change / (it->n_rows * columns);
    for (int64_t k = 0; it->one_volume && k < it->n_components; k++) {
        it->weights[k] *= exp(here->changes[k] / columns - mean);
    }
}

/* Lower F in one plane if it can be lowered; return by how much. */
static double descend_in_plane(const struct landscape *it, struct plane *here) {
    look_around(it, here);
    double curvature = fmax(fabs(here->bend), LEAST_CURVATURE * it->n_rows);
    double angle = fmin(fmax(-here->slope / curvature, -WIDEST_ANGLE), WIDEST_ANGLE);
    for (int halving = 0; halving < MOST_HALVINGS; halving++, angle *= 0.5) {
        if (!(-0.5 * angle * here->slope > LEAST_PROMISE * it->n_rows)) {
            return 0.0;
        }
        double sine = sin(angle), cosine = cos(angle);
        double change = change_at(it, here, sine, cosine);
        if (change < 0.0) {
            turn(it, here, sine, cosine);
            follow(it, here, change);
            return -change;
        }
    }
    return 0.0;
}

/* Sweep over all planes until that gains next to nothing; return F there. */
static double descend(const struct landscape *it, int most_sweeps) {
    struct plane here;
    turn_halves(it);
    weigh(it);
    for (int sweep = 0; sweep < most_sweeps; sweep++) {
        double gained = 0.0;
        for (here.i = 0; here.i < it->n_columns - 1; here.i++) {
            for (here.j = here.i + 1; here.j < it->n_columns; here.j++) {
                gained += descend_in_plane(it, &here);
            }
        }
        if (!(gained > LEAST_GAIN * it->n_rows)) {
            break;
        }
    }
    measure_spreads(it);
    return weigh(it);
}

/* Make nearly orthogonal axes orthogonal but for rounding; return 0 if they are not nearly so. */
static int orthogonalise(int64_t n, double *columns) {
    double moved[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
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
            for (int64_t m = 0; m < n; m++) {
                moved[i * n + m] -= 0.5 * product * columns[j * n + m];
            }
        }
    }
    memcpy(columns, moved, (size_t)(n * n) * sizeof(double));
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
#define GUESS_BLOCKS ((SUMS + MOST_GUESSES + MX_LANES - 1) / MX_LANES)

/* Set `matrix` (D, D) to a block's W_k = L_k L_k^T, the lower triangles only, and their traces. */
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
static int64_t find_fullest(const struct landscape *it, int64_t *fullest) {
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

/*
 * Set `guesses` (guess blocks, D, D) to the eigenvectors of sums of the scatters: of all, of all
 * over their traces with two kinds of irregular multiples (a plain sum may give two axes the same
 * eigenvalue, and lose them, where the scatters do not), and of the largest components alone.
 * Return how many there are, or 0 where one is too hard.
 */
static int64_t guess(const struct landscape *it, mx_lanes *sums, mx_lanes *guesses) {
    int64_t n = it->n_columns, fullest[MOST_GUESSES], count = find_fullest(it, fullest);
    mx_lanes matrix[MX_MOST_COLUMNS * MX_MOST_COLUMNS], values[MX_MOST_COLUMNS];
    for (int64_t p = 0; p < GUESS_BLOCKS * n * n; p++) {
        sums[p] = (mx_lanes){0};
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        int64_t lane = k % MX_LANES, last = it->n_components - 1 - k;
        mx_lanes trace, multiples[GUESS_BLOCKS];
        multiply_out(n, it->lower + k / MX_LANES * n * n, matrix, &trace);
        for (int64_t g = 0; g < GUESS_BLOCKS * MX_LANES; g++) {
            double alone = g >= SUMS && g < SUMS + count && fullest[g - SUMS] == k;
            double irregular = 1.0 + fmod(GOLDEN_RATIO * (double)(g == 1 ? k : last), 1.0);
            multiples[g / MX_LANES][g % MX_LANES] =
                g == 1 || g == 2                ? irregular / trace[lane]
                : g == 0 || g >= SUMS + count ? 1.0
                                              : alone;
        }
        for (int64_t block = 0; block < GUESS_BLOCKS; block++) {
            for (int64_t p = 0; p < n * n; p++) {
                sums[block * n * n + p] += multiples[block] * matrix[p][lane];
            }
        }
    }
    for (int64_t block = 0; block < GUESS_BLOCKS; block++) {
        if (!mx_cholesky(n, sums + block * n * n, values) ||
            !mx_principal_axes(n, sums + block * n * n, guesses + block * n * n, values)) {
            return 0;
        }
    }
    return SUMS + count;
}

static void take_guess(const struct landscape *it, const mx_lanes *guesses, int64_t g) {
    int64_t size = it->n_columns * it->n_columns;
    for (int64_t p = 0; p < size; p++) {
        it->columns[p] = guesses[g / MX_LANES * size + p][g % MX_LANES];
    }
}

/* Descend from the lowest guesses, and end at the lowest point reached. */
static int descend_from_guesses(const struct landscape *it, mx_lanes *room) {
    int64_t size = it->n_columns * it->n_columns;
    mx_lanes *guesses = room + GUESS_BLOCKS * size;
    double heights[GUESS_BLOCKS * MX_LANES], lowest = DBL_MAX;
    double best[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    int64_t count = guess(it, room, guesses);
    for (int64_t g = 0; g < count; g++) {
        take_guess(it, guesses, g);
        turn_halves(it);
        heights[g] = weigh(it);
    }
    for (int64_t tried = 0; tried < DESCENDED && tried < count; tried++) {
        int64_t next = 0;
        for (int64_t g = 1; g < count; g++) {
            next = heights[g] < heights[next] ? g : next;
        }
        take_guess(it, guesses, next);
        heights[next] = DBL_MAX;
        double reached = descend(it, COLD_SWEEPS);
        if (reached < lowest) {
            lowest = reached;
            memcpy(best, it->columns, (size_t)size * sizeof(double));
        }
    }
    if (lowest < DBL_MAX) {
        memcpy(it->columns, best, (size_t)size * sizeof(double));
        turn_halves(it);
        weigh(it);
    }
    return lowest < DBL_MAX;
}

int64_t mx_common_axes_room(int64_t n_components, int64_t n_columns) {
    int64_t blocks = mx_blocks(n_components), size = n_columns * n_columns;
    return MX_LANES * (blocks * (size + n_columns + 2) + 2 * GUESS_BLOCKS * size) + size;
}

/* Set the variances, s_kj over the weights; return whether each component's are comparable. */
static int divide_by_weights(const struct landscape *it, mx_lanes *variances) {
    int64_t n = it->n_columns;
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        const mx_lanes *spreads = it->spreads + k / MX_LANES * n;
        double least = DBL_MAX, most = 0.0;
        for (int64_t j = 0; j < n; j++) {
            double spread = spreads[j][k % MX_LANES];
            variances[k / MX_LANES * n + j][k % MX_LANES] =
                k < it->n_components ? spread / it->weights[k] : 1.0;
            least = fmin(least, spread);
            most = fmax(most, spread);
        }
        if (!(least > LEAST_RATIO * most)) {
            return 0;
        }
    }
    return 1;
}

int mx_common_axes(int64_t n_components, int64_t n_columns, int one_volume, const mx_lanes *lower,
                   const double *rows, int warm, double *axes, mx_lanes *variances, double *room) {
    int64_t n = n_columns, blocks = mx_blocks(n_components), padded = MX_LANES * blocks;
    double n_rows = 0.0, *padded_rows = room, *weights = room + padded;
    mx_lanes *spreads = (mx_lanes *)(weights + padded), *halves = spreads + blocks * n;
    double *columns = (double *)(halves + blocks * n * n);
    for (int64_t k = 0; k < padded; k++) {
        padded_rows[k] = k < n_components ? rows[k] : 0.0;
        n_rows += padded_rows[k];
    }
    struct landscape it = {n_components, n, blocks, one_volume, n_rows, lower,
                           padded_rows, halves, spreads, weights, columns};
    if (warm) {
        transpose(n, axes, columns);
        if (!orthogonalise(n, columns)) {
            return MX_HARD;
        }
        descend(&it, WARM_SWEEPS);
    } else if (!descend_from_guesses(&it, (mx_lanes *)(columns + n * n))) {
        return MX_HARD;
    }
    if (!divide_by_weights(&it, variances)) {
        return MX_HARD;
    }
    transpose(n, columns, axes);
    return MX_DONE;
}
