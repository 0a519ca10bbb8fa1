/*
 * The sweep: two small matrix products and a softmax, block by block, each block small enough to
 * stay in the first cache levels. Rows run along the lanes of vectors.
 */
#include "sweep.h"

#include <string.h>

#include "vector.h"

#define BLOCK MX_BLOCK
/* Rows that the products take at once. */
#define PAIR (2 * LANES)
/* Components and features that a product keeps in registers. */
#define SOME 4
#if LANES == 8
#define WIDE 4
#else
#define WIDE 2
#endif

#define UNROLL _Pragma("GCC unroll 4")

typedef struct {
    double *densities; /* (K, BLOCK) */
    double *totals;    /* (K, P, LANES) */
    double *squares;   /* (K, LANES) */
    mx_block block;
    vec log_likelihood, log_largest;
} work;

int64_t mx_sweep_room(int64_t n_components, int64_t n_features) {
    return n_components * (BLOCK + (n_features + 1) * LANES) + mx_block_room(n_features);
}

INLINE void densities_of(int some, int64_t n_features, const double *theta, const double *phi,
                         int64_t stride, double *densities) {
    vec low[SOME], high[SOME];
    UNROLL for (int k = 0; k < some; k++) low[k] = high[k] = (vec){0};
    for (int64_t p = 0; p < n_features; p++) {
        vec first = load(phi + p * stride), second = load(phi + p * stride + LANES);
        UNROLL for (int k = 0; k < some; k++) {
            double coefficient = theta[k * n_features + p];
            low[k] += coefficient * first;
            high[k] += coefficient * second;
        }
    }
    UNROLL for (int k = 0; k < some; k++) {
        store(densities + k * BLOCK, low[k]);
        store(densities + k * BLOCK + LANES, high[k]);
    }
}

static void all_densities(int64_t n_components, int64_t n_features, const double *theta,
                          const double *phi, int64_t stride, int64_t n_rows, double *densities) {
    for (int64_t row = 0; row < n_rows; row += PAIR) {
        const double *at = phi + row, *now = theta;
        double *to = densities + row;
        int64_t left = n_components;
        for (; left >= SOME; left -= SOME, now += SOME * n_features, to += SOME * BLOCK)
            densities_of(SOME, n_features, now, at, stride, to);
        if (left == 3)
            densities_of(3, n_features, now, at, stride, to);
        else if (left == 2)
            densities_of(2, n_features, now, at, stride, to);
        else if (left == 1)
            densities_of(1, n_features, now, at, stride, to);
    }
}

/* Turns log densities into responsibilities times weights. */
INLINE void softmax(int weighted, int64_t n_components, const double *weights, int64_t n_rows,
                    work *at) {
    vec log_likelihood = at->log_likelihood, log_largest = at->log_largest;
    for (int64_t row = 0; row < n_rows; row += LANES) {
        double *column = at->densities + row;
        vec largest = load(column);
        for (int64_t k = 1; k < n_components; k++) {
            vec other = load(column + k * BLOCK);
            largest = chosen(other > largest, other, largest);
        }
        vec total = {0};
        for (int64_t k = 0; k < n_components; k++) {
            vec share = exponential(load(column + k * BLOCK) - largest);
            store(column + k * BLOCK, share);
            total += share;
        }
        vec inverse = 1.0 / total, logarithms = logarithm(total);
        vec weight = weighted ? load(weights + row) : all_of(1.0);
        vec scale = weighted ? inverse * weight : inverse;
        for (int64_t k = 0; k < n_components; k++) {
            vec share = load(column + k * BLOCK);
            vec held = share * scale;
            store(column + k * BLOCK, held);
            double *square = at->squares + k * LANES;
            store(square, load(square) + held * (share * inverse));
        }
        if (weighted) {
            log_likelihood += weight * (largest + logarithms);
            log_largest -= weight * logarithms;
        } else {
            log_likelihood += largest + logarithms;
            log_largest -= logarithms;
        }
    }
    at->log_likelihood = log_likelihood;
    at->log_largest = log_largest;
}

INLINE void products_of(int some, int wide, int64_t n_features, const double *shares,
                        const double *phi, int64_t stride, int64_t n_rows, double *totals) {
    vec sums[SOME][WIDE];
    UNROLL for (int k = 0; k < some; k++) {
        UNROLL for (int p = 0; p < wide; p++) sums[k][p] =
            load(totals + (k * n_features + p) * LANES);
    }
    for (int64_t row = 0; row < n_rows; row += LANES) {
        vec features[WIDE];
        UNROLL for (int p = 0; p < wide; p++) features[p] = load(phi + p * stride + row);
        UNROLL for (int k = 0; k < some; k++) {
            vec share = load(shares + k * BLOCK + row);
            UNROLL for (int p = 0; p < wide; p++) sums[k][p] += share * features[p];
        }
    }
    UNROLL for (int k = 0; k < some; k++) {
        UNROLL for (int p = 0; p < wide; p++)
            store(totals + (k * n_features + p) * LANES, sums[k][p]);
    }
}

INLINE void products_of_some(int some, int64_t n_features, const double *shares, const double *phi,
                             int64_t stride, int64_t n_rows, double *totals) {
    int64_t p = 0;
    for (; p + WIDE <= n_features; p += WIDE)
        products_of(some, WIDE, n_features, shares, phi + p * stride, stride, n_rows,
                    totals + p * LANES);
    for (; p < n_features; p++)
        products_of(some, 1, n_features, shares, phi + p * stride, stride, n_rows,
                    totals + p * LANES);
}

