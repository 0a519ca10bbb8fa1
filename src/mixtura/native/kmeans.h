/* K-means of points by weight: a seed and a turn at a time, so that Python says how they go on. */
#ifndef MIXTURA_KMEANS_H
#define MIXTURA_KMEANS_H

#include <stdint.h>

#include "export.h"

/* Points are padded to a multiple of MX_PADDED, by some that weigh nothing. */
typedef struct {
    int64_t n_points, n_columns, stride;
    const double *columns; /* (D, stride) */
    const double *mass;    /* (stride) */
} mx_cloud;

/*
 * Puts a seed on one of some points that are drawn by weight times squared distance to the nearest
 * seed so far: the one that leaves the least of these, so that draws differ.
 *
 * draws     (C) even between 0 and 1
 * nearest   (stride) squared distances; infinite before the first seed, which goes by weight alone
 * labels    (stride) the number of the nearest seed, which is set to `number` where that is nearer
 * workspace (3 stride + D)
 *
 * Returns 0 if no point lies apart from all seeds; then nothing is set.
 */
MX_EXPORT int mx_seed(const mx_cloud *of, int64_t n_draws, const double *draws, int64_t number,
                      double *nearest, int64_t *labels, double *workspace);

/*
 * Sets labels (stride) to the nearest mean of those that points have by labels so far, those
 * without points left out; returns whether any changed.
 *
 * workspace (K (D + 1))
 */
MX_EXPORT int mx_lloyd(const mx_cloud *of, int64_t n, int64_t *labels, double *workspace);

#endif
