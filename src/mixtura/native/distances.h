/* Squared distances of points, column by column, from a centre. */
#ifndef MIXTURA_DISTANCES_H
#define MIXTURA_DISTANCES_H

#include "few_columns.h"

/* Those of some points (lanes), of which columns are `stride` apart. */
INLINE vec squares_from(int64_t d, const double *points, int64_t stride, const double *centre) {
    vec squares = {0};
    for (int64_t j = 0; j < d; j++) {
        vec apart = load(points + j * stride) - all_of(centre[j]);
        squares += apart * apart;
    }
    return squares;
}

#endif
