/*
 * The sweep: two small matrix products and a softmax, block by block, each block small enough to
 * stay in the first cache levels. Rows run along the lanes of vectors.
 */
#include "sweep.h"

#include <math.h>
#include <string.h>

#include "block_softmax.h"

#define BLOCK MX_BLOCK
/* Vectors of rows that densities are made of at once, for so many components at most. */
#if LANES == 8
#define TALL 4
#define MOST_DENSITIES 6
#define MOST_SUMS 5
#define MOST_FEATURES 5
#elif LANES == 4
#define TALL 2
#define MOST_DENSITIES 5
#define MOST_SUMS 3
#define MOST_FEATURES 4
#else
#define TALL 2
#define MOST_DENSITIES 5
#define MOST_SUMS 2
#define MOST_FEATURES 5
#endif
/* Rows that the products take at once. */
#define STRIP (TALL * LANES)

/* Keeps compilers from cases that cannot be. */
#define FEWER(count, most) ((count) < (most) ? (count) : (most))

typedef struct {
    double *densities; /* (K, BLOCK) */
    double *totals;    /* (K, P, LANES) */
    double *squares;   /* (K, LANES) */
    double *values;    /* (2) */
} work;

int64_t mx_sweep_workspace(int64_t n_components, int64_t n_features) {
    return n_components * (BLOCK + (n_features + 1) * LANES) + mx_block_workspace(n_features) +
           LINE / (int64_t)sizeof(double);
}

INLINE void densities_of(int tall, int some, int64_t n_features, const double *theta,
                         const double *phi, int64_t stride, double *densities) {
    vec sums[MOST_DENSITIES][TALL];
    UNROLL for (int k = 0; k < some; k++) {
        UNROLL for (int i = 0; i < tall; i++) sums[k][i] = (vec){0};
    }
    for (int64_t p = 0; p < n_features; p++) {
        vec features[TALL];
        UNROLL for (int i = 0; i < tall; i++) features[i] = load(phi + p * stride + i * LANES);
        UNROLL for (int k = 0; k < some; k++) {
            vec coefficient = all_of(theta[k * n_features + p]);
            UNROLL for (int i = 0; i < tall; i++) sums[k][i] += coefficient * features[i];
        }
    }
    UNROLL for (int k = 0; k < some; k++) {
        UNROLL for (int i = 0; i < tall; i++)
            store(densities + k * BLOCK + i * LANES, sums[k][i]);
    }
}

INLINE void strip_densities(int tall, int64_t n_components, int64_t n_features, const double *theta,
                            const double *phi, int64_t stride, double *densities) {
    for (int64_t k = 0, some; k < n_components; k += some) {
        const double *now = theta + k * n_features;
        double *to = densities + k * BLOCK;
        some = evenly(n_components - k, MOST_DENSITIES);
        switch (some) {
        case 1: densities_of(tall, 1, n_features, now, phi, stride, to); break;
        case 2: densities_of(tall, FEWER(2, MOST_DENSITIES), n_features, now, phi, stride, to); break;
        case 3: densities_of(tall, FEWER(3, MOST_DENSITIES), n_features, now, phi, stride, to); break;
        case 4: densities_of(tall, FEWER(4, MOST_DENSITIES), n_features, now, phi, stride, to); break;
        case 5: densities_of(tall, FEWER(5, MOST_DENSITIES), n_features, now, phi, stride, to); break;
        default: densities_of(tall, MOST_DENSITIES, n_features, now, phi, stride, to);
        }
    }
}

static void all_densities(int64_t n_components, int64_t n_features, const double *theta,
                          const double *phi, int64_t stride, int64_t n_rows, double *densities) {
    int64_t row = 0;
    for (; row + STRIP <= n_rows; row += STRIP)
        strip_densities(TALL, n_components, n_features, theta, phi + row, stride, densities + row);
    for (; MX_SHORT < STRIP && row < n_rows; row += MX_SHORT)
        strip_densities(MX_ABREAST, n_components, n_features, theta, phi + row, stride,
                        densities + row);
}

void mx_softmax(int64_t n_components, const double *weights, int64_t n_rows, double *densities,
                double *squares, double *values) {
    if (weights)
        softmax(1, n_components, weights, n_rows, densities, squares, values);
    else
        softmax(0, n_components, 0, n_rows, densities, squares, values);
}

