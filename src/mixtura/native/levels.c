/*
 * Level codes: tables of joined items, and where in them rows stand. Items are joined while their
 * combinations, a missing answer counted as a level, are at most MOST_JOINED: it halves the rows of
 * tables that are added up, and the tables stay in the first cache level.
 */
#include "levels.h"

#include <string.h>

#include "lanes.h"

#define MOST_JOINED 64

int64_t mx_join(const mx_levels *of, mx_item *items, int64_t *n_groups) {
    int64_t rows = 0, size = MOST_JOINED + 1;
    *n_groups = 0;
    for (int64_t j = 0; j < of->n_items; j++) {
        int64_t states = of->levels[j] + 1;
        if (size * states > MOST_JOINED) {
            rows += *n_groups ? size : 0;
            size = 1;
            ++*n_groups;
        }
        if (items)
            items[j] = (mx_item){of->levels[j], *n_groups - 1, size};
        size *= states;
    }
    return rows + (*n_groups ? size : 0);
}

/*
 * Makes the table of joined items, or takes its sums apart: every row of a group is one level of
 * each of its items, or none.
 */
static void exchange(const mx_joined *all, int64_t width, int apart) {
    const mx_item *first = all->items, *end = first + all->of->n_items;
    int64_t begun = 1, row = 0;
    while (first < end) {
        const mx_item *last = first;
        while (last + 1 < end && last[1].group == first->group)
            last++;
        int64_t size = last->step * (last->levels + 1), place = begun;
        for (const mx_item *it = first; it <= last; place += it->levels, it++)
            for (int64_t c = 0; c < size; c++) {
                int64_t level = c / it->step % (it->levels + 1), at = (row + c) * width;
                if (level == it->levels)
                    continue;
                if (apart)
                    add_row(width, all->sums + at, all->of->sums + (place + level) * width);
                else
                    add_row(width, all->of->table + (place + level) * width, all->table + at);
            }
        begun = place;
        row += size;
        first = last + 1;
    }
}

/* The level in a cell, or how many there are where it is missing. */
INLINE int64_t level_in(int cell, const void *cells, int64_t place, int64_t levels) {
    if (cell == MX_FLOAT64) {
        double code = ((const double *)cells)[place];
        return code >= 0 && code < (double)levels ? (int64_t)code : levels;
    }
    int64_t code = number_at(cell == MX_INT32 ? 4 : 8, cells, place);
    return (uint64_t)code < (uint64_t)levels ? code : levels;
}

/* Finds where in the table of joined items each row of a block stands. */
INLINE void find_places(int cell, const mx_joined *all, int64_t width, int64_t first,
                        int64_t count) {
    const mx_levels *of = all->of;
    for (int64_t row = 0; row < count; row++) {
        int32_t *place = all->places + row * all->n_groups;
        int64_t at = (first + row) * of->row_stride, begun = 0, now = 0, size = 0;
        for (int64_t j = 0; j < of->n_items; j++, at += of->column_stride) {
            mx_item it = all->items[j];
            int64_t level = level_in(cell, of->cells, at, it.levels);
            if (it.step == 1) {
                begun += size;
                now = begun;
            }
            now += level * it.step;
            size = it.step * (it.levels + 1);
            place[it.group] = (int32_t)(now * width);
        }
    }
}

void mx_tables_joined(const mx_joined *all, int64_t width) {
    memset(all->table, 0, sizeof(double) * all->n_rows * width);
    memset(all->sums, 0, sizeof(double) * all->n_rows * width);
    exchange(all, width, 0);
}

void mx_sums_parted(const mx_joined *all, int64_t width) { exchange(all, width, 1); }

void mx_find_places(const mx_joined *all, int64_t width, int64_t first, int64_t count) {
    switch (all->of->cell) {
    case MX_INT32: find_places(MX_INT32, all, width, first, count); break;
    case MX_INT64: find_places(MX_INT64, all, width, first, count); break;
    default: find_places(MX_FLOAT64, all, width, first, count);
    }
}
