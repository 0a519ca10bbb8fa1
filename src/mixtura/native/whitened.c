/*
 * Deviations lose no digits, however far a component is from the origin or how thin it is, and a
 * triangle takes as many multiplications as a product of all pairs of columns: so there is no other
 * way here. Rows run along the lanes; of a full factor some columns at a time stay in registers.
 */
#include "whitened.h"

#include <math.h>

#include "vector.h"

#define BLOCK MX_BLOCK
/* Vectors of rows that are whitened at once, by so many columns of a factor at most. */
#if LANES == 8
#define TALL 4
#define MOST_WHITE 6
#else
#define TALL 2
#define MOST_WHITE 5
#endif
#define STRIP (TALL * LANES)
/* Keeps compilers from cases that cannot be. */
#define FEWER(count, most) ((count) < (most) ? (count) : (most))

int64_t mx_whitened_workspace(int64_t n_columns) {
    return (n_columns + 2) * BLOCK + n_columns * STRIP;
}

/*
 * Whitens deviations (D, stride) by `some` columns of a factor from column `first` on, adds their
 * squares to the distances, and keeps them in the place of these columns where `kept`.
 */
INLINE void by_columns(int some, int kept, int64_t n_columns, int64_t first, const double *factor,
                       double *deviations, int64_t stride, vec *distances) {
    vec white[MOST_WHITE][TALL];
    UNROLL for (int j = 0; j < some; j++) {
        UNROLL for (int i = 0; i < TALL; i++) white[j][i] = (vec){0};
    }
    const double *row = factor + first;
    for (int64_t d = 0; d < first + some; d++, row += n_columns) {
        vec deviation[TALL];
        UNROLL for (int i = 0; i < TALL; i++)
            deviation[i] = load(deviations + d * stride + i * LANES);
        UNROLL for (int j = 0; j < some; j++) {
            vec number = all_of(row[j]);
            UNROLL for (int i = 0; i < TALL; i++) white[j][i] += number * deviation[i];
        }
    }
    UNROLL for (int j = 0; j < some; j++) {
        UNROLL for (int i = 0; i < TALL; i++) {
            if (kept)
                store(deviations + (first + j) * stride + i * LANES, white[j][i]);
            else
                distances[i] += white[j][i] * white[j][i];
        }
    }
}

/* The same by all columns, from the last on: a column needs none after it. */
INLINE void by_factor(int kept, int64_t n_columns, const double *factor, double *deviations,
                      int64_t stride, vec *distances) {
    for (int64_t left = n_columns, some; left > 0; left -= some) {
        some = evenly(left, MOST_WHITE);
        int64_t from = left - some;
        switch (some) {
        case 1: by_columns(1, kept, n_columns, from, factor, deviations, stride, distances); break;
        case 2: by_columns(2, kept, n_columns, from, factor, deviations, stride, distances); break;
        case 3: by_columns(3, kept, n_columns, from, factor, deviations, stride, distances); break;
        case 4: by_columns(4, kept, n_columns, from, factor, deviations, stride, distances); break;
        case 5: by_columns(FEWER(5, MOST_WHITE), kept, n_columns, from, factor, deviations, stride, distances); break;
        default: by_columns(MOST_WHITE, kept, n_columns, from, factor, deviations, stride, distances);
        }
    }
}

/* Whitens the rows (D, BLOCK) of a strip in place. */
static void whiten(const mx_whitened *of, double *rows) {
    int64_t n = of->n_columns;
    if (of->width > n) {
        by_factor(1, n, of->factors, rows, BLOCK, 0);
        return;
    }
    for (int64_t d = 0; d < n; d++)
        for (int64_t i = 0; i < STRIP; i += LANES)
            store(rows + d * BLOCK + i,
                  load(rows + d * BLOCK + i) * all_of(of->factors[of->width > 1 ? d : 0]));
}

/* Distances of the rows (D, BLOCK) of a strip from a component, by axes that are columns. */
INLINE void along_columns(int wide, int64_t n_columns, const double *mean, const double *factor,
                          const double *rows, vec *distances) {
    for (int64_t d = 0; d < n_columns; d++) {
        vec centre = all_of(mean[d]), number = all_of(wide ? factor[wide > 1 ? d : 0] : 1.0);
        UNROLL for (int i = 0; i < TALL; i++) {
            vec white = load(rows + d * BLOCK + i * LANES) - centre;
            if (wide)
                white *= number;
            distances[i] += white * white;
        }
    }
}

INLINE void by_own_factor(int64_t n_columns, const double *mean, const double *factor,
                          const double *rows, double *deviations, vec *distances) {
    for (int64_t d = 0; d < n_columns; d++) {
        UNROLL for (int i = 0; i < TALL; i++)
            store(deviations + d * STRIP + i * LANES,
                  load(rows + d * BLOCK + i * LANES) - all_of(mean[d]));
    }
    by_factor(0, n_columns, factor, deviations, STRIP, distances);
}

static void component(const mx_whitened *of, int64_t k, const double *rows, const double *missing,
                      double *deviations, double *densities) {
    int64_t n = of->n_columns;
    const double *mean = of->means + k * n, *factor = of->factors + k * of->width;
    vec distances[TALL];
    UNROLL for (int i = 0; i < TALL; i++) distances[i] = (vec){0};
    if (of->is_shared)
        along_columns(0, n, mean, 0, rows, distances);
    else if (of->width == 1)
        along_columns(1, n, mean, factor, rows, distances);
    else if (of->width == n)
        along_columns(2, n, mean, factor, rows, distances);
    else
        by_own_factor(n, mean, factor, rows, deviations, distances);
    UNROLL for (int i = 0; i < TALL; i++) {
        vec density = of->constants[k] - 0.5 * distances[i];
        /* A sum of infinities of both signs is no number either. */
        density = chosen(density == density, density, all_of(-INFINITY));
        store(densities + i * LANES, density + load(missing + i * LANES));
    }
}

/* Sets numbers to zero, or to no number for rows (D, BLOCK) with a missing cell. */
static void find_missing(int64_t n_columns, int64_t filled, const double *rows, double *missing) {
    for (int64_t row = 0; row < filled; row += LANES) {
        ints found = {0};
        for (int64_t d = 0; d < n_columns; d++) {
            vec cell = load(rows + d * BLOCK + row);
            found |= cell != cell;
        }
        store(missing + row, chosen(found, all_of(NAN), (vec){0}));
    }
}

void mx_whitened_densities(const mx_tile *tile, int64_t first, int64_t count, const mx_whitened *of,
                           double *densities, double *workspace) {
    int64_t filled = (count + STRIP - 1) / STRIP * STRIP, n = of->n_columns;
    double *rows = workspace, *missing = rows + (n + 1) * BLOCK, *deviations = missing + BLOCK;
    mx_make_features(tile, first, count, filled, rows);
    find_missing(n, filled, rows, missing);
    for (int64_t row = 0; of->is_shared && row < filled; row += STRIP)
        whiten(of, rows + row);
    for (int64_t k = 0; k < of->n_components; k++) {
        double *own = densities + k * BLOCK;
        for (int64_t row = 0; row < filled; row += STRIP) {
            if (k < of->n_gaussians)
                component(of, k, rows + row, missing + row, deviations, own + row);
            else
                for (int64_t i = 0; i < STRIP; i += LANES)
                    store(own + row + i, of->constants[k] + load(missing + row + i));
        }
    }
}
