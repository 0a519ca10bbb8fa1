/*
 * Rows with missing cells, run by run of those that lack the same columns. Long runs go through the
 * sweep of complete rows of as many columns, short ones by gap_rows.c.
 */
#include "gaps.h"

#include <string.h>

#include "gap_rows.h"
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
    int64_t *missing, *then; /* columns that a run and a later row lack, ascending */
    double *few;
    double *cells, *zeros, *ones, *theta, *sums, *sweep; /* of a sweep of complete rows */
} walk;

static walk walk_in(const mx_gaps *rows, int64_t n_components, mx_workspace *workspace) {
    int64_t n_columns = rows->tile.n_columns, n_features = rows->tile.rows.n_features;
    int64_t full = n_features > 2 * n_columns + 1, n_sums = n_components * n_features;
    walk at = {.rows = rows, .tree = mx_tree_in(n_components, n_columns, full, workspace)};
    at.found.squared = mx_taken(workspace, at.tree.padded);
    at.open = mx_open_in(&at.tree, workspace);
    at.missing = (int64_t *)mx_taken(workspace, n_columns);
    at.then = (int64_t *)mx_taken(workspace, n_columns);
    at.few = mx_taken(workspace, mx_few_workspace(&at.tree));
    at.cells = mx_taken(workspace, MOST_SWEPT * n_columns);
    at.zeros = mx_taken(workspace, n_columns);
    at.ones = mx_taken(workspace, n_columns);
    at.theta = mx_taken(workspace, n_sums);
    at.sums = mx_taken(workspace, n_sums);
    at.sweep = mx_taken(workspace, mx_sweep_workspace(n_components, n_features));
    return at;
}

int64_t mx_gaps_workspace(const mx_gaps *rows, int64_t n_components) {
    mx_workspace counted = {0};
    walk_in(rows, n_components, &counted);
    return counted.used + n_components;
}

INLINE int is_missing(const mx_tile *tile, int single, int64_t at) {
    double cell = mx_cell(tile, single, at);
    return cell != cell;
}

/* Reads which columns a row lacks, and returns how many. */
static int64_t read_pattern(const mx_tile *tile, int64_t row, int64_t *missing) {
    int64_t count = 0, at = row * tile->row_stride;
    for (int64_t d = 0; row < tile->rows.n_rows && d < tile->n_columns; d++)
        if (is_missing(tile, tile->is_single != 0, at + d * tile->column_stride))
            missing[count++] = d;
    return count;
}

INLINE int is_alike(const mx_tile *tile, int single, int64_t first, int64_t row) {
    int64_t like = first * tile->row_stride, at = row * tile->row_stride;
    for (int64_t d = 0; d < tile->n_columns; d++) {
        if (is_missing(tile, single, like) != is_missing(tile, single, at))
            return 0;
        like += tile->column_stride;
        at += tile->column_stride;
    }
    return 1;
}

/* Whether the next rows lack the same columns: cells are double and follow one another. */
static int are_alike(const mx_tile *tile, int64_t first, int64_t row) {
    int64_t step = tile->row_stride, n = tile->n_columns;
    const double *like = (const double *)tile->cells + first * step;
    const double *next = (const double *)tile->cells + row * step;
    ints unlike = {0};
    for (int64_t d = 0; d < n; d += LANES) {
        /* The last vector of a row ends with it. */
        int64_t from = d + LANES > n ? n - LANES : d;
        vec same = load(like + from);
        for (int64_t i = 0; i < COMPARED; i++) {
            vec own = load(next + i * step + from);
            unlike |= (own != own) ^ (same != same);
        }
    }
    int64_t any = 0;
    for (int i = 0; i < LANES; i++)
        any |= unlike[i];
    return !any;
}

/* The row after the run that begins with a row. */
static int64_t end_of(const mx_tile *tile, int64_t first) {
    int64_t row = first + 1, n_rows = tile->rows.n_rows;
    int wide = !tile->is_single && tile->column_stride == 1 && tile->n_columns >= LANES;
    while (wide && row + COMPARED <= n_rows && are_alike(tile, first, row))
        row += COMPARED;
    if (tile->is_single)
        while (row < n_rows && is_alike(tile, 1, first, row))
            row++;
    else
        while (row < n_rows && is_alike(tile, 0, first, row))
            row++;
    return row;
}

