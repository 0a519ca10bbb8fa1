/*
 * Rows of tables with components along the lanes of vectors: added up for the densities of a row,
 * added to by its responsibilities.
 */
#ifndef MIXTURA_LANES_H
#define MIXTURA_LANES_H

#include <stdint.h>

#include "mixed.h"
#include "vector.h"

/* Vectors of components that a row is taken through at once. */
#define MOST_WIDE 6
/* Entries that are asked for ahead of their turn. */
#define AHEAD 16

#if defined(__clang__)
#define SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLED(a, b, ...) __builtin_shuffle(a, b, (ints){__VA_ARGS__})
#endif

/* Exchanges what lies off the diagonal of two by two blocks of lanes. */
#define EXCHANGE(one, other, low, high)                                                            \
    do {                                                                                           \
        vec kept = SHUFFLED(one, other, low);                                                      \
        other = SHUFFLED(one, other, high);                                                        \
        one = kept;                                                                                \
    } while (0)
#define LIST(...) __VA_ARGS__

/* Turns LANES vectors over: lane j of vector i becomes lane i of vector j. */
INLINE void turn_over(vec *rows) {
#if LANES == 8
    UNROLL for (int i = 0; i < 8; i += 2)
        EXCHANGE(rows[i], rows[i + 1], LIST(0, 8, 2, 10, 4, 12, 6, 14),
                 LIST(1, 9, 3, 11, 5, 13, 7, 15));
    UNROLL for (int i = 0; i < 4; i++)
        EXCHANGE(rows[i + i / 2 * 2], rows[i + i / 2 * 2 + 2], LIST(0, 1, 8, 9, 4, 5, 12, 13),
                 LIST(2, 3, 10, 11, 6, 7, 14, 15));
    UNROLL for (int i = 0; i < 4; i++)
        EXCHANGE(rows[i], rows[i + 4], LIST(0, 1, 2, 3, 8, 9, 10, 11),
                 LIST(4, 5, 6, 7, 12, 13, 14, 15));
#elif LANES == 4
    UNROLL for (int i = 0; i < 4; i += 2)
        EXCHANGE(rows[i], rows[i + 1], LIST(0, 4, 2, 6), LIST(1, 5, 3, 7));
    UNROLL for (int i = 0; i < 2; i++)
        EXCHANGE(rows[i], rows[i + 2], LIST(0, 1, 4, 5), LIST(2, 3, 6, 7));
#else
    EXCHANGE(rows[0], rows[1], LIST(0, 2), LIST(1, 3));
#endif
}

/* Adds a row of a table to another. */
INLINE void add_row(int64_t width, const double *from, double *to) {
    for (int64_t k = 0; k < width; k += LANES)
        store(to + k, load(to + k) + load(from + k));
}

/* Adds to each of some rows its rows of a table, told by how many doubles it is to them. */
INLINE void gather_levels(int wide, int64_t n_rows, const int32_t *places, int64_t n_places,
                          const double *table, int64_t width, double *rows) {
    for (int64_t i = 0; i < n_rows; i++, places += n_places, rows += width) {
        vec sums[MOST_WIDE];
        UNROLL for (int k = 0; k < wide; k++) sums[k] = load(rows + k * LANES);
        for (int64_t g = 0; g < n_places; g++) {
            const double *from = table + places[g];
            UNROLL for (int k = 0; k < wide; k++) sums[k] += load(from + k * LANES);
        }
        UNROLL for (int k = 0; k < wide; k++) store(rows + k * LANES, sums[k]);
    }
}

/* Adds each of some rows to its rows of a table. */
INLINE void scatter_levels(int wide, int64_t n_rows, const int32_t *places, int64_t n_places,
                           double *table, int64_t width, const double *rows) {
    for (int64_t i = 0; i < n_rows; i++, places += n_places, rows += width) {
        vec held[MOST_WIDE];
        UNROLL for (int k = 0; k < wide; k++) held[k] = load(rows + k * LANES);
        for (int64_t g = 0; g < n_places; g++) {
            double *to = table + places[g];
            UNROLL for (int k = 0; k < wide; k++)
                store(to + k * LANES, load(to + k * LANES) + held[k]);
        }
    }
}

/* The number at a place of an array of 4 or 8 bytes each. */
INLINE int64_t number_at(int bytes, const void *numbers, int64_t place) {
    return bytes == 4 ? ((const int32_t *)numbers)[place] : ((const int64_t *)numbers)[place];
}

