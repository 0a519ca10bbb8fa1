/* Columns that few rows lack beyond a pattern: integrated out of their densities row by row. */
#ifndef MIXTURA_GAP_OPEN_H
#define MIXTURA_GAP_OPEN_H

#include "gap_tree.h"

/* Columns that may be open at once. */
#define MX_MOST_OPEN 8

/*
 * With h and -P the natural parameters of the open columns, P their precision given the observed
 * ones x, their mean given these is P^-1 (h + theta x).
 *
 * places    (count) where the columns are in the level
 * features  (count, n_observed) those of each column with every other, and with itself
 * variance  (count, count, padded) P^-1
 * half_log  (padded) log|P| / 2
 * entropy   what cells of all of them have beside that
 */
typedef struct {
    int64_t count;
    int64_t *places, *features;
    double *variance, *half_log;
    double entropy;
} mx_open;

mx_open mx_open_in(const mx_tree *tree, mx_workspace *workspace);

/* Opens some columns of the pattern at hand. */
void mx_open_columns(const mx_tree *tree, const int64_t *columns, int64_t count,
                     const double *entropies, mx_open *open);

#endif
