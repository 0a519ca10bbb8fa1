/* One pass over rows of several kinds of columns: features, level codes and sparse counts. */
#ifndef MIXTURA_MIXED_H
#define MIXTURA_MIXED_H

#include <stdint.h>

#include "mixtura.h"
#include "sweep.h"

/* What the cells of level codes are. */
enum mx_cell { MX_INT32, MX_INT64, MX_FLOAT64 };

/*
 * Items of which a row holds one level each.
 *
 * cells     of which that of row i and item j is at i * row_stride + j * column_stride; what is no
 *           number of a level is missing, and adds nothing
 * levels    (J) how many there are of each
 * table     (1 + sum of levels, width) natural parameters: the constant, then level by level; one
 *           component a column, and zeros up to the width
 * sums      likewise, of w r; added to
 */
typedef struct {
    const void *cells;
    int64_t cell, n_items, row_stride, column_stride;
    const int64_t *levels;
    const double *table;
    double *sums;
} mx_levels;

/*
 * Sparse features: row i has those from bounds[i] up to bounds[i + 1], which are checked before.
 *
 * bounds    (n + 1), indices as many as the last of them; both of 4 or 8 bytes a number
 * values    (as many)
 * table     (1 + features, width) the constant, then feature by feature; sums likewise, added to
 */
typedef struct {
    const void *bounds, *indices;
    const double *values;
    int64_t index_bytes;
    const double *table;
    double *sums;
} mx_counts;

/*
 * A tile of rows, part by part: log densities of the parts add up.
 *
 * rows      n_rows, weights, excluded, and the number of features of all panels; the rest is not
 * read panels    each makes or has features of its own, by the number in its rows theta     (K,
 * n_features) of all panels, one after the other
 */
typedef struct {
    mx_rows rows;
    int64_t n_panels, n_levels, n_counts;
    const mx_tile *panels;
    const mx_levels *levels;
    const mx_counts *counts;
    const double *theta;
} mx_mixed;

/* Components side by side in a table, and zeros: whole vectors of them. */
MX_EXPORT int64_t mx_table_width(int64_t n_components);

/* The doubles that mx_sweep_mixed needs to work in, for so many components of all mixtures. */
MX_EXPORT int64_t mx_mixed_workspace(const mx_mixed *tile, int64_t n_components);

/*
 * The E-step and the sums of the M-step for mixtures of the given sizes, side by side. All are
 * added to what is there: sums (K, n_features) of the panels and those of the other parts, squared
 * (K) and values (n_mixtures, 2) as in mx_sweep.
 */
MX_EXPORT void mx_sweep_mixed(const mx_mixed *tile, int64_t n_mixtures, const int64_t *sizes,
                              double *sums, double *squared, double *values, double *workspace);

#endif
