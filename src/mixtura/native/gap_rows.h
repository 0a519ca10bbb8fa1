/* Rows of one pattern of missing cells, a few at a time: components run along the lanes. */
#ifndef MIXTURA_GAP_ROWS_H
#define MIXTURA_GAP_ROWS_H

#include "gap_tree.h"
#include "sweep.h"

/* Rows whose logarithms are taken together. */
#define MX_TALLIED 64

/*
 * What is found of rows, whichever of them is asked for.
 *
 * densities  (K, n) to be set, or NULL
 * shares     (K, n) given, or NULL
 * squared    (padded)
 * values     (2) as in sweep.h
 * weights, totals  of the last `count` rows, whose logarithms are not yet in the values
 */
typedef struct {
    double *densities, *squared, *values;
    const double *shares;
    double weights[MX_TALLIED], totals[MX_TALLIED];
    int64_t count;
} mx_found;

/* The doubles that mx_rows_of_pattern needs to work in. */
int64_t mx_few_room(const mx_tree *tree);

/*
 * Sweeps rows of the pattern at hand: those from `first` on, before `last`. They lack one column
 * more where one is open, else that is NULL.
 */
void mx_rows_of_pattern(const mx_tile *tile, const mx_tree *tree, const mx_open *open,
                        int64_t first, int64_t last, mx_found *found, double *room);

/* Adds what was put off to the values. */
void mx_tally(mx_found *found);

/* A cell as it stands, `at` so many cells. */
static inline double mx_cell(const mx_tile *tile, int single, int64_t at) {
    return single ? ((const float *)tile->cells)[at] : ((const double *)tile->cells)[at];
}

#endif
