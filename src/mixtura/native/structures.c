/* The M-step of every structure: which numbers are no scatter, and the workspace. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "common_axes.h"
#include "diagonal.h"
#include "ellipsoidal.h"
#include "m_step.h"
#include "mixtura.h"
#include "volumes.h"

/* Of a component's mean variance: products of what is more are numbers yet. */
#define LEAST_SPREAD 1e-140
#define LEAST_ROWS 1e-291

static int is_pooled(int structure) {
    return structure == MX_EII || structure == MX_EEI || structure == MX_EEE;
}

/* Whether a component without width in some column has a covariance by what others share. */
static int borrows(int structure) {
    return structure == MX_VII || structure == MX_VEI || structure == MX_VEE ||
           structure == MX_EEV || structure == MX_VEV || structure == MX_EII;
}

/* Whether the scatter of so many rows, every `gap`-th of its numbers, is finite and not all 0. */
static int has_width(const double *scatter, double rows, int64_t size, int64_t gap, int borrowing) {
    double trace = 0.0;
    for (int64_t p = 0; p < size; p += gap) {
        trace += scatter[p];
    }
    if (!mx_ordinary(trace / rows, MX_LEAST_VARIANCE, 1.0 / MX_LEAST_VARIANCE)) {
        return 0;
    }
    double least = borrowing ? -1.0 : LEAST_SPREAD * trace / (double)size;
    for (int64_t p = 0; p < size; p += gap) {
        if (!(scatter[p] > least)) {
            return 0;
        }
    }
    return 1;
}

int64_t mx_update_workspace(int structure, int64_t n_components, int64_t n_columns) {
    int64_t n = n_columns, padded = MX_LANES * mx_blocks(n_components);
    if (structure < MX_EEE) {
        return padded * (2 * n + 1) + n + mx_volumes_workspace(n_components, n, 0);
    }
    int64_t most = mx_ellipsoidal_workspace(n), volumes = mx_volumes_workspace(n_components, n, 1);
    int64_t axes = mx_common_axes_workspace(n_components, n);
    most = volumes > most ? volumes : most;
    most = axes > most ? axes : most;
    return padded * (2 * n * n + 3 * n + 2) + (2 * MX_LANES + 2) * n * n + most;
}

/* sum N_k log|Sigma_k^-1| / 2 - tr(Sigma_k^-1 W_k) / 2, of matrices. */
static double expected(const struct mx_m_step *it, const double *scatter, const double *factors) {
    int64_t n = it->n_columns;
    double total = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        const double *own = scatter + k * n * n, *upper = factors + k * n * n;
        for (int64_t j = 0; j < n; j++) {
            total += it->rows[k] * log(upper[j * (n + 1)]);
            for (int64_t i = 0; i <= j; i++) {
                double sum = 0.0;
                for (int64_t l = 0; l <= j; l++) {
                    sum += own[i * n + l] * upper[l * n + j];
                }
                total -= 0.5 * upper[i * n + j] * sum;
            }
        }
    }
    return total;
}

/* Go back to the factors before, and their axes, where these are better. */
static void keep_better(const struct mx_m_step *it, const double *scatter, const double *axes) {
    int64_t size = it->n_columns * it->n_columns;
    if (!(expected(it, scatter, it->previous) > expected(it, scatter, it->factors))) {
        return;
    }
    memcpy(it->factors, it->previous, sizeof(double) * it->n_components * size);
    if (it->axes != NULL) {
        memcpy(it->axes, axes, sizeof(double) * size);
    }
}

int mx_update(int structure, int64_t n_components, int64_t n_columns, const double *scatter,
              const double *rows, const double *previous, double *factors, double *axes,
              int64_t *singular, double *workspace) {
    int64_t n = n_columns, blocks = mx_blocks(n_components), padded = MX_LANES * blocks;
    int64_t named = MX_SHARED;
    int full = structure >= MX_EEE, shortened = 0;
    double n_rows = 0.0;
    struct mx_m_step it = {.n_components = n_components,
                           .n_columns = n,
                           .n_blocks = blocks,
                           .rows = rows,
                           .previous = previous,
                           .factors = factors,
                           .axes = axes,
                           .singular = singular ? singular : &named,
                           .shortened = &shortened};
    for (int64_t k = 0; k < n_components; k++) {
        if (!mx_ordinary(rows[k], LEAST_ROWS, 1.0 / LEAST_ROWS)) {
            return mx_refuse(&it, k);
        }
        n_rows += rows[k];
    }
    int64_t size = full ? n * n : n, gap = full ? n + 1 : 1;
    for (int64_t k = 0; k < (is_pooled(structure) ? 1 : n_components); k++) {
        if (!has_width(scatter + k * size, is_pooled(structure) ? n_rows : rows[k], size, gap,
                       borrows(structure))) {
            return mx_refuse(&it, is_pooled(structure) ? MX_SHARED : k);
        }
    }
    it.n_rows = n_rows;
    it.matrices = (mx_lanes *)workspace;
    it.vectors = it.matrices + blocks * size;
    it.variances = full ? it.vectors + blocks * size : it.vectors;
    it.log_volumes = (double *)(it.variances + blocks * n);
    it.shape = it.log_volumes + padded;
    it.workspace = it.shape + size;
    if (!full) {
        return mx_update_diagonal(structure, &it, scatter);
    }
    it.ascending = (mx_lanes *)it.workspace;
    it.places = (int64_t *)(it.ascending + blocks * n);
    it.sizes = (double *)(it.places + padded * n);
    it.upper = (mx_lanes *)(it.sizes + padded);
    it.half = it.upper + size;
    double *before = (double *)(it.half + size);
    it.workspace = before + size;
    if (previous != NULL && axes != NULL) {
        memcpy(before, axes, sizeof(double) * size);
    }
    int status = mx_update_ellipsoidal(structure, &it, scatter);
    /* What was left out of a scatter as rounding is part of the objective. */
    if (status == MX_DONE && shortened && previous != NULL) {
        keep_better(&it, scatter, before);
    }
    return status;
}
