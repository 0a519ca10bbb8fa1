/* Partitions of few rows to start from, by what stands in the rows and a seed alone. */
#ifndef MIXTURA_GROUP_STARTS_H
#define MIXTURA_GROUP_STARTS_H

#include <stdint.h>

/* Sets keys (n) to what stands in rows (n, D), scrambled, and short ones to half of each. */
void mx_row_keys(int64_t n_rows, int64_t n_columns, const double *cells, uint64_t *keys,
                 uint32_t *short_keys);

/* How many keys differ; `table` holds 4 n of them to work in. */
int64_t mx_count_distinct(int64_t n_rows, const uint64_t *keys, uint64_t *table);

/* Rows are padded to a multiple of this. */
#define MX_PADDED 8

/* Rows among which distances are taken. */
typedef struct {
    int64_t n_rows, n_columns, stride; /* a multiple of MX_PADDED */
    const double *columns; /* (D + 1, stride), the last 1 for each row; 0 where there is none */
    const uint32_t *keys;  /* (n) */
} mx_points;

/* The doubles that mx_new_partition needs to work in. */
int64_t mx_partition_workspace(int64_t n_columns, int64_t n_components, int64_t stride);

/*
 * Adds labels (stride) to the n_known before them: the nearest of K centres, by greedy k-means++
 * and some turns of Lloyd's algorithm, numbered in the order of their first rows. `number` tells
 * one start from another. Returns whether they are like none of those before.
 *
 * labels    (n_known + 1, stride)
 */
int mx_new_partition(const mx_points *of, int64_t n_components, uint32_t number, int64_t n_known,
                     int64_t *labels, double *workspace);

#endif