INLINE void products_of(int some, int wide, int64_t n_features, const double *responsibilities,
                        const double *phi, int64_t stride, int64_t n_rows, double *totals) {
    vec sums[MOST_SUMS][MOST_FEATURES];
    UNROLL for (int k = 0; k < some; k++) {
        UNROLL for (int p = 0; p < wide; p++) sums[k][p] =
            load(totals + (k * n_features + p) * LANES);
    }
    for (int64_t row = 0; row < n_rows; row += LANES) {
        vec held[MOST_SUMS];
        UNROLL for (int k = 0; k < some; k++) held[k] = load(responsibilities + k * BLOCK + row);
        UNROLL for (int p = 0; p < wide; p++) {
            vec feature = load(phi + p * stride + row);
            UNROLL for (int k = 0; k < some; k++) sums[k][p] += held[k] * feature;
        }
    }
    UNROLL for (int k = 0; k < some; k++) {
        UNROLL for (int p = 0; p < wide; p++)
            store(totals + (k * n_features + p) * LANES, sums[k][p]);
    }
}

INLINE void products_of_some(int some, int wide, int64_t n_features, const double *responsibilities,
                             const double *phi, int64_t stride, int64_t n_rows, double *totals) {
    switch (wide) {
    case 1: products_of(some, 1, n_features, responsibilities, phi, stride, n_rows, totals); break;
    case 2: products_of(some, FEWER(2, MOST_FEATURES), n_features, responsibilities, phi, stride, n_rows, totals); break;
    case 3: products_of(some, FEWER(3, MOST_FEATURES), n_features, responsibilities, phi, stride, n_rows, totals); break;
    case 4: products_of(some, FEWER(4, MOST_FEATURES), n_features, responsibilities, phi, stride, n_rows, totals); break;
    default: products_of(some, MOST_FEATURES, n_features, responsibilities, phi, stride, n_rows, totals);
    }
}

static void all_products(int64_t n_components, int64_t n_features, const double *phi,
                         int64_t stride, int64_t n_rows, const double *responsibilities, double *totals) {
    for (int64_t p = 0, wide; p < n_features; p += wide) {
        wide = evenly(n_features - p, MOST_FEATURES);
        for (int64_t k = 0, some; k < n_components; k += some) {
            const double *held = responsibilities + k * BLOCK, *at = phi + p * stride;
            double *to = totals + (k * n_features + p) * LANES;
            some = evenly(n_components - k, MOST_SUMS);
            switch (some) {
            case 1: products_of_some(1, wide, n_features, held, at, stride, n_rows, to); break;
            case 2: products_of_some(FEWER(2, MOST_SUMS), wide, n_features, held, at, stride, n_rows, to); break;
            case 3: products_of_some(FEWER(3, MOST_SUMS), wide, n_features, held, at, stride, n_rows, to); break;
            case 4: products_of_some(FEWER(4, MOST_SUMS), wide, n_features, held, at, stride, n_rows, to); break;
            default: products_of_some(MOST_SUMS, wide, n_features, held, at, stride, n_rows, to);
            }
        }
    }
}

void mx_add_products(const mx_block *block, int64_t n_components, int64_t n_features,
                     const double *responsibilities, double *totals) {
    all_products(n_components, n_features, block->phi, block->stride, block->filled, responsibilities,
                 totals);
}

int64_t mx_block_workspace(int64_t n_features) { return BLOCK * (1 + n_features); }

mx_block mx_first_block(double *workspace) {
    mx_block block = {.weights = workspace, .tail = workspace + BLOCK};
    return block;
}

int mx_move_on(const mx_rows *rows, mx_block *block) {
    int64_t first = block->first + block->count, left = rows->n_rows - first;
    if (left <= 0)
        return 0;
    int64_t whole = left < BLOCK ? left - left % MX_SHORT : BLOCK;
    block->first = first;
    block->count = whole ? whole : left;
    block->filled = whole ? whole : MX_SHORT;
    for (int64_t row = 0; row < block->count; row++)
        block->weights[row] = rows->weights ? rows->weights[first + row] : 1.0;
    for (int64_t row = block->count; row < block->filled; row++)
        block->weights[row] = 0.0;
    return 1;
}

