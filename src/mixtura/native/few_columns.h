/* Loops over few columns, unrolled: their numbers of turns are known where they are compiled. */
#ifndef MIXTURA_FEW_COLUMNS_H
#define MIXTURA_FEW_COLUMNS_H

#include "vector.h"

/* f(d, ...), of which there is one for each of a few small d: f is to be INLINE. */
#define MX_BY_COLUMNS(d, f, ...)                                                                   \
    ((d) == 2   ? f(2, __VA_ARGS__)                                                                \
     : (d) == 3 ? f(3, __VA_ARGS__)                                                                \
     : (d) == 4 ? f(4, __VA_ARGS__)                                                                \
                : f(d, __VA_ARGS__))

#endif
