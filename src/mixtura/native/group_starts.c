#include "group_starts.h"

#include <math.h>
#include <string.h>

#include "distances.h"
#include "mixtura.h"

/* Turns of Lloyd's algorithm: a start wants to be near its end only. */
#define LLOYD_TURNS 2
/* Partitions are as good as one where no more than one row in so many is elsewhere. */
#define HARDLY_MOVED 33

static uint64_t scrambled(uint64_t key) {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

void mx_row_keys(int64_t n_rows, int64_t n_columns, const double *cells, uint64_t *keys,
                 uint32_t *short_keys) {
    for (int64_t i = 0; i < n_rows; i++) {
        uint64_t key = 0;
        for (int64_t j = 0; j < n_columns; j++) {
            /* Zero has two spellings. */
            double cell = cells[i * n_columns + j] + 0.0;
            uint64_t bits;
            memcpy(&bits, &cell, sizeof(bits));
            key = scrambled(key + bits + 0x9e3779b97f4a7c15u);
        }
        keys[i] = key ? key : 1;
        short_keys[i] = (uint32_t)key;
    }
}

int64_t mx_count_distinct(int64_t n_rows, const uint64_t *keys, uint64_t *table) {
    uint64_t size = 1;
    while (size < 2 * (uint64_t)n_rows)
        size *= 2;
    memset(table, 0, sizeof(uint64_t) * size);
    int64_t count = 0;
    for (int64_t i = 0; i < n_rows; i++) {
        uint64_t at = keys[i] & (size - 1);
        while (table[at] && table[at] != keys[i])
            at = (at + 1) & (size - 1);
        count += !table[at];
        table[at] = keys[i];
    }
    return count;
}

/*
 * A row drawn nearly by its mass (n): the largest m / u, u even between 0 and 1, whose upper tail
 * is that of the exact draw, m / -log u. It depends on which rows there are, not on their order.
 */
static int64_t drawn(int64_t n_rows, const double *mass, const uint32_t *keys, uint32_t number,
                     float *restrict values) {
    int32_t most = 0, bits;
    for (int64_t i = 0; i < n_rows; i++) {
        uint32_t key = keys[i] ^ number;
        key = (key ^ (key >> 16)) * 0x7feb352du;
        key = (key ^ (key >> 15)) * 0x846ca68bu;
        values[i] = (float)mass[i] / ((float)(int32_t)(key >> 9) + 0.5f);
    }
    /* Numbers from zero up are ordered as their bits are, of which lanes find the largest. */
    for (int64_t i = 0; i < n_rows; i++) {
        memcpy(&bits, values + i, sizeof(bits));
        most = bits > most ? bits : most;
    }
    int64_t chosen = 0;
    for (; chosen + 1 < n_rows; chosen++) {
        memcpy(&bits, values + chosen, sizeof(bits));
        if (bits == most)
            break;
    }
    return chosen;
}

static void copy_point(const mx_points *of, int64_t row, double *centre) {
    for (int64_t j = 0; j < of->n_columns; j++)
        centre[j] = of->columns[j * of->stride + row];
}

INLINE double nearer_of(int64_t d, const mx_points *of, const double *centre, const double *nearest,
                        double *squares) {
    vec total = {0};
    const double *points = of->columns;
    int64_t stride = of->stride;
    for (int64_t row = 0; row < stride; row += LANES) {
        vec square = squares_from(d, points + row, stride, centre), before = load(nearest + row);
        square = chosen(square < before, square, before);
        store(squares + row, square);
        total += square;
    }
    return sum_of(total);
}

/* Sets squares (stride) to what a further centre leaves of the nearest; returns the sum. */
static double nearer(const mx_points *of, const double *centre, const double *nearest,
                     double *squares) {
    return MX_BY_COLUMNS(of->n_columns, nearer_of, of, centre, nearest, squares);
}

static void exchange(double **one, double **other) {
    double *kept = *one;
    *one = *other;
    *other = kept;
}

/* Each seed is the best of a few that are drawn by their squared distance to the nearest so far. */
static void seeded(const mx_points *of, int64_t n, uint32_t number, double *centres,
                   double *workspace) {
    double *nearest = workspace, *squares = nearest + of->stride, *best = squares + of->stride;
    float *values = (float *)(best + of->stride);
    int candidates = 2 + (int)log((double)n);
    const double *present = of->columns + of->n_columns * of->stride;
    copy_point(of, drawn(of->n_rows, present, of->keys, number, values), centres);
    /* What fills rows up is never far from any centre. */
    for (int64_t row = 0; row < of->stride; row++)
        squares[row] = present[row] > 0 ? INFINITY : 0;
    nearer(of, centres, squares, nearest);
    for (int64_t k = 1; k < n; k++) {
        double least = INFINITY, trial[MX_MOST_COLUMNS];
        for (int t = 0; t < candidates; t++) {
            uint32_t turn = number + 0x9e3779b9u * (uint32_t)(k * candidates + t + 1);
            copy_point(of, drawn(of->n_rows, nearest, of->keys, turn, values), trial);
            double total = nearer(of, trial, nearest, squares);
            if (total < least) {
                least = total;
                memcpy(centres + k * of->n_columns, trial, sizeof(double) * of->n_columns);
                exchange(&best, &squares);
            }
        }
        exchange(&nearest, &best);
    }
}

/* Adds a vector of rows to the sums (D + 1, lanes) of a centre, which have their number last. */
INLINE void add_rows(int64_t d, const double *points, int64_t stride, ints mine, double *sums) {
    for (int64_t j = 0; j <= d; j++)
        store(sums + j * LANES,
              load(sums + j * LANES) + (vec)((ints)load(points + j * stride) & mine));
}

INLINE int labelled_of(int64_t d, const mx_points *of, int64_t n, const double *centres,
                       int64_t *labels, double *sums) {
    int64_t width = (d + 1) * LANES, stride = of->stride, moved = 0;
    ints changed = {0};
    memset(sums, 0, sizeof(double) * n * width);
    for (int64_t row = 0; row < stride; row += LANES) {
        const double *points = of->columns + row;
        vec nearest = squares_from(d, points, stride, centres);
        ints label = {0}, before;
        for (int64_t k = 1; k < n; k++) {
            vec squares = squares_from(d, points, stride, centres + k * d);
            ints closer = squares < nearest;
            nearest = chosen(closer, squares, nearest);
            label = (closer & k) | (~closer & label);
        }
        memcpy(&before, labels + row, sizeof(before));
        memcpy(labels + row, &label, sizeof(label));
        changed |= label ^ before;
        for (int64_t k = 0; k < n; k++)
            add_rows(d, points, stride, label == k, sums + k * width);
    }
    for (int lane = 0; lane < LANES; lane++)
        moved |= changed[lane];
    return moved != 0;
}

/* Sets labels to the nearest centre, and sums (K, D + 1, lanes) of the rows of each; returns
 * whether labels changed. */
static int labelled(const mx_points *of, int64_t n, const double *centres, int64_t *labels,
                    double *sums) {
    return MX_BY_COLUMNS(of->n_columns, labelled_of, of, n, centres, labels, sums);
}

/* Moves centres to the means of their rows; those without rows stay. */
static void centred_on(int64_t d, int64_t n, const double *sums, double *centres) {
    for (int64_t k = 0; k < n; k++, sums += (d + 1) * LANES) {
        double count = sum_of(load(sums + d * LANES));
        for (int64_t j = 0; j < d && count > 0; j++)
            centres[k * d + j] = sum_of(load(sums + j * LANES)) / count;
    }
}

static void numbered_in_order(int64_t n_rows, int64_t n, int64_t *labels) {
    int64_t names[MX_MOST_COMPONENTS], next = 0, in_order = 1;
    for (int64_t k = 0; k < n; k++)
        names[k] = -1;
    for (int64_t i = 0; i < n_rows && next < n; i++)
        if (names[labels[i]] < 0) {
            in_order &= labels[i] == next;
            names[labels[i]] = next++;
        }
    for (int64_t i = 0; !in_order && i < n_rows; i++)
        labels[i] = names[labels[i]];
}

static void partition(const mx_points *of, int64_t n, uint32_t number, int64_t *labels,
                      double *workspace) {
    double *centres = workspace;
    workspace += n * of->n_columns;
    seeded(of, n, (uint32_t)scrambled(number + 1), centres, workspace);
    /* No label is -1. */
    memset(labels, 0xff, sizeof(int64_t) * of->stride);
    for (int turn = 0; turn < LLOYD_TURNS; turn++) {
        if (!labelled(of, n, centres, labels, workspace))
            break;
        centred_on(of->n_columns, n, workspace, centres);
    }
    numbered_in_order(of->n_rows, n, labels);
}

int64_t mx_partition_workspace(int64_t n_columns, int64_t n_components, int64_t stride) {
    int64_t n = n_components, seeds = 4 * stride, sums = n * (n_columns + 1) * LANES;
    int64_t most = seeds > sums ? seeds : sums;
    return n * n_columns + (most > n * n ? most : n * n);
}

/* How many rows of each label, `apart` by `apart`, do not have the one that most of them have. */
static int64_t outside(int64_t n, const int64_t *counts, int64_t apart, int64_t next) {
    int64_t left = 0;
    for (int64_t k = 0; k < n; k++, counts += apart) {
        int64_t total = 0, most = 0;
        for (int64_t l = 0; l < n; l++) {
            int64_t count = counts[l * next];
            total += count;
            most = count > most ? count : most;
        }
        left += total - most;
    }
    return left;
}

/* How many rows one of two partitions has elsewhere than the other, whatever labels are called. */
static int64_t elsewhere(int64_t n_rows, int64_t n, const int64_t *one, const int64_t *other,
                         int64_t *counts) {
    memset(counts, 0, sizeof(int64_t) * n * n);
    for (int64_t i = 0; i < n_rows; i++)
        counts[one[i] * n + other[i]]++;
    int64_t left = outside(n, counts, n, 1), right = outside(n, counts, 1, n);
    return left > right ? left : right;
}

int mx_new_partition(const mx_points *of, int64_t n_components, uint32_t number, int64_t n_known,
                     int64_t *labels, double *workspace) {
    int64_t *own = labels + n_known * of->stride;
    partition(of, n_components, number, own, workspace);
    for (int64_t i = 0; i < n_known; i++)
        if (HARDLY_MOVED * elsewhere(of->n_rows, n_components, own, labels + i * of->stride,
                                     (int64_t *)workspace) <=
            of->n_rows)
            return 0;
    return 1;
}
