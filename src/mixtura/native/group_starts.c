#include "group_starts.h"

#include <math.h>
#include <string.h>

#include "mixtura.h"

/* Turns of Lloyd's algorithm: a start wants to be near its end only. */
#define LLOYD_TURNS 4
#define LANES 8

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

/* The sum of values, by lanes that do not depend on one another. */
static double summed(int64_t n, const double *values) {
    double lanes[LANES] = {0}, total = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lanes[l] += values[i + l];
    for (; i < n; i++)
        total += values[i];
    for (int l = 0; l < LANES; l++)
        total += lanes[l];
    return total;
}

/*
 * A row drawn nearly by its mass (n): the largest m / u, u even between 0 and 1, whose upper tail
 * is that of the exact draw, m / -log u. It depends on which rows there are, not on their order.
 */
static int64_t drawn(int64_t n_rows, const double *mass, const uint32_t *keys, uint32_t number,
                     float *values) {
    float most = 0;
    for (int64_t i = 0; i < n_rows; i++) {
        uint32_t key = keys[i] ^ number;
        key = (key ^ (key >> 16)) * 0x7feb352du;
        key = (key ^ (key >> 15)) * 0x846ca68bu;
        values[i] = (float)mass[i] / ((float)(int32_t)(key >> 9) + 0.5f);
    }
    for (int64_t i = 0; i < n_rows; i++)
        most = values[i] > most ? values[i] : most;
    int64_t chosen = 0;
    while (chosen + 1 < n_rows && values[chosen] != most)
        chosen++;
    return chosen;
}

/* Sets squares (n) to squared distances from a centre. */
static void distances_from(int64_t n_rows, int64_t n_columns, const double *points,
                           const double *centre, double *restrict squares) {
    memset(squares, 0, sizeof(double) * n_rows);
    for (int64_t j = 0; j < n_columns; j++)
        for (int64_t i = 0; i < n_rows; i++) {
            double apart = points[j * n_rows + i] - centre[j];
            squares[i] += apart * apart;
        }
}

static void copy_point(int64_t n_rows, int64_t n_columns, const double *points, int64_t row,
                       double *centre) {
    for (int64_t j = 0; j < n_columns; j++)
        centre[j] = points[j * n_rows + row];
}

/* Sets `nearest` to what the squares of a further centre leave of it; returns the sum. */
static double nearer(int64_t n_rows, const double *nearest, double *restrict squares) {
    for (int64_t i = 0; i < n_rows; i++)
        squares[i] = squares[i] < nearest[i] ? squares[i] : nearest[i];
    return summed(n_rows, squares);
}

/* Each seed is the best of a few that are drawn by their squared distance to the nearest so far. */
static void seeded(int64_t n_rows, int64_t d, int64_t n, const double *points, const uint32_t *keys,
                   uint32_t number, double *centres, double *workspace) {
    double *nearest = workspace, *squares = nearest + n_rows, *best = squares + n_rows;
    float *values = (float *)(best + n_rows);
    int candidates = 2 + (int)log((double)n);
    for (int64_t i = 0; i < n_rows; i++)
        nearest[i] = 1;
    copy_point(n_rows, d, points, drawn(n_rows, nearest, keys, number, values), centres);
    distances_from(n_rows, d, points, centres, nearest);
    for (int64_t k = 1; k < n; k++) {
        double least = INFINITY, trial[MX_MOST_COLUMNS];
        for (int t = 0; t < candidates; t++) {
            uint32_t turn = number + 0x9e3779b9u * (uint32_t)(k * candidates + t + 1);
            copy_point(n_rows, d, points, drawn(n_rows, nearest, keys, turn, values), trial);
            distances_from(n_rows, d, points, trial, squares);
            double total = nearer(n_rows, nearest, squares);
            if (total < least) {
                least = total;
                memcpy(centres + k * d, trial, sizeof(double) * d);
                memcpy(best, squares, sizeof(double) * n_rows);
            }
        }
        memcpy(nearest, best, sizeof(double) * n_rows);
    }
}

/* Sets labels to the nearest centre; returns how many changed. */
static int64_t labelled(int64_t n_rows, int64_t d, int64_t n, const double *points,
                        const double *centres, int64_t *labels, double *workspace) {
    double *nearest = workspace, *squares = nearest + n_rows;
    int64_t *found = (int64_t *)(squares + n_rows), changed = 0;
    distances_from(n_rows, d, points, centres, nearest);
    memset(found, 0, sizeof(int64_t) * n_rows);
    for (int64_t k = 1; k < n; k++) {
        distances_from(n_rows, d, points, centres + k * d, squares);
        for (int64_t i = 0; i < n_rows; i++) {
            int closer = squares[i] < nearest[i];
            nearest[i] = closer ? squares[i] : nearest[i];
            found[i] = closer ? k : found[i];
        }
    }
    for (int64_t i = 0; i < n_rows; i++) {
        changed += labels[i] != found[i];
        labels[i] = found[i];
    }
    return changed;
}

/* Moves centres to the means of their rows; those without rows stay. */
static void centred_on(int64_t n_rows, int64_t d, int64_t n, const double *points,
                       const int64_t *labels, double *centres, double *workspace) {
    double *belongs = workspace, *taken = workspace + n_rows;
    for (int64_t k = 0; k < n; k++) {
        for (int64_t i = 0; i < n_rows; i++)
            belongs[i] = labels[i] == k;
        double count = summed(n_rows, belongs);
        for (int64_t j = 0; j < d && count > 0; j++) {
            for (int64_t i = 0; i < n_rows; i++)
                taken[i] = belongs[i] * points[j * n_rows + i];
            centres[k * d + j] = summed(n_rows, taken) / count;
        }
    }
}

static void numbered_in_order(int64_t n_rows, int64_t n, int64_t *labels) {
    int64_t names[MX_MOST_COMPONENTS], next = 0;
    for (int64_t k = 0; k < n; k++)
        names[k] = -1;
    for (int64_t i = 0; i < n_rows; i++) {
        if (names[labels[i]] < 0)
            names[labels[i]] = next++;
        labels[i] = names[labels[i]];
    }
}

static void partition(int64_t n_rows, int64_t n_columns, int64_t n_components, const double *points,
                      const uint32_t *keys, uint32_t number, int64_t *labels, double *workspace) {
    double *centres = workspace;
    workspace += n_components * n_columns;
    seeded(n_rows, n_columns, n_components, points, keys, (uint32_t)scrambled(number + 1), centres,
           workspace);
    for (int64_t i = 0; i < n_rows; i++)
        labels[i] = -1;
    for (int turn = 0; turn < LLOYD_TURNS; turn++) {
        if (!labelled(n_rows, n_columns, n_components, points, centres, labels, workspace))
            break;
        centred_on(n_rows, n_columns, n_components, points, labels, centres, workspace);
    }
    numbered_in_order(n_rows, n_components, labels);
}

int mx_new_partition(int64_t n_rows, int64_t n_columns, int64_t n_components, const double *points,
                     const uint32_t *keys, uint32_t number, int64_t n_known, int64_t *labels,
                     double *workspace) {
    int64_t *own = labels + n_known * n_rows;
    partition(n_rows, n_columns, n_components, points, keys, number, own, workspace);
    for (int64_t i = 0; i < n_known; i++)
        if (!memcmp(own, labels + i * n_rows, sizeof(int64_t) * n_rows))
            return 0;
    return 1;
}
