/* Items of few levels joined to one of their combinations, a row of a table each. */
#ifndef MIXTURA_LEVELS_H
#define MIXTURA_LEVELS_H

#include <stdint.h>

#include "mixed.h"
#include "workspace.h"

/* Items that are joined, from `first` up, and the rows of the table that are theirs. */
typedef struct {
    int64_t first, count, row, n_rows;
} mx_group;

/*
 * Items joined to groups, whose rows of a table are the sums of theirs.
 *
 * places    (MX_BLOCK, n_groups) where a block's rows stand in the table, in doubles
 */
typedef struct {
    const mx_levels *of;
    int64_t n_groups, n_rows;
    mx_group *groups;
    int32_t *places;
    double *table, *sums;
} mx_joined;

/* Lays out a part for tables of that width. */
mx_joined mx_joined_in(const mx_levels *of, int64_t width, mx_workspace *workspace);
/* Makes the table, and zeros of the sums. */
void mx_tables_joined(const mx_joined *all, int64_t width);
/* Takes the sums apart, and adds them to those of the items. */
void mx_sums_parted(const mx_joined *all, int64_t width);
/* Finds the places of a block's rows. */
void mx_find_places(const mx_joined *all, int64_t width, int64_t first, int64_t count);

#endif
