/*
 * Level codes: tables of joined items, and where in them rows stand. Items are joined while their
 * combinations, a missing answer counted as a level, are at most MOST_JOINED: it halves the rows of
 * tables that are added up, and the tables stay in the first cache level.
 */
#include "levels.h"

#include <string.h>

#include "lanes.h"

#define MOST_JOINED 64
/* Items that may be joined: each has a level, and may be missing. */
#define MOST_TOGETHER 6

/* Joins items in their order, into groups unless these are NULL; returns how many there are. */
static int64_t join(const mx_levels *of, mx_group *groups, int64_t *n_rows) {
    int64_t n_groups = 0;
    mx_group now = {0};
    *n_rows = 0;
    for (int64_t j = 0; j < of->n_items; j++) {
        int64_t states = of->levels[j] + 1;
        if (j && now.n_rows * states <= MOST_JOINED) {
            now.n_rows *= states;
            now.count++;
            *n_rows += now.n_rows - now.n_rows / states;
        } else {
            now = (mx_group){j, 1, *n_rows, states};
            n_groups++;
            *n_rows += states;
        }
        if (groups)
            groups[n_groups - 1] = now;
    }
    return n_groups;
}

mx_joined mx_joined_in(const mx_levels *of, int64_t width, mx_workspace *workspace) {
    mx_joined all = {.of = of};
    all.groups = mx_lines(workspace, sizeof(mx_group) * of->n_items);
    all.n_groups = join(of, all.groups, &all.n_rows);
    all.places = mx_lines(workspace, sizeof(int32_t) * MX_BLOCK * all.n_groups);
    all.table = mx_lines(workspace, sizeof(double) * all.n_rows * width);
    all.sums = mx_lines(workspace, sizeof(double) * all.n_rows * width);
    return all;
}

/*
 * Makes the table of joined items, or takes its sums apart: every row of a group is one level of
 * each of its items, or none.
 */
static void exchange(const mx_joined *all, int64_t width, int apart) {
    int64_t item_row = 1;
    for (const mx_group *group = all->groups; group < all->groups + all->n_groups; group++) {
        int64_t step = 1;
        for (int64_t j = group->first; j < group->first + group->count; j++) {
            int64_t levels = all->of->levels[j];
            for (int64_t row = 0; row < group->n_rows; row++) {
                int64_t level = row / step % (levels + 1), at = (group->row + row) * width;
                if (level == levels)
                    continue;
                if (apart)
                    add_row(width, all->sums + at, all->of->sums + (item_row + level) * width);
                else
                    add_row(width, all->of->table + (item_row + level) * width, all->table + at);
            }
            item_row += levels;
            step *= levels + 1;
        }
    }
}

void mx_tables_joined(const mx_joined *all, int64_t width) {
    memset(all->table, 0, sizeof(double) * all->n_rows * width);
    memset(all->sums, 0, sizeof(double) * all->n_rows * width);
    exchange(all, width, 0);
}

void mx_sums_parted(const mx_joined *all, int64_t width) { exchange(all, width, 1); }

/* The level in a cell, or how many there are where it is missing. */
INLINE int32_t level_in(int cell, const void *cells, int64_t place, int32_t levels) {
    if (cell == MX_FLOAT64) {
        double code = ((const double *)cells)[place];
        return code >= 0 && code < levels ? (int32_t)code : levels;
    }
    if (cell == MX_INT64) {
        uint64_t code = ((const uint64_t *)cells)[place];
        return code < (uint64_t)levels ? (int32_t)code : levels;
    }
    uint32_t code = ((const uint32_t *)cells)[place];
    return (int32_t)(code < (uint32_t)levels ? code : (uint32_t)levels);
}

/* Finds the places of rows in the table of one group. */
INLINE void find_places(int cell, int n_items, const mx_joined *all, const mx_group *group,
                        int64_t width, int64_t first, int64_t count) {
    const mx_levels *of = all->of;
    int32_t begin = (int32_t)(group->row * width), levels[MOST_TOGETHER], steps[MOST_TOGETHER];
    int64_t columns[MOST_TOGETHER], at = first * of->row_stride;
    int32_t *place = all->places + (group - all->groups);
    for (int j = 0; j < n_items; j++) {
        levels[j] = (int32_t)of->levels[group->first + j];
        steps[j] = j ? steps[j - 1] * (levels[j - 1] + 1) : (int32_t)width;
        columns[j] = (group->first + j) * of->column_stride;
    }
    for (int64_t row = 0; row < count; row++, at += of->row_stride, place += all->n_groups) {
        int32_t sum = begin;
    UNROLL for (int j = 0; j < n_items; j++) sum +=
            level_in(cell, of->cells, at + columns[j], levels[j]) * steps[j];
        *place = sum;
    }
}

#define FIND(cell)                                                                                 \
    switch (group->count) {                                                                        \
    case 1: find_places(cell, 1, all, group, width, first, count); break;                          \
    case 2: find_places(cell, 2, all, group, width, first, count); break;                          \
    case 3: find_places(cell, 3, all, group, width, first, count); break;                          \
    default: find_places(cell, (int)group->count, all, group, width, first, count);                \
    }

void mx_find_places(const mx_joined *all, int64_t width, int64_t first, int64_t count) {
    for (const mx_group *group = all->groups; group < all->groups + all->n_groups; group++) {
        if (all->of->cell == MX_INT32)
            FIND(MX_INT32)
        else if (all->of->cell == MX_INT64)
            FIND(MX_INT64)
        else
            FIND(MX_FLOAT64)
    }
}