INLINE void pack_cells(const mx_tile *tile, int single, const mx_level *level, int64_t first,
                       int64_t count, double *to) {
    for (int64_t i = 0; i < level->n_observed; i++, to += MOST_SWEPT) {
        int64_t column = level->observed[i], step = tile->row_stride;
        int64_t at = first * step + column * tile->column_stride;
        double origin = tile->origin[column], scale = tile->scale[column];
        for (int64_t row = 0; row < count; row++, at += step)
            to[row] = (mx_cell(tile, single, at) - origin) * scale;
    }
}

/* Complete rows where they are. */
static mx_tile whole_rows(const mx_tile *tile, int64_t first) {
    mx_tile rows = *tile;
    int64_t size = tile->is_single ? sizeof(float) : sizeof(double);
    rows.cells = (const char *)tile->cells + first * tile->row_stride * size;
    return rows;
}

/* The observed columns of some rows, brought side by side. */
static mx_tile packed_rows(const walk *at, const mx_level *level, int64_t first, int64_t count) {
    const mx_tile *tile = &at->rows->tile;
    if (tile->is_single)
        pack_cells(tile, 1, level, first, count, at->cells);
    else
        pack_cells(tile, 0, level, first, count, at->cells);
    return (mx_tile){.rows = tile->rows,
                     .cells = at->cells,
                     .origin = at->zeros,
                     .scale = at->ones,
                     .n_columns = level->n_observed,
                     .row_stride = 1,
                     .column_stride = MOST_SWEPT};
}

/* Sweeps rows of the pattern at hand as complete ones of its columns. */
static void sweep_run(walk *at, int64_t first, int64_t last) {
    const mx_tile *all = &at->rows->tile;
    mx_level *level = at->tree.levels + at->tree.depth;
    int64_t n_components = at->tree.n_components;
    mx_level_theta(&at->tree, level, at->theta);
    for (int64_t row = first, count; row < last; row += count) {
        count = !at->tree.depth || last - row < MOST_SWEPT ? last - row : MOST_SWEPT;
        mx_tile tile = at->tree.depth ? packed_rows(at, level, row, count) : whole_rows(all, row);
        tile.rows.n_features = level->n_features;
        tile.rows.n_rows = count;
        tile.rows.weights = all->rows.weights ? all->rows.weights + row : 0;
        tile.rows.excluded = all->rows.excluded ? all->rows.excluded + row : 0;
        memset(at->sums, 0, sizeof(double) * n_components * level->n_features);
        mx_sweep_stack(&tile, 1, &n_components, at->theta, at->sums, at->found.squared,
                       at->found.values, at->sweep);
        mx_level_add(&at->tree, level, at->sums);
    }
}

/* How many of the columns that are gone on the way to the pattern at hand are the first missing. */
static int64_t already_gone(const walk *at, int64_t n_missing) {
    int64_t depth = 0;
    while (depth < n_missing && depth < at->tree.depth &&
           at->tree.levels[depth + 1].gone == at->missing[depth])
        depth++;
    return depth;
}

/*
 * How many of the missing columns of a run to take away level by level: a level costs about what it
 * saves where half as many rows as columns go through it. As runs are in order, these lack what the
 * last of them does.
 */
static int64_t depth_of(const walk *at, int64_t first, int64_t n_missing) {
    const mx_tile *tile = &at->rows->tile;
    if (at->tree.is_about)
        return n_missing;
    int64_t depth = already_gone(at, n_missing), same = 0;
    int64_t n_then = read_pattern(tile, first + tile->n_columns / 2, at->then);
    while (same < n_missing && same < n_then && at->missing[same] == at->then[same])
        same++;
    depth = same > depth ? same : depth;
    return n_missing - depth > MX_MOST_OPEN ? n_missing - MX_MOST_OPEN : depth;
}

