/* Merging and splitting components on a sample of the rows: em/split_and_merge.py and
 * em/neighbours.py. */
#ifndef MIXTURA_MOVES_H
#define MIXTURA_MOVES_H

#include "run.h"

/*
 * What moves are made on.
 *
 * sample, part  the rows that models are compared on, and those that children are found on, both
 * with the features of the structure alone n_products    features with all products of columns,
 * which lie behind those of the structure spread        (D) units in which distances of rows mean
 * something fewest_rows   that a component needs to be moved to least_rows    up to which rows say
 * nothing of how wide a component is factor_of_all of the precision of all rows most_sweeps   of a
 * run
 */
typedef struct {
    const mx_problem *sample, *part;
    int64_t n_products;
    const double *spread;
    double fewest_rows, least_rows;
    const double *factor_of_all;
    int64_t most_sweeps;
} mx_ground;

/* The doubles that the following need to work in, for K components at the most. */
MX_EXPORT int64_t mx_moves_workspace(const mx_ground *ground, int64_t n_components);

/*
 * Runs models to near their ends and moves components of the best from where two share a cluster
 * to where one lacks, while that betters it. Sets `best` to where that led and `lost` (n_starts) to
 * which starts are MX_HARD. Returns the number of moves, or -1 where all are.
 */
MX_EXPORT int64_t mx_split_and_merge(const mx_ground *ground, int64_t n_starts,
                                     const mx_state *starts, int64_t *lost, mx_state *best,
                                     double *workspace);

/*
 * Sets `best` to where a mixture of one component more (two of them merged) or less (one split)
 * leads, where that is better than an objective and has no smaller a component than there was or
 * may be. Returns whether it is.
 */
MX_EXPORT int64_t mx_neighbour(const mx_ground *ground, const mx_state *from, double objective,
                               double smallest, mx_state *best, double *workspace);

#endif
