/* Items of few levels joined to one of their combinations, a row of a table each. */
#ifndef MIXTURA_LEVELS_H
#define MIXTURA_LEVELS_H

#include <stdint.h>

#include "mixed.h"

/* An item among those that it is joined with: its levels, and what one more counts. */
typedef struct {
    int64_t levels, group, step;
} mx_item;

/* Items joined to groups, whose rows of a table are the sums of theirs. */
typedef struct {
    const mx_levels *of;
    mx_item *items;
    int64_t n_groups, n_rows;
    int32_t *places; /* (MX_BLOCK, n_groups) of a block's rows, in doubles */
    double *table, *sums;
} mx_joined;

/* Joins items (J) in their order; returns the rows of the table of all groups. */
int64_t mx_join(const mx_levels *of, mx_item *items, int64_t *n_groups);
/* Makes the table, and zeros of the sums. */
void mx_tables_joined(const mx_joined *all, int64_t width);
/* Takes the sums apart, and adds them to those of the items. */
void mx_sums_parted(const mx_joined *all, int64_t width);
/* Finds where in the table each row of a block stands. */
void mx_find_places(const mx_joined *all, int64_t width, int64_t first, int64_t count);

#endif
