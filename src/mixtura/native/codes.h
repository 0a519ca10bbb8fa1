/* Features of which a row has a one for each item at most, kept as codes, and looked up. */
#ifndef MIXTURA_CODES_H
#define MIXTURA_CODES_H

#include <stdint.h>

/*
 * codes     (n_items, n_rows) which of the features has the one of an item, negative where none has
 * table     (K, n_codes) natural parameters, and sums likewise; NULL until a sweep sets them
 */
typedef struct {
    const int32_t *codes;
    int64_t n_items, n_codes;
    const double *table;
    double *sums;
} mx_coded;

/* Adds natural parameters of `count` rows of `n_rows` to densities (K, stride). */
void mx_look_up(const mx_coded *coded, int64_t n_rows, int64_t first, int64_t count,
                int64_t n_components, int64_t stride, double *densities);
/* Adds such responsibilities to sums. */
void mx_count_up(const mx_coded *coded, int64_t n_rows, int64_t first, int64_t count,
                 int64_t n_components, int64_t stride, const double *responsibilities);

#endif
