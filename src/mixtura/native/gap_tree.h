/* The patterns of missing cells as a tree, in which each level has one column less. */
#ifndef MIXTURA_GAP_TREE_H
#define MIXTURA_GAP_TREE_H

#include "workspace.h"

/*
 * A pattern on the way from complete rows to the one at hand. Features are [x, 1, x_i x_j for
 * i <= j] of its observed columns, or [x, 1, x_i x_i]; components run along the lanes.
 *
 * n_observed, n_features  how many are left
 * observed                (n_observed) columns, ascending
 * gone, place             the column that the level above has too, and where it is there
 * theta, sums             (n_features, padded)
 * logs                    (padded) log of the precision of that column given all others
 */
typedef struct {
    int64_t n_observed, n_features, gone, place;
    int64_t *observed;
    double *theta, *sums, *logs;
} mx_level;

/*
 * n_components, padded  K, and the multiple of LANES above it
 * full                  whether columns depend on each other
 * adds                  whether sums are asked for
 * depth                 of the pattern at hand; levels (n_columns + 1)
 * entropy               (padded)
 * about                 (n_columns, padded) what parameters and sums are about, where `is_about`
 * scratch               (2 n_columns) vectors
 */
typedef struct {
    int64_t n_components, padded, n_columns, full, adds, depth, is_about;
    mx_level *levels;
    double *entropy, *about, *scratch;
} mx_tree;

/* Where the products of column i of n with itself and those after it begin, of a full level. */
static inline int64_t mx_row_of(int64_t n, int64_t i) { return n + 1 + i * n - i * (i - 1) / 2; }

/* How many features so many columns have. */
int64_t mx_level_features(int64_t full, int64_t n_columns);

mx_tree mx_tree_in(int64_t n_components, int64_t n_columns, int64_t full, mx_workspace *workspace);

/*
 * Begins with natural parameters (K, P) of complete rows, ordered as in sweep.h, about points (K,
 * D) or, where that is NULL, about the origin.
 */
void mx_tree_begin(mx_tree *tree, const double *theta, const double *about);

/* Moves to the pattern of the missing columns; adds completed sums of patterns that are left. */
void mx_tree_move(mx_tree *tree, const int64_t *missing, int64_t n_missing,
                  const double *entropies);

/* Moves back to complete rows, and sets sums (K, P) and entropy (K). */
void mx_tree_end(mx_tree *tree, const double *entropies, double *sums, double *entropy);

/* Sets theta (K, P) to a level's, ordered as in sweep.h, and adds sums (K, P) to a level's. */
void mx_level_theta(const mx_tree *tree, const mx_level *level, double *theta);
void mx_level_add(const mx_tree *tree, mx_level *level, const double *sums);

#endif
