/*
 * Block by block of 160 rows: parts with components along the lanes (codes, counts) add up a strip
 * of as many rows as there are lanes, turned over into densities with rows along the lanes; there
 * the product with all dense features is added, softmax and its sums taken; and the way back.
 */
#include "mixed.h"

#include <string.h>

#include "lanes.h"
#include "levels.h"
#include "workspace.h"

typedef struct {
    const mx_mixed *tile;
    int64_t n_components, width;
    double *densities; /* (width, MX_BLOCK) */
    double *features;  /* (P, MX_BLOCK) */
    double *totals;    /* (K, P, LANES) */
    double *squares;   /* (K, LANES) */
    double *constants; /* (width) of all parts along the lanes together, then their sums */
    double *strip;     /* (LANES, width) */
    mx_joined *levels;
} work;

int64_t mx_table_width(int64_t n_components) { return (n_components + LANES - 1) / LANES * LANES; }

static work laid_out(const mx_mixed *tile, int64_t n_components, mx_workspace *workspace) {
    int64_t n_features = tile->rows.n_features, width = mx_table_width(n_components);
    int64_t each = sizeof(double);
    work at = {.tile = tile, .n_components = n_components, .width = width};
    at.densities = mx_lines(workspace, each * width * MX_BLOCK);
    at.features = mx_lines(workspace, each * n_features * MX_BLOCK);
    at.totals = mx_lines(workspace, each * n_components * n_features * LANES);
    at.squares = mx_lines(workspace, each * n_components * LANES);
    at.constants = mx_lines(workspace, each * 2 * width);
    at.strip = mx_lines(workspace, each * LANES * width);
    at.levels = mx_lines(workspace, sizeof(mx_joined) * tile->n_levels);
    for (int64_t i = 0; i < tile->n_levels; i++) {
        mx_joined now = mx_joined_in(tile->levels + i, width, workspace);
        if (workspace->start)
            at.levels[i] = now;
    }
    return at;
}

int64_t mx_mixed_workspace(const mx_mixed *tile, int64_t n_components) {
    mx_workspace counted = {0};
    laid_out(tile, n_components, &counted);
    return counted.used + LINE + mx_block_workspace(0);
}

/* Adds the densities of a strip of rows by all parts along the lanes, in place. */
static void gather(const work *at, int64_t first, int64_t row, int64_t n_rows) {
    const mx_mixed *tile = at->tile;
    int64_t width = at->width;
    for (int64_t k = 0, some; k < width; k += some * LANES) {
        some = evenly((width - k) / LANES, MOST_WIDE);
        double *to = at->strip + k;
        for (int64_t i = 0; i < tile->n_levels; i++) {
            const mx_joined *all = at->levels + i;
            const int32_t *places = all->places + row * all->n_groups;
            BY_WIDTH(some, gather_levels, n_rows, places, all->n_groups, all->table + k, width, to)
        }
        for (int64_t i = 0; i < tile->n_counts; i++) {
            const mx_counts *of = tile->counts + i;
            const double *table = of->table + width + k;
            if (of->index_bytes == 4)
                BY_WIDTH(some, gather_counts, 4, of, first + row, n_rows, tile->rows.n_rows, table,
                         width, to)
            else
                BY_WIDTH(some, gather_counts, 8, of, first + row, n_rows, tile->rows.n_rows, table,
                         width, to)
        }
    }
}

/* Adds the responsibilities of a strip of rows to the sums of all parts along the lanes. */
static void scatter(const work *at, int64_t first, int64_t row, int64_t n_rows) {
    const mx_mixed *tile = at->tile;
    int64_t width = at->width;
    for (int64_t k = 0, some; k < width; k += some * LANES) {
        some = evenly((width - k) / LANES, MOST_WIDE);
        const double *from = at->strip + k;
        for (int64_t i = 0; i < tile->n_levels; i++) {
            const mx_joined *all = at->levels + i;
            const int32_t *places = all->places + row * all->n_groups;
            BY_WIDTH(some, scatter_levels, n_rows, places, all->n_groups, all->sums + k, width,
                     from)
        }
        for (int64_t i = 0; i < tile->n_counts; i++) {
            const mx_counts *of = tile->counts + i;
            double *sums = of->sums + width + k;
            if (of->index_bytes == 4)
                BY_WIDTH(some, scatter_counts, 4, of, first + row, n_rows, tile->rows.n_rows, sums,
                         width, from)
            else
                BY_WIDTH(some, scatter_counts, 8, of, first + row, n_rows, tile->rows.n_rows, sums,
                         width, from)
        }
    }
}

static int64_t rows_left(const mx_block *block, int64_t row) {
    int64_t left = block->count - row;
    return left < 0 ? 0 : left < LANES ? left : LANES;
}

/* Sets the densities of a block by all parts along the lanes, or adds them to those there. */
static void gather_block(const work *at, const mx_block *block, int added) {
    int64_t width = at->width;
    for (int64_t row = 0; row < block->filled; row += LANES) {
        for (int64_t k = 0; k < width; k += LANES) {
            vec constant = load(at->constants + k);
    UNROLL for (int i = 0; i < LANES; i++) store(at->strip + i * width + k, constant);
        }
        gather(at, block->first, row, rows_left(block, row));
        for (int64_t k = 0; k < width; k += LANES) {
            double *to = at->densities + k * MX_BLOCK + row;
            vec turned[LANES];
            UNROLL for (int i = 0; i < LANES; i++) turned[i] = load(at->strip + i * width + k);
            turn_over(turned);
            for (int i = 0; i < LANES; i++) {
                double *place = to + i * MX_BLOCK;
                store(place, added ? load(place) + turned[i] : turned[i]);
            }
        }
    }
}

