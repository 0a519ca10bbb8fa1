/*
 * Rows with missing cells, run by run of those that lack the same columns. Long runs go through the
 * sweep of complete rows of as many columns, short ones by gap_rows.c.
 */
#include "gaps.h"

#include <string.h>

#include "gap_rows.h"
#include "sweep.h"
#include "vector.h"

/* Rows that a run must have to be worth a sweep, and those of it that are swept at once. */
#define LONG_RUN 64
#define MOST_SWEPT 1024
/* Rows whose patterns are compared at once. */
#define COMPARED 8

typedef struct {
    const mx_gaps *rows;
    mx_tree tree;
    mx_found found;
    mx_open open;
    int64_t *missing, *next; /* columns that a run and the one after it lack, ascending */
    double *few;
    double *cells, *zeros, *ones, *theta, *sums, *squared, *sweep; /* of a sweep of complete rows */
} walk;

static walk walk_in(const mx_gaps *rows, int64_t n_components, mx_room *room) {
    int64_t n_columns = rows->n_columns, full = rows->n_features > 2 * n_columns + 1;
    int64_t n_sums = n_components * rows->n_features;
    walk at = {.rows = rows, .tree = mx_tree_in(n_components, n_columns, full, room)};
    at.found.squared = mx_taken(room, at.tree.padded);
    at.open = mx_open_in(&at.tree, room);
    at.missing = (int64_t *)mx_taken(room, n_columns);
    at.next = (int64_t *)mx_taken(room, n_columns);
    at.few = mx_taken(room, mx_few_room(&at.tree));
    at.cells = mx_taken(room, MOST_SWEPT * n_columns);
    at.zeros = mx_taken(room, n_columns);
    at.ones = mx_taken(room, n_columns);
    at.theta = mx_taken(room, n_sums);
    at.sums = mx_taken(room, n_sums);
    at.squared = mx_taken(room, n_components);
    at.sweep = mx_taken(room, mx_sweep_room(n_components, rows->n_features));
    return at;
}

int64_t mx_gaps_room(const mx_gaps *rows, int64_t n_components) {
    mx_room counted = {0};
    walk_in(rows, n_components, &counted);
    return counted.used + n_components;
}

static inline int is_missing(const mx_gaps *rows, int single, int64_t at) {
    if (single) {
        float cell = ((const float *)rows->cells)[at];
        return cell != cell;
    }
    double cell = ((const double *)rows->cells)[at];
    return cell != cell;
}

/* Reads which columns a row lacks, and returns how many. */
static int64_t read_pattern(const mx_gaps *rows, int64_t row, int64_t *missing) {
    int64_t count = 0;
    for (int64_t d = 0; row < rows->n_rows && d < rows->n_columns; d++) {
        int64_t at = row * rows->row_stride + d * rows->column_stride;
        if (is_missing(rows, rows->single != 0, at))
            missing[count++] = d;
    }
    return count;
}

INLINE int is_alike(const mx_gaps *rows, int single, int64_t first, int64_t row) {
    for (int64_t d = 0; d < rows->n_columns; d++) {
        int64_t at = d * rows->column_stride, step = rows->row_stride;
        if (is_missing(rows, single, first * step + at) !=
            is_missing(rows, single, row * step + at))
            return 0;
    }
    return 1;
}

/* Whether the next rows lack the same columns: cells are float64 that follow one another. */
static int are_alike(const mx_gaps *rows, int64_t first, int64_t row) {
    const double *cells = (const double *)rows->cells, *like = cells + first * rows->row_stride;
    ints unlike = {0};
    for (int64_t d = 0; d < rows->n_columns;) {
        vec same = load(like + d);
        const double *at = cells + row * rows->row_stride + d;
        for (int64_t i = 0; i < COMPARED; i++, at += rows->row_stride) {
            vec own = load(at);
            unlike |= (own != own) ^ (same != same);
        }
        /* The last vector of a row ends with it. */
        d = d + LANES < rows->n_columns && d + 2 * LANES > rows->n_columns ? rows->n_columns - LANES
                                                                           : d + LANES;
    }
    int64_t any = 0;
    for (int i = 0; i < LANES; i++)
        any |= unlike[i];
    return !any;
}

/* The row after the run that begins with a row. */
static int64_t end_of(const mx_gaps *rows, int64_t first) {
    int64_t row = first + 1;
    int wide = !rows->single && rows->column_stride == 1 && rows->n_columns >= LANES;
    while (wide && row + COMPARED <= rows->n_rows && are_alike(rows, first, row))
        row += COMPARED;
    while (row < rows->n_rows &&
           (rows->single ? is_alike(rows, 1, first, row) : is_alike(rows, 0, first, row)))
        row++;
    return row;
}

static inline void pack(const mx_gaps *rows, int single, const mx_level *level, int64_t first,
                        int64_t count, double *to) {
    for (int64_t i = 0; i < level->n_observed; i++, to += MOST_SWEPT) {
        int64_t column = level->observed[i], step = rows->row_stride;
        int64_t at = first * step + column * rows->column_stride;
        double origin = rows->origin[column], scale = rows->scale[column];
        for (int64_t row = 0; row < count; row++, at += step) {
            double cell =
                single ? ((const float *)rows->cells)[at] : ((const double *)rows->cells)[at];
            to[row] = (cell - origin) * scale;
        }
    }
}

/* Complete rows where they are. */
static mx_tile whole_rows(const mx_gaps *rows, int64_t first) {
    return (mx_tile){.cells = (const double *)rows->cells + first * rows->row_stride,
                     .origin = rows->origin,
                     .scale = rows->scale,
                     .row_stride = rows->row_stride,
                     .column_stride = rows->column_stride};
}

