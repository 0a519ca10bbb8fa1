/* Components parted in two. */
#ifndef MIXTURA_PART_H
#define MIXTURA_PART_H

#include "run.h"

/* The doubles that mx_part needs to work in. */
MX_EXPORT int64_t mx_part_room(const mx_problem *part, int64_t n_components);

/*
 * What parting each component gains at least, and which part of each row its second half takes:
 * `splits_of` of em/rearrange.py. Both problems have all products of the columns as features.
 *
 * part, whole   rows that halves are found on, and those that gains are summed over
 * spread        (D) units in which distances of rows mean something
 * fewest_rows   that a half must have for its component to be parted
 * steps         of EM that halves are given
 * state         the mixture, read only
 * gains         (K), minus infinity where a half has too few rows
 * shares        (K, n) responsibilities for the rows of `whole`
 * second        (K, n) the second half's part of them
 */
MX_EXPORT int mx_part(const mx_problem *part, const mx_problem *whole, const double *spread,
                      double fewest_rows, int64_t steps, const mx_state *state, double *gains,
                      double *shares, double *second, double *room);

#endif