static void all_products(int64_t n_components, int64_t n_features, const double *phi,
                         int64_t stride, int64_t n_rows, const double *shares, double *totals) {
    int64_t left = n_components;
    for (; left >= SOME; left -= SOME, shares += SOME * BLOCK, totals += SOME * n_features * LANES)
        products_of_some(SOME, n_features, shares, phi, stride, n_rows, totals);
    if (left == 3)
        products_of_some(3, n_features, shares, phi, stride, n_rows, totals);
    else if (left == 2)
        products_of_some(2, n_features, shares, phi, stride, n_rows, totals);
    else if (left == 1)
        products_of_some(1, n_features, shares, phi, stride, n_rows, totals);
}

int64_t mx_block_room(int64_t n_features) { return BLOCK + n_features * PAIR; }

mx_block mx_first_block(double *room) {
    mx_block block = {.weights = room, .tail = room + BLOCK};
    return block;
}

int mx_next_block(const mx_rows *rows, mx_block *block) {
    int64_t first = block->first + block->count, left = rows->n_rows - first;
    if (left <= 0)
        return 0;
    int64_t whole = left < BLOCK ? left - left % PAIR : BLOCK;
    block->first = first;
    block->count = whole ? whole : left;
    block->filled = whole ? whole : PAIR;
    block->phi = rows->phi + first;
    block->stride = rows->stride;
    for (int64_t row = 0; row < block->filled; row++)
        block->weights[row] =
            row < block->count ? (rows->weights ? rows->weights[first + row] : 1.0) : 0.0;
    if (!whole) {
        memset(block->tail, 0, sizeof(double) * rows->n_features * PAIR);
        for (int64_t p = 0; p < rows->n_features; p++)
            memcpy(block->tail + p * PAIR, block->phi + p * rows->stride, sizeof(double) * left);
        block->phi = block->tail;
        block->stride = PAIR;
    }
    return 1;
}

void mx_densities(const mx_block *block, int64_t n_components, int64_t n_features,
                  const double *theta, double *densities) {
    all_densities(n_components, n_features, theta, block->phi, block->stride, block->filled,
                  densities);
}

void mx_responsibilities(int64_t n, int64_t filled, const double *weights, double *densities) {
    for (int64_t row = 0; row < filled; row += LANES) {
        vec largest = load(densities + row), total = {0};
        for (int64_t k = 1; k < n; k++) {
            vec other = load(densities + k * MX_BLOCK + row);
            largest = chosen(other > largest, other, largest);
        }
        for (int64_t k = 0; k < n; k++) {
            vec share = exponential(load(densities + k * MX_BLOCK + row) - largest);
            store(densities + k * MX_BLOCK + row, share);
            total += share;
        }
        vec scale = load(weights + row) / total;
        for (int64_t k = 0; k < n; k++)
            store(densities + k * MX_BLOCK + row, load(densities + k * MX_BLOCK + row) * scale);
    }
}

void mx_shares(const mx_rows *rows, int64_t n_components, const double *theta, double *shares,
               double *room) {
    double ones[BLOCK], *densities = room;
    mx_block block = mx_first_block(densities + n_components * BLOCK);
    for (int64_t row = 0; row < BLOCK; row++)
        ones[row] = 1.0;
    while (mx_next_block(rows, &block)) {
        mx_densities(&block, n_components, rows->n_features, theta, densities);
        mx_responsibilities(n_components, block.filled, ones, densities);
        for (int64_t k = 0; k < n_components; k++)
            memcpy(shares + k * rows->n_rows + block.first, densities + k * BLOCK,
                   sizeof(double) * block.count);
    }
}

static work begun(int64_t n_components, int64_t n_features, double *room) {
    work at = {.densities = room};
    at.totals = at.densities + n_components * BLOCK;
    at.squares = at.totals + n_components * n_features * LANES;
    at.block = mx_first_block(at.squares + n_components * LANES);
    memset(at.totals, 0, sizeof(double) * n_components * (n_features + 1) * LANES);
    return at;
}

static void add_up(int64_t count, const double *totals, double *sums) {
    for (int64_t i = 0; i < count; i++)
        sums[i] = sum_of(load(totals + i * LANES));
}

static void add_products(int64_t n_components, int64_t n_features, work *at) {
    const mx_block *block = &at->block;
    all_products(n_components, n_features, block->phi, block->stride, block->filled,
                 at->densities, at->totals);
}

void mx_sweep(const mx_rows *rows, int64_t n_components, const double *theta, double *sums,
              double *squared, double *values, double *room) {
    int64_t n_features = rows->n_features;
    work at = begun(n_components, n_features, room);
    while (mx_next_block(rows, &at.block)) {
        mx_densities(&at.block, n_components, n_features, theta, at.densities);
        if (rows->weights || at.block.count < at.block.filled)
            softmax(1, n_components, at.block.weights, at.block.filled, &at);
        else
            softmax(0, n_components, 0, at.block.filled, &at);
        add_products(n_components, n_features, &at);
    }
    add_up(n_components * n_features, at.totals, sums);
    add_up(n_components, at.squares, squared);
    values[0] = sum_of(at.log_likelihood);
    values[1] = sum_of(at.log_largest);
}

void mx_totals(const mx_rows *rows, int64_t n_components, const double *shares, int64_t row_stride,
               int64_t component_stride, double *sums, double *room) {
    work at = begun(n_components, rows->n_features, room);
    while (mx_next_block(rows, &at.block)) {
        for (int64_t k = 0; k < n_components; k++) {
            const double *from = shares + at.block.first * row_stride + k * component_stride;
            double *to = at.densities + k * BLOCK;
            for (int64_t row = 0; row < at.block.filled; row++)
                to[row] = row < at.block.count ? from[row * row_stride] * at.block.weights[row] : 0;
        }
        add_products(n_components, rows->n_features, &at);
    }
    add_up(n_components * rows->n_features, at.totals, sums);
}
