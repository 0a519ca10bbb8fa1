/*
 * Sweeps over planes of two axes. In the plane (i, j) only r_k = s_ki s_kj changes: with
 * d = (s_ki - s_kj) / 2, g = q_i^T W_k q_j and the angle t,
 *
 *     r_k(t) / r_k(0) = 1 + 4 sin t cos t (d sin t - g cos t) (d cos t + g sin t) / r_k(0),
 *
 * so F falls by a Newton step of one number, shortened until it does. From far away that gains
 * most for its cost; close by it converges no faster than linearly.
 */
#include <math.h>

#include "axes_landscape.h"

#define MOST_HALVINGS 12
#define WIDEST_ANGLE 0.78539816339744831
/* What a step must promise per row. */
#define LEAST_PROMISE 1e-14

/* One plane of two axes: what F depends on there, for each component. */
struct plane {
    int64_t i, j;
    double slope, bend; /* dF/dt, d2F/dt2 at t = 0 */
    mx_lanes *difference; /* (blocks) d */
    mx_lanes *product;    /* (blocks) g */
    mx_lanes *square;     /* (blocks) r(0) */
    double *changes;      /* (4 blocks) log r_k(t) / r_k(0) of the last trial */
};

/* Set a plane's differences, products, squares, slope and bend. */
static void look_around(const struct mx_landscape *it, struct plane *here) {
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
    here->slope = mx_add_lanes(&slope);
    here->bend = mx_add_lanes(&bend);
    if (it->one_volume) {
        double mean = here->slope / it->n_rows;
        here->bend += (mx_add_lanes(&scatter) - here->slope * mean) / (double)n;
    }
}

/* Return what F changes by at an angle, and keep the changes of log r_k. */
static double change_at(const struct mx_landscape *it, struct plane *here, double sine,
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
                total += it->weights[k] *
                         (it->one_volume ? expm1(here->changes[k] / columns) : here->changes[k]);
            }
        }
    }
    return it->one_volume ? it->n_rows * columns * log1p(total / it->n_rows) : total;
}

/* Turn two axes, and the halves with them. */
static void turn(const struct mx_landscape *it, const struct plane *here, double sine,
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
static void follow(const struct mx_landscape *it, const struct plane *here, double change) {
    double columns = (double)it->n_columns, mean = change / (it->n_rows * columns);
    for (int64_t k = 0; it->one_volume && k < it->n_components; k++) {
        it->weights[k] *= exp(here->changes[k] / columns - mean);
    }
}

/* Lower F in one plane if it can be lowered; return by how much. */
static double descend_in_plane(const struct mx_landscape *it, struct plane *here) {
    look_around(it, here);
    double curvature = fmax(fabs(here->bend), MX_LEAST_CURVATURE * it->n_rows);
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

int64_t mx_planes_workspace(int64_t n_blocks) { return 4 * MX_LANES * n_blocks; }

double mx_sweep_planes(const struct mx_landscape *it) {
    mx_lanes *room = (mx_lanes *)it->workspace;
    int64_t blocks = it->n_blocks;
    struct plane here = {.difference = room,
                         .product = room + blocks,
                         .square = room + 2 * blocks,
                         .changes = (double *)(room + 3 * blocks)};
    double gained = 0.0;
    for (here.i = 0; here.i < it->n_columns - 1; here.i++) {
        for (here.j = here.i + 1; here.j < it->n_columns; here.j++) {
            gained += descend_in_plane(it, &here);
        }
    }
    return gained;
}