/* Asks for the row of a table that comes up soon. */
INLINE void ask_ahead(int bytes, int wide, int written, const mx_counts *of, int64_t g,
                      const double *table, int64_t width) {
    const char *line = (const char *)(table + number_at(bytes, of->indices, g + AHEAD) * width);
    UNROLL for (int k = 0; k < wide * LANES * 8; k += LINE) {
        if (written)
            __builtin_prefetch(line + k, 1, 3);
        else
            __builtin_prefetch(line + k, 0, 3);
    }
}

/* Adds an entry's row of a table, times its value. */
INLINE void gather_entry(int bytes, int wide, const mx_counts *of, int64_t g, const double *table,
                         int64_t width, vec *sums) {
    const double *from = table + number_at(bytes, of->indices, g) * width;
    vec value = all_of(of->values[g]);
    UNROLL for (int k = 0; k < wide; k++) sums[k] += value * load(from + k * LANES);
}

/*
 * Adds to each of some rows its entries' rows of a table, times their values: by turns to two sums,
 * so that none waits. Entries end with the n_all rows of the tile.
 */
INLINE void gather_counts(int wide, int bytes, const mx_counts *of, int64_t first, int64_t n_rows,
                          int64_t n_all, const double *table, int64_t width, double *rows) {
    int64_t last = number_at(bytes, of->bounds, n_all) - AHEAD;
    for (int64_t i = 0; i < n_rows; i++, rows += width) {
        int64_t g = number_at(bytes, of->bounds, first + i);
        int64_t stop = number_at(bytes, of->bounds, first + i + 1);
        int64_t asked = stop < last ? stop : last;
        vec sums[MOST_WIDE], others[MOST_WIDE];
        UNROLL for (int k = 0; k < wide; k++) {
            sums[k] = load(rows + k * LANES);
            others[k] = (vec){0};
        }
        for (; g + 1 < asked; g += 2) {
            ask_ahead(bytes, wide, 0, of, g, table, width);
            ask_ahead(bytes, wide, 0, of, g + 1, table, width);
            gather_entry(bytes, wide, of, g, table, width, sums);
            gather_entry(bytes, wide, of, g + 1, table, width, others);
        }
        for (; g < stop; g++)
            gather_entry(bytes, wide, of, g, table, width, sums);
        UNROLL for (int k = 0; k < wide; k++) store(rows + k * LANES, sums[k] + others[k]);
    }
}

/* Adds a row, times an entry's value, to the entry's row of a table. */
INLINE void scatter_entry(int bytes, int wide, const mx_counts *of, int64_t g, double *table,
                          int64_t width, const vec *held) {
    double *to = table + number_at(bytes, of->indices, g) * width;
    vec value = all_of(of->values[g]);
    UNROLL for (int k = 0; k < wide; k++)
        store(to + k * LANES, load(to + k * LANES) + value * held[k]);
}

/* Adds each of some rows, times its values, to its entries' rows of a table. */
INLINE void scatter_counts(int wide, int bytes, const mx_counts *of, int64_t first, int64_t n_rows,
                           int64_t n_all, double *table, int64_t width, const double *rows) {
    int64_t last = number_at(bytes, of->bounds, n_all) - AHEAD;
    for (int64_t i = 0; i < n_rows; i++, rows += width) {
        int64_t g = number_at(bytes, of->bounds, first + i);
        int64_t stop = number_at(bytes, of->bounds, first + i + 1);
        vec held[MOST_WIDE];
        UNROLL for (int k = 0; k < wide; k++) held[k] = load(rows + k * LANES);
        for (; g < stop && g < last; g++) {
            ask_ahead(bytes, wide, 1, of, g, table, width);
            scatter_entry(bytes, wide, of, g, table, width, held);
        }
        for (; g < stop; g++)
            scatter_entry(bytes, wide, of, g, table, width, held);
    }
}

/* Does one of these, each called f(wide, ...), for all vectors of components from `k` up. */
#define BY_WIDTH(n_vectors, f, ...)                                                                \
    switch (n_vectors) {                                                                           \
    case 1: f(1, __VA_ARGS__); break;                                                              \
    case 2: f(2, __VA_ARGS__); break;                                                              \
    case 3: f(3, __VA_ARGS__); break;                                                              \
    case 4: f(4, __VA_ARGS__); break;                                                              \
    case 5: f(5, __VA_ARGS__); break;                                                              \
    default: f(6, __VA_ARGS__);                                                                    \
    }

#endif
