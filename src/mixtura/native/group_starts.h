/* Partitions of few rows to start from, by what stands in the rows and a seed alone. */
#ifndef MIXTURA_GROUP_STARTS_H
#define MIXTURA_GROUP_STARTS_H

#include <stdint.h>

/* Sets keys (n) to what stands in rows (n, D), scrambled, and short ones to half of each. */
void mx_row_keys(int64_t n_rows, int64_t n_columns, const double *cells, uint64_t *keys,
                 uint32_t *short_keys);

/* How many keys differ; `table` holds 4 n of them to work in. */
int64_t mx_count_distinct(int64_t n_rows, const uint64_t *keys, uint64_t *table);

/*
 * Adds labels (n) to the n_known before them: the nearest of K centres, by greedy k-means++ and
 * some turns of Lloyd's algorithm, numbered in the order of their first rows. `number` tells one
 * start from another. Returns whether they are none of those before.
 *
 * points    (D, n)
 * labels    (n_known + 1, n)
 * workspace K D + 4 n doubles
 */
int mx_new_partition(int64_t n_rows, int64_t n_columns, int64_t n_components, const double *points,
                     const uint32_t *keys, uint32_t number, int64_t n_known, int64_t *labels,
                     double *workspace);

#endif