int mx_next_block(const mx_rows *rows, mx_block *block) {
    if (!mx_move_on(rows, block))
        return 0;
    block->phi = rows->phi + block->first;
    block->stride = rows->stride;
    if (block->count == block->filled)
        return 1;
    for (int64_t p = 0; p < rows->n_features; p++) {
        const double *from = block->phi + p * rows->stride;
        double *to = block->tail + p * MX_SHORT;
        memcpy(to, from, sizeof(double) * block->count);
        for (int64_t row = block->count; row < MX_SHORT; row++)
            to[row] = from[block->count - 1];
    }
    block->phi = block->tail;
    block->stride = MX_SHORT;
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

void mx_bar(const mx_rows *rows, const mx_block *block, int64_t n_components, double *densities) {
    for (int64_t k = 0; rows->excluded && k < n_components; k++) {
        const uint8_t *excluded = rows->excluded + k * rows->excluded_stride + block->first;
        double *own = densities + k * BLOCK;
        for (int64_t row = 0; row < block->count; row++)
            own[row] = excluded[row] ? -INFINITY : own[row];
    }
}

/* What codes stand for, if there are any. */
static void look_up(const mx_rows *rows, const mx_block *block, int64_t n_components,
                    double *densities) {
    if (rows->coded)
        mx_look_up(rows->coded, rows->n_rows, block->first, block->count, n_components, BLOCK,
                   densities);
}

static void count_up(const mx_rows *rows, const mx_block *block, int64_t n_components,
                     const double *responsibilities) {
    if (rows->coded)
        mx_count_up(rows->coded, rows->n_rows, block->first, block->count, n_components, BLOCK,
                    responsibilities);
}

void mx_all_responsibilities(const mx_rows *rows, int64_t n_components, const double *theta, double *responsibilities,
               double *workspace) {
    double ones[BLOCK], *densities = workspace;
    mx_block block = mx_first_block(densities + n_components * BLOCK);
    for (int64_t row = 0; row < BLOCK; row++)
        ones[row] = 1.0;
    while (mx_next_block(rows, &block)) {
        mx_densities(&block, n_components, rows->n_features, theta, densities);
        look_up(rows, &block, n_components, densities);
        mx_bar(rows, &block, n_components, densities);
        mx_responsibilities(n_components, block.filled, ones, densities);
        for (int64_t k = 0; k < n_components; k++)
            memcpy(responsibilities + k * rows->n_rows + block.first, densities + k * BLOCK,
                   sizeof(double) * block.count);
    }
}

static work begun(int64_t n_components, int64_t n_features, double *workspace) {
    /* Vectors that begin on a line of the cache are read at once. */
    work at = {.densities = (double *)(((uintptr_t)workspace + LINE - 1) / LINE * LINE)};
    at.totals = at.densities + n_components * BLOCK;
    at.squares = at.totals + n_components * n_features * LANES;
    memset(at.totals, 0, sizeof(double) * n_components * (n_features + 1) * LANES);
    return at;
}

static void add_up(int64_t count, const double *totals, double *sums) {
    for (int64_t i = 0; i < count; i++)
        sums[i] = sum_of(load(totals + i * LANES));
}

void mx_add_lanes(int64_t count, const double *totals, double *sums) {
    for (int64_t i = 0; i < count; i++)
        sums[i] += sum_of(load(totals + i * LANES));
}

void mx_make_features(const mx_tile *tile, int64_t first, int64_t count, int64_t filled,
                      double *features) {
    int64_t n_columns = tile->n_columns, step = tile->row_stride;
    for (int64_t d = 0; d < n_columns; d++) {
        int64_t place = first * step + d * tile->column_stride, row = 0;
        const double *from = (const double *)tile->cells + place;
        double *to = features + d * BLOCK, origin = tile->origin[d], scale = tile->scale[d];
        if (tile->is_single) {
            const float *single = (const float *)tile->cells + place;
            for (; row < count; row++)
                to[row] = ((double)single[row * step] - origin) * scale;
        }
        for (; row + LANES <= count; row += LANES)
            store(to + row, (gathered(from + row * step, step) - origin) * scale);
        for (; row < count; row++)
            to[row] = (from[row * step] - origin) * scale;
        for (; row < filled; row++)
            to[row] = 0.0;
    }
    double *product = features + n_columns * BLOCK;
    for (int64_t row = 0; row < filled; row++)
        product[row] = 1.0;
    int64_t left = tile->rows.n_features - n_columns - 1, i = 0, j = 0;
    for (; left > 0; left--) {
        const double *one = features + i * BLOCK, *other = features + j * BLOCK;
        product += BLOCK;
        for (int64_t row = 0; row < filled; row += LANES)
            store(product + row, load(one + row) * load(other + row));
        j = j + 1 < n_columns ? j + 1 : 0;
        if (++i == n_columns) {
            i = 0;
            j = j + 1 < n_columns ? j + 1 : 0;
        }
    }
}

/* mx_next_block, of features or of cells. */
static int next_of(const mx_tile *tile, mx_block *block) {
    if (tile->rows.phi)
        return mx_next_block(&tile->rows, block);
    if (!mx_move_on(&tile->rows, block))
        return 0;
    block->phi = block->tail;
    block->stride = BLOCK;
    mx_make_features(tile, block->first, block->count, block->filled, block->tail);
    return 1;
}

/* Sets the deviations (D) of a vector of rows from a point. */
INLINE void deviate(int64_t n_columns, const double *point, const mx_block *block, int64_t row,
                    vec *deviations) {
    for (int64_t i = 0; i < n_columns; i++)
        deviations[i] = load(block->phi + i * block->stride + row) - all_of(point[i]);
}

/* |U^T d|^2. */
INLINE vec distance_of(const mx_centred *it, int64_t k, const vec *deviations) {
    int64_t d = it->n_columns;
    const double *factor = it->factors + k * it->width;
    vec distance = {0};
    for (int64_t j = 0; j < d; j++) {
        vec white = {0};
        if (it->width <= d)
            white = all_of(factor[it->width < d ? 0 : j]) * deviations[j];
        else
            for (int64_t i = 0; i <= j; i++)
                white += all_of(factor[i * d + j]) * deviations[i];
        distance += white * white;
    }
    return distance;
}

static void centred_densities(const mx_centred *it, int64_t n_components, const mx_block *block,
                              double *densities) {
    vec deviations[it->n_columns];
    for (int64_t k = 0; k < n_components; k++)
        for (int64_t row = 0; it->flags[k] != 0 && row < block->filled; row += LANES) {
            double *place = densities + k * BLOCK + row;
            deviate(it->n_columns, it->means + k * it->n_columns, block, row, deviations);
            store(place, load(place) - 0.5 * distance_of(it, k, deviations));
        }
}

/* The components after so many. */
static mx_centred past(const mx_centred *it, int64_t count) {
    mx_centred rest = *it;
    rest.flags += count;
    rest.means += count * it->n_columns;
    rest.factors += count * it->width;
    rest.summed += count;
    rest.points += count * it->n_columns;
    return rest;
}

/* Adds sums of features about points, and takes such components' responsibilities away from others. */
static void centred_products(const mx_centred *it, int64_t n_components, int64_t n_features,
                             const mx_block *block, work *at) {
    int64_t d = it->n_columns, first = d + 1 + it->n_pairs;
    vec deviations[d];
    for (int64_t k = 0; k < n_components; k++) {
        double *totals = at->totals + k * n_features * LANES;
        for (int64_t row = 0; it->summed[k] != 0 && row < block->filled; row += LANES) {
            vec share = load(at->densities + k * BLOCK + row);
            deviate(d, it->points + k * d, block, row, deviations);
            for (int64_t i = 0; i < d; i++)
                store(totals + i * LANES, load(totals + i * LANES) + share * deviations[i]);
            store(totals + d * LANES, load(totals + d * LANES) + share);
            for (int64_t p = 0, i = 0, shift = 0; p < it->n_pairs; p++) {
                double *total = totals + (d + 1 + p) * LANES;
                vec other = deviations[i + shift < d ? i + shift : i + shift - d];
                store(total, load(total) + share * deviations[i] * other);
                if (++i == d) {
                    i = 0;
                    shift++;
                }
            }
            for (int64_t p = first; p < n_features; p++) {
                vec feature = load(block->phi + p * block->stride + row);
                store(totals + p * LANES, load(totals + p * LANES) + share * feature);
            }
            store(at->densities + k * BLOCK + row, (vec){0});
        }
    }
}

void mx_sweep_about(const mx_rows *rows, const mx_centred *centred, int64_t n_components,
                    const double *theta, double *sums, double *squared, double *values,
                    double *workspace) {
    int64_t n_features = rows->n_features;
    work at = begun(n_components, n_features, workspace);
    mx_block block = mx_first_block(at.squares + n_components * LANES);
    values[0] = values[1] = 0;
    at.values = values;
    while (mx_next_block(rows, &block)) {
        int weighted = rows->weights || block.count < block.filled;
        mx_densities(&block, n_components, n_features, theta, at.densities);
        if (centred)
            centred_densities(centred, n_components, &block, at.densities);
        look_up(rows, &block, n_components, at.densities);
        mx_bar(rows, &block, n_components, at.densities);
        mx_softmax(n_components, weighted ? block.weights : 0, block.filled, at.densities,
                   at.squares, at.values);
        count_up(rows, &block, n_components, at.densities);
        if (centred)
            centred_products(centred, n_components, n_features, &block, &at);
        mx_add_products(&block, n_components, n_features, at.densities, at.totals);
    }
    add_up(n_components * n_features, at.totals, sums);
    add_up(n_components, at.squares, squared);
}

void mx_sweep_stack(const mx_tile *tile, int64_t n_mixtures, const int64_t *sizes,
                    const double *theta, double *sums, double *squared, double *values,
                    double *workspace) {
    int64_t n_features = tile->rows.n_features, n_components = 0;
    for (int64_t m = 0; m < n_mixtures; m++)
        n_components += sizes[m];
    work whole = begun(n_components, n_features, workspace);
    mx_block block = mx_first_block(whole.squares + n_components * LANES);
    while (next_of(tile, &block)) {
        work at = whole;
        const double *now = theta;
        at.values = values;
        mx_centred own = tile->centred ? *tile->centred : (mx_centred){0};
        for (int64_t m = 0; m < n_mixtures; m++, at.values += 2) {
            mx_densities(&block, sizes[m], n_features, now, at.densities);
            if (tile->centred)
                centred_densities(&own, sizes[m], &block, at.densities);
            mx_bar(&tile->rows, &block, sizes[m], at.densities);
            int weighted = tile->rows.weights || block.count < block.filled;
            mx_softmax(sizes[m], weighted ? block.weights : 0, block.filled, at.densities,
                       at.squares, at.values);
            if (tile->centred) {
                centred_products(&own, sizes[m], n_features, &block, &at);
                own = past(&own, sizes[m]);
            }
            mx_add_products(&block, sizes[m], n_features, at.densities, at.totals);
            now += sizes[m] * n_features;
            at.totals += sizes[m] * n_features * LANES;
            at.squares += sizes[m] * LANES;
        }
    }
    mx_add_lanes(n_components * n_features, whole.totals, sums);
    mx_add_lanes(n_components, whole.squares, squared);
}

void mx_sweep(const mx_rows *rows, int64_t n_components, const double *theta, double *sums,
              double *squared, double *values, double *workspace) {
    mx_sweep_about(rows, 0, n_components, theta, sums, squared, values, workspace);
}

void mx_totals(const mx_rows *rows, int64_t n_components, const double *responsibilities, int64_t row_stride,
               int64_t component_stride, double *sums, double *workspace) {
    work at = begun(n_components, rows->n_features, workspace);
    mx_block block = mx_first_block(at.squares + n_components * LANES);
    while (mx_next_block(rows, &block)) {
        for (int64_t k = 0; k < n_components; k++) {
            const double *from = responsibilities + block.first * row_stride + k * component_stride;
            double *to = at.densities + k * BLOCK;
            for (int64_t row = 0; row < block.filled; row++)
                to[row] = row < block.count ? from[row * row_stride] * block.weights[row] : 0;
        }
        count_up(rows, &block, n_components, at.densities);
        mx_add_products(&block, n_components, rows->n_features, at.densities, at.totals);
    }
    add_up(n_components * rows->n_features, at.totals, sums);
}
