/* Rows of one pattern of missing cells, a few at a time: components run along the lanes. */
#ifndef MIXTURA_GAP_ROWS_H
#define MIXTURA_GAP_ROWS_H

#include "gap_open.h"
#include "gap_tree.h"
#include "sweep.h"

/* Rows whose logarithms are taken together. */
#define MX_TALLIED 64

/*
 * What is found of rows, whichever of them is asked for.
 *
 * densities  (K, n) to be set, or NULL
 * responsibilities     given, or NULL; that of row i for component k is at i * row_stride +
 *            k * component_stride
 * squared    (padded)
 * values     (2) as in sweep.h
 * weights, totals  of the last `count` rows, whose logarithms are not yet in the values
 */
typedef struct {
    double *densities, *squared, *values;
    const double *responsibilities;
    double weights[MX_TALLIED], totals[MX_TALLIED];
    int64_t count, row_stride, component_stride;
} mx_found;

/* The doubles that mx_rows_of_pattern needs to work in. */
int64_t mx_few_workspace(const mx_tree *tree);

/*
 * Sweeps rows of the pattern at hand: those from `first` on, before `last`. They lack the
 * open columns too, if there are any, else that is NULL.
 */
void mx_rows_of_pattern(const mx_tile *tile, const mx_tree *tree, const mx_open *open,
                        int64_t first, int64_t last, mx_found *found, double *workspace);

/* Adds what was put off to the values. */
void mx_tally(mx_found *found);

/* A cell as it stands, `at` so many cells. */
static inline double mx_cell(const mx_tile *tile, int single, int64_t at) {
    return single ? ((const float *)tile->cells)[at] : ((const double *)tile->cells)[at];
}

#endif