/* Takes all rows, run by run; leaves the tree at the last one. */
static void walk_rows(walk *at, const double *theta) {
    const mx_tile *tile = &at->rows->tile;
    const double *entropies = at->rows->entropies;
    mx_found *found = &at->found;
    memset(found->squared, 0, sizeof(double) * at->tree.padded);
    at->tree.adds = !found->densities;
    mx_tree_begin(&at->tree, theta, at->rows->about);
    for (int64_t d = 0; d < tile->n_columns; d++) {
        at->zeros[d] = 0.0;
        at->ones[d] = 1.0;
    }
    for (int64_t first = 0, last; first < tile->rows.n_rows; first = last) {
        last = end_of(tile, first);
        int64_t n_missing = read_pattern(tile, first, at->missing);
        int64_t depth = depth_of(at, first, n_missing);
        mx_tree_move(&at->tree, at->missing, depth, entropies);
        if (depth < n_missing)
            mx_open_columns(&at->tree, at->missing + depth, n_missing - depth, entropies,
                            &at->open);
        if (depth == n_missing && found->values && last - first >= LONG_RUN && !at->tree.is_about)
            sweep_run(at, first, last);
        else
            mx_rows_of_pattern(tile, &at->tree, depth < n_missing ? &at->open : 0, first, last,
                               found, at->few);
    }
    if (found->values)
        mx_tally(found);
}

void mx_sweep_gaps_stack(const mx_gaps *rows, int64_t n_mixtures, const int64_t *sizes,
                         const double *theta, double *sums, double *squared, double *values,
                         double *entropy, double *workspace) {
    mx_gaps own = *rows;
    for (int64_t m = 0; m < n_mixtures; m++) {
        mx_workspace from = {.start = workspace};
        walk at = walk_in(&own, sizes[m], &from);
        values[0] = values[1] = 0.0;
        at.found.values = values;
        walk_rows(&at, theta);
        mx_tree_end(&at.tree, rows->entropies, sums, entropy);
        memcpy(squared, at.found.squared, sizeof(double) * sizes[m]);
        own.about = own.about ? own.about + sizes[m] * rows->tile.n_columns : 0;
        theta += sizes[m] * rows->tile.rows.n_features;
        sums += sizes[m] * rows->tile.rows.n_features;
        squared += sizes[m];
        entropy += sizes[m];
        values += 2;
    }
}

void mx_gaps_densities(const mx_gaps *rows, int64_t n_components, const double *theta,
                       double *densities, double *workspace) {
    mx_workspace from = {.start = workspace};
    walk at = walk_in(rows, n_components, &from);
    at.found.densities = densities;
    walk_rows(&at, theta);
}

void mx_gaps_responsibilities(const mx_gaps *rows, int64_t n_components, const double *theta,
                              double *responsibilities, double *workspace) {
    int64_t n_rows = rows->tile.rows.n_rows;
    double ones[MX_BLOCK], *block = workspace;
    mx_gaps_densities(rows, n_components, theta, responsibilities, workspace);
    for (int64_t row = 0; row < MX_BLOCK; row++)
        ones[row] = 1.0;
    for (int64_t first = 0; first < n_rows; first += MX_BLOCK) {
        int64_t count = n_rows - first < MX_BLOCK ? n_rows - first : MX_BLOCK;
        memset(block, 0, sizeof(double) * n_components * MX_BLOCK);
        for (int64_t k = 0; k < n_components; k++)
            memcpy(block + k * MX_BLOCK, responsibilities + k * n_rows + first,
                   sizeof(double) * count);
        mx_responsibilities(n_components, MX_BLOCK, ones, block);
        for (int64_t k = 0; k < n_components; k++)
            memcpy(responsibilities + k * n_rows + first, block + k * MX_BLOCK,
                   sizeof(double) * count);
    }
}

void mx_gaps_totals(const mx_gaps *rows, int64_t n_components, const double *theta,
                    const double *responsibilities, int64_t row_stride, int64_t component_stride,
                    double *sums, double *entropy, double *workspace) {
    mx_workspace from = {.start = workspace};
    walk at = walk_in(rows, n_components, &from);
    at.found.responsibilities = responsibilities;
    at.found.row_stride = row_stride;
    at.found.component_stride = component_stride;
    walk_rows(&at, theta);
    mx_tree_end(&at.tree, rows->entropies, sums, entropy);
}
