/* The two links of answers in an order, for the steps of Newton of ordinal.c. */
#ifndef MIXTURA_ORDINAL_LINKS_H
#define MIXTURA_ORDINAL_LINKS_H

#include <stdint.h>

/* What stands for 0. */
#define LEAST_CELL 1e-300

/*
 * One table. Arrays of L: whether somebody chose a level, and scores about their mean by their
 * spread; a point and another that is tried, of thresholds (L) and effects (K) one after the other,
 * with log p (K, L); and what a step is made of: gradient (L + K), and the curvature by thresholds
 * (L, L, lower triangle), by both (K, L) and by effects (K). Of cumulative logits the threshold of
 * a level is that above it, and there is none of the highest.
 */
typedef struct {
    int64_t n_components, n_levels, highest;
    const double *counts;
    double rows;
    double *there, *scores;
    double *point, *logs, *tried, *tried_logs;
    double *gradient, *step, *curvature, *mixed, *spread;
} mx_ordinal;

/*
 * What a link does: sets the point near to probabilities (K, L); sets it to the shares (L) of all
 * classes together; sets log p (K, L) of a point and returns sum n log p; adds what class k says at
 * the point.
 */
typedef struct {
    void (*begin_at)(mx_ordinal *table, const double *probabilities);
    void (*begin_alike)(mx_ordinal *table, const double *shares);
    double (*value)(const mx_ordinal *table, const double *point, double *logs);
    void (*add_class)(mx_ordinal *table, int64_t k);
} mx_link;

extern const mx_link mx_adjacent, mx_cumulative;

#endif
