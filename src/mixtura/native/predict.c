/*
 * Blocks of rows as in the sweep, which stay in the first cache levels: log densities (K, MX_BLOCK)
 * with rows along the lanes of vectors, and from them what is asked for.
 */
#include "predict.h"

#include <math.h>

#include "vector.h"

/* Rows that are written at once, so that they share lines of the cache. */
#define TOGETHER 8

int64_t mx_predict_workspace(int64_t n_components, int64_t n_columns) {
    return (n_components + 1) * MX_BLOCK + mx_whitened_workspace(n_columns) +
           LINE / (int64_t)sizeof(double);
}

/* Writes numbers (K, MX_BLOCK) of so many rows to (n, K). */
static void turned(int64_t n_components, int64_t count, const double *from, double *to) {
    for (int64_t first = 0; first < count; first += TOGETHER) {
        int64_t last = count - first < TOGETHER ? count : first + TOGETHER;
        for (int64_t k = 0; k < n_components; k++)
            for (int64_t row = first; row < last; row++)
                to[row * n_components + k] = from[k * MX_BLOCK + row];
    }
}

static void find_labels(int64_t n_components, const double *joint, const double *largest,
                        int64_t first, int64_t count, int64_t *labels) {
    for (int64_t row = 0; row < count; row += LANES) {
        vec most = load(largest + row), label = all_of(-1.0);
        for (int64_t k = n_components - 1; k >= 0; k--)
            label = chosen(load(joint + k * MX_BLOCK + row) == most, all_of((double)k), label);
        for (int64_t i = 0; i < LANES && row + i < count; i++)
            labels[first + row + i] = fabs(most[i]) < INFINITY ? (int64_t)label[i] : -1;
    }
}

/* Turns log densities into responsibilities where they are asked for. */
static void find_shares(int64_t n_components, double *joint, const double *largest, int64_t first,
                        int64_t count, const mx_predictions *found) {
    for (int64_t row = 0; row < count; row += LANES) {
        vec most = load(largest + row), total = {0};
        for (int64_t k = 0; k < n_components; k++) {
            vec share = exponential(load(joint + k * MX_BLOCK + row) - most);
            if (found->responsibilities)
                store(joint + k * MX_BLOCK + row, share);
            total += share;
        }
        vec scale = 1.0 / total;
        for (int64_t k = 0; found->responsibilities && k < n_components; k++)
            store(joint + k * MX_BLOCK + row, load(joint + k * MX_BLOCK + row) * scale);
        vec density = most + logarithm(total);
        for (int64_t i = 0; found->log_density && i < LANES && row + i < count; i++)
            found->log_density[first + row + i] = fabs(most[i]) < INFINITY ? density[i] : most[i];
    }
}

/* Answers for the rows of a block from their log densities, and counts those that are left open. */
static int64_t answered(int64_t n_components, double *joint, double *largest, int64_t first,
                        int64_t count, const mx_predictions *found) {
    int64_t open = 0;
    for (int64_t row = 0; row < count; row += LANES) {
        vec most = all_of(-INFINITY);
        for (int64_t k = 0; k < n_components; k++) {
            vec other = load(joint + k * MX_BLOCK + row);
            most = chosen(other > most, other, most);
        }
        store(largest + row, most);
    }
    for (int64_t row = 0; row < count; row++)
        open += !(fabs(largest[row]) < INFINITY);
    if (found->joint)
        turned(n_components, count, joint, found->joint + first * n_components);
    if (found->labels)
        find_labels(n_components, joint, largest, first, count, found->labels);
    if (found->log_density || found->responsibilities)
        find_shares(n_components, joint, largest, first, count, found);
    if (found->responsibilities)
        turned(n_components, count, joint, found->responsibilities + first * n_components);
    return open;
}

/* Where a workspace begins on a line of the cache: vectors there are read at once. */
static double *begun(double *workspace) {
    return (double *)(((uintptr_t)workspace + LINE - 1) / LINE * LINE);
}

int64_t mx_predict_whitened(const mx_tile *tile, const mx_whitened *components,
                            const mx_predictions *found, double *workspace) {
    int64_t n = components->n_components, open = 0;
    double *joint = begun(workspace), *largest = joint + n * MX_BLOCK;
    for (int64_t first = 0; first < tile->rows.n_rows; first += MX_BLOCK) {
        int64_t left = tile->rows.n_rows - first, count = left < MX_BLOCK ? left : MX_BLOCK;
        mx_whitened_densities(tile, first, count, components, joint, largest + MX_BLOCK);
        open += answered(n, joint, largest, first, count, found);
    }
    return open;
}

int64_t mx_predict(int64_t n_rows, int64_t n_components, const double *densities,
                   int64_t row_stride, int64_t component_stride, const double *log_weights,
                   const mx_predictions *found, double *workspace) {
    int64_t open = 0;
    double *joint = begun(workspace), *largest = joint + n_components * MX_BLOCK;
    for (int64_t first = 0; first < n_rows; first += MX_BLOCK) {
        int64_t left = n_rows - first, count = left < MX_BLOCK ? left : MX_BLOCK;
        for (int64_t k = 0; k < n_components; k++) {
            const double *from = densities + first * row_stride + k * component_stride;
            double *to = joint + k * MX_BLOCK;
            for (int64_t row = 0; row < MX_BLOCK; row++)
                to[row] = row < count ? from[row * row_stride] + log_weights[k] : 0.0;
        }
        open += answered(n_components, joint, largest, first, count, found);
    }
    return open;
}
