/* The M-step of every structure: what is left to more careful methods, and the workspace. */
#include <math.h>
#include <stddef.h>

#include "common_axes.h"
#include "diagonal.h"
#include "ellipsoidal.h"
#include "m_step.h"
#include "mixtura.h"
#include "volumes.h"

/* The squares of scatters in this range are numbers yet. */
#define LEAST_SCATTER 1e-60
#define MOST_SCATTER 1e60
#define LEAST_ROWS 1e-290
/* The root of the least variance. */
#define LEAST_FACTOR 1e-145

/* Whether scatters, every `gap`-th of them on a diagonal, are neither tiny, huge nor NaN. */
static int ordinary_scatter(const double *scatter, int64_t count, int64_t size, int64_t gap) {
    int good = 1;
    for (int64_t k = 0; k < count; k++) {
        for (int64_t p = 0; p < size; p += gap) {
            good &= mx_ordinary(scatter[k * size + p], LEAST_SCATTER, MOST_SCATTER);
        }
    }
    return good;
}

/* Whether no variance left the range of ordinary numbers. */
static int ordinary_factors(const struct mx_m_step *it) {
    int64_t n = it->n_columns, good = 1;
    for (int64_t k = 0; k < it->n_components; k++) {
        for (int64_t j = 0; j < n; j++) {
            good &= mx_ordinary(it->factors[(k * n + j) * n + j], LEAST_FACTOR, 1.0 / LEAST_FACTOR);
        }
    }
    return good ? MX_DONE : MX_HARD;
}

int64_t mx_update_workspace(int64_t n_components, int64_t n_columns) {
    int64_t padded = MX_LANES * mx_blocks(n_components), size = n_columns * n_columns;
    int64_t volumes = padded * n_columns + mx_volumes_workspace(n_components, n_columns);
    int64_t axes = mx_common_axes_workspace(n_components, n_columns);
    return padded * (2 * size + n_columns + 1) + size + (volumes > axes ? volumes : axes);
}

int mx_update(int structure, int64_t n_components, int64_t n_columns, const double *scatter,
              const double *rows, const double *previous, double *factors, double *axes,
              double *workspace) {
    if (structure < MX_EII || structure > MX_VVV || n_components < 1 ||
        n_components > MX_MOST_COMPONENTS || n_columns < 1 || n_columns > MX_MOST_COLUMNS) {
        return MX_HARD;
    }
    int64_t n = n_columns, blocks = mx_blocks(n_components), padded = MX_LANES * blocks;
    int full = structure >= MX_EEE;
    int pooled = structure == MX_EII || structure == MX_EEI || structure == MX_EEE;
    double n_rows = 0.0;
    for (int64_t k = 0; k < n_components; k++) {
        if (!mx_ordinary(rows[k], LEAST_ROWS, 1.0 / LEAST_ROWS)) {
            return MX_HARD;
        }
        n_rows += rows[k];
    }
    if (!ordinary_scatter(scatter, pooled ? 1 : n_components, full ? n * n : n, full ? n + 1 : 1)) {
        return MX_HARD;
    }
    mx_lanes *matrices = (mx_lanes *)workspace, *vectors = matrices + blocks * n * n;
    mx_lanes *variances = vectors + blocks * n * n;
    double *log_volumes = (double *)(variances + blocks * n), *shape = log_volumes + padded;
    struct mx_m_step it = {n_components, n,           blocks, rows,         n_rows,
                           previous,     factors,     axes,   matrices,     variances,
                           vectors,      log_volumes, shape,  shape + n * n};
    if (!full) {
        return mx_update_diagonal(structure, &it, scatter);
    }
    int status = mx_update_ellipsoidal(structure, &it, scatter);
    return status == MX_DONE ? ordinary_factors(&it) : status;
}