/* Adds the responsibilities of a block to the sums; rows that fill it up have none. */
static void scatter_block(const work *at, const mx_block *block) {
    int64_t width = at->width;
    for (int64_t row = 0; row < block->count; row += LANES) {
        for (int64_t k = 0; k < width; k += LANES) {
            const double *from = at->densities + k * MX_BLOCK + row;
            double *constants = at->constants + width + k;
            vec turned[LANES], total = {0};
            UNROLL for (int i = 0; i < LANES; i++) turned[i] = load(from + i * MX_BLOCK);
            turn_over(turned);
            for (int i = 0; i < LANES; i++) {
                store(at->strip + i * width + k, turned[i]);
                total += turned[i];
            }
            store(constants, load(constants) + total);
        }
        scatter(at, block->first, row, rows_left(block, row));
    }
}

/* Makes or copies the features of all panels of a block, one below the other. */
static void fill_panels(const work *at, mx_block *block) {
    double *to = at->features;
    for (int64_t i = 0; i < at->tile->n_panels; i++) {
        const mx_tile *panel = at->tile->panels + i;
        int64_t n_features = panel->rows.n_features;
        if (!panel->rows.phi)
            mx_make_features(panel, block->first, block->count, block->filled, to);
        for (int64_t p = 0; panel->rows.phi && p < n_features; p++) {
            const double *from = panel->rows.phi + p * panel->rows.stride + block->first;
            double *row = to + p * MX_BLOCK;
            memcpy(row, from, sizeof(double) * block->count);
            memset(row + block->count, 0, sizeof(double) * (block->filled - block->count));
        }
        to += n_features * MX_BLOCK;
    }
    block->phi = at->features;
    block->stride = MX_BLOCK;
}

static void begin(work *at) {
    const mx_mixed *tile = at->tile;
    int64_t width = at->width, n_components = at->n_components;
    memset(at->densities, 0, sizeof(double) * width * MX_BLOCK);
    memset(at->totals, 0, sizeof(double) * n_components * tile->rows.n_features * LANES);
    memset(at->squares, 0, sizeof(double) * n_components * LANES);
    memset(at->constants, 0, sizeof(double) * 2 * width);
    for (int64_t i = 0; i < tile->n_levels; i++) {
        add_row(width, tile->levels[i].table, at->constants);
        mx_tables_joined(at->levels + i, width);
    }
    for (int64_t i = 0; i < tile->n_counts; i++)
        add_row(width, tile->counts[i].table, at->constants);
}

static void end(const work *at, double *sums, double *squared) {
    const mx_mixed *tile = at->tile;
    int64_t width = at->width;
    mx_add_lanes(at->n_components * tile->rows.n_features, at->totals, sums);
    mx_add_lanes(at->n_components, at->squares, squared);
    for (int64_t i = 0; i < tile->n_levels; i++) {
        add_row(width, at->constants + width, tile->levels[i].sums);
        mx_sums_parted(at->levels + i, width);
    }
    for (int64_t i = 0; i < tile->n_counts; i++)
        add_row(width, at->constants + width, tile->counts[i].sums);
}

void mx_sweep_mixed(const mx_mixed *tile, int64_t n_mixtures, const int64_t *sizes, double *sums,
                    double *squared, double *values, double *workspace) {
    int64_t n_components = 0, n_features = tile->rows.n_features;
    int along = tile->n_levels + tile->n_counts > 0;
    if (!along && tile->n_panels == 1) {
        mx_sweep_stack(tile->panels, n_mixtures, sizes, tile->theta, sums, squared, values, workspace);
        return;
    }
    for (int64_t m = 0; m < n_mixtures; m++)
        n_components += sizes[m];
    mx_block block = mx_first_block(workspace);
    uintptr_t rest = (uintptr_t)(workspace + mx_block_workspace(0));
    mx_workspace whole = {.start = (double *)((rest + LINE - 1) / LINE * LINE)};
    work at = laid_out(tile, n_components, &whole);
    begin(&at);
    while (mx_move_on(&tile->rows, &block)) {
        fill_panels(&at, &block);
        if (n_features)
            mx_densities(&block, n_components, n_features, tile->theta, at.densities);
        if (along) {
            for (int64_t i = 0; i < tile->n_levels; i++)
                mx_find_places(at.levels + i, at.width, block.first, block.count);
            gather_block(&at, &block, n_features > 0);
        }
        int weighted = tile->rows.weights || block.count < block.filled;
        for (int64_t m = 0, first = 0; m < n_mixtures; first += sizes[m++]) {
            double *own = at.densities + first * MX_BLOCK;
            mx_bar(&tile->rows, &block, sizes[m], own);
            mx_softmax(sizes[m], weighted ? block.weights : 0, block.filled, own,
                       at.squares + first * LANES, values + 2 * m);
        }
        if (n_features)
            mx_add_products(&block, n_components, n_features, at.densities, at.totals);
        if (along)
            scatter_block(&at, &block);
    }
    end(&at, sums, squared);
}
