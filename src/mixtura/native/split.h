/* Components split in two. */
#ifndef MIXTURA_PART_H
#define MIXTURA_PART_H

#include "run.h"

/* The doubles that mx_split_components needs to work in. */
MX_EXPORT int64_t mx_split_workspace(const mx_problem *part, const mx_problem *whole,
                                     int64_t n_components);

/*
 * What splitting each component gains at least, and which part of each row its second child takes:
 * `splits_of` of em/splits.py. Both problems have all products of the columns as features; where
 * cells are missing, those of points that stand for the rows, by whose distances children begin.
 *
 * part, whole   rows that children are found on, and those that gains are summed over
 * spread        (D) units in which distances of rows mean something
 * fewest_rows   that a child component must have for its component to be split
 * steps         of EM that children are given
 * state         the mixture, read only
 * gains         (K), minus infinity where a child component has too few rows
 * responsibilities        (K, n) responsibilities for the rows of `whole`
 * second        (K, n) the second child's part of them
 */
MX_EXPORT int mx_split_components(const mx_problem *part, const mx_problem *whole,
                                  const double *spread, double fewest_rows, int64_t steps,
                                  const mx_state *state, double *gains, double *responsibilities,
                                  double *second, double *workspace);

#endif