/* The observed columns of some rows, brought side by side. */
static mx_tile packed_rows(const walk *at, const mx_level *level, int64_t first, int64_t count) {
    if (at->rows->single)
        pack(at->rows, 1, level, first, count, at->cells);
    else
        pack(at->rows, 0, level, first, count, at->cells);
    return (mx_tile){.cells = at->cells,
                     .origin = at->zeros,
                     .scale = at->ones,
                     .row_stride = 1,
                     .column_stride = MOST_SWEPT};
}

/* Sweeps rows of the pattern at hand as complete ones of its columns. */
static void sweep_run(walk *at, int64_t first, int64_t last) {
    const mx_gaps *rows = at->rows;
    mx_level *level = at->tree.levels + at->tree.depth;
    int64_t n_components = at->tree.n_components;
    int in_place = !at->tree.depth && !rows->single;
    mx_level_theta(&at->tree, level, at->theta);
    for (int64_t row = first, count; row < last; row += count) {
        double values[2];
        count = in_place || last - row < MOST_SWEPT ? last - row : MOST_SWEPT;
        mx_tile tile = in_place ? whole_rows(rows, row) : packed_rows(at, level, row, count);
        tile.n_columns = level->n_observed;
        tile.rows.n_features = level->n_features;
        tile.rows.n_rows = count;
        tile.rows.weights = rows->weights ? rows->weights + row : 0;
        mx_sweep_stack(&tile, 1, &n_components, at->theta, at->sums, at->squared, values,
                       at->sweep);
        mx_level_add(&at->tree, level, at->sums);
        for (int64_t k = 0; k < n_components; k++)
            at->found.squared[k] += at->squared[k];
        at->found.values[0] += values[0];
        at->found.values[1] += values[1];
    }
}

/* Takes rows that lack one column more than the pattern at hand. */
static void open_run(walk *at, int64_t column, int64_t first, int64_t last) {
    mx_open_column(&at->tree, column, at->rows->entropies[column], &at->open);
    mx_rows_of_pattern(at->rows, &at->tree, &at->open, first, last, &at->found, at->few);
}

/* Whether a run's pattern is on the way to that of the next one. */
static int leads_on(const walk *at, int64_t n_missing, int64_t n_next) {
    return n_missing < n_next && !memcmp(at->missing, at->next, sizeof(int64_t) * n_missing);
}

/* Takes all rows, run by run; leaves the tree at the last one. */
static void walk_rows(walk *at, const double *theta) {
    const mx_gaps *rows = at->rows;
    mx_found *found = &at->found;
    int plain = !found->densities && !found->shares && !rows->evidence;
    memset(found->squared, 0, sizeof(double) * at->tree.padded);
    at->tree.adds = !found->densities;
    mx_tree_begin(&at->tree, theta);
    for (int64_t d = 0; d < rows->n_columns; d++) {
        at->zeros[d] = 0.0;
        at->ones[d] = 1.0;
    }
    int64_t n_missing = read_pattern(rows, 0, at->missing), n_next;
    for (int64_t first = 0, last; first < rows->n_rows; first = last, n_missing = n_next) {
        last = end_of(rows, first);
        n_next = read_pattern(rows, last, at->next);
        int leaf = n_missing && last - first < rows->n_columns && !leads_on(at, n_missing, n_next);
        mx_tree_move(&at->tree, at->missing, n_missing - leaf, rows->entropies);
        if (leaf)
            open_run(at, at->missing[n_missing - 1], first, last);
        else if (plain && last - first >= LONG_RUN)
            sweep_run(at, first, last);
        else
            mx_rows_of_pattern(rows, &at->tree, 0, first, last, found, at->few);
        int64_t *spare = at->missing;
        at->missing = at->next;
        at->next = spare;
    }
    if (found->values)
        mx_tally(found);
}

void mx_sweep_gaps_stack(const mx_gaps *rows, int64_t n_mixtures, const int64_t *sizes,
                         const double *theta, double *sums, double *squared, double *values,
                         double *entropy, double *room) {
    for (int64_t m = 0; m < n_mixtures; m++) {
        mx_room from = {.start = room};
        walk at = walk_in(rows, sizes[m], &from);
        values[0] = values[1] = 0.0;
        at.found.values = values;
        walk_rows(&at, theta);
        mx_tree_end(&at.tree, rows->entropies, sums, entropy);
        memcpy(squared, at.found.squared, sizeof(double) * sizes[m]);
        theta += sizes[m] * rows->n_features;
        sums += sizes[m] * rows->n_features;
        squared += sizes[m];
        entropy += sizes[m];
        values += 2;
    }
}

void mx_sweep_gaps(const mx_gaps *rows, int64_t n_components, const double *theta, double *sums,
                   double *squared, double *values, double *room) {
    double *entropy = room;
    mx_sweep_gaps_stack(rows, 1, &n_components, theta, sums, squared, values, entropy,
                        room + n_components);
    values[2] = 0.0;
    for (int64_t k = 0; k < n_components; k++)
        values[2] += entropy[k];
}

void mx_gaps_densities(const mx_gaps *rows, int64_t n_components, const double *theta,
                       double *densities, double *room) {
    mx_room from = {.start = room};
    walk at = walk_in(rows, n_components, &from);
    at.found.densities = densities;
    walk_rows(&at, theta);
}

void mx_gaps_totals(const mx_gaps *rows, int64_t n_components, const double *theta,
                    const double *shares, double *sums, double *entropy, double *room) {
    mx_room from = {.start = room};
    walk at = walk_in(rows, n_components, &from);
    at.found.shares = shares;
    walk_rows(&at, theta);
    mx_tree_end(&at.tree, rows->entropies, sums, entropy);
}
