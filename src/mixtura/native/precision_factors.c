#include "precision_factors.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "lapack.h"

int64_t mx_factor_along_workspace(int64_t n) { return n * n + mx_wide_triangle_workspace(n); }

int64_t mx_one_factor_workspace(int64_t n) { return n * n + n + mx_factor_along_workspace(n); }

/* Set `upper` to L^-T of a matrix L L^T, which is lost; NAN where there is none. */
static void factor_wide(int64_t n, double *matrix, double *upper) {
    int good = mx_wide_cholesky(n, matrix);
    if (good) {
        mx_wide_inverse(n, matrix);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            upper[i * n + j] = good ? matrix[j * n + i] : NAN;
        }
    }
}

void mx_factor_block(const struct mx_m_step *it, int64_t block, double *factors) {
    int64_t n = it->n_columns;
    mx_lanes *matrix = it->matrices + block * n * n;
    mx_cholesky(n, matrix, it->variances + block * n);
    mx_inverse_transpose(n, matrix, it->variances + block * n, it->upper);
    mx_apart(it->n_components, block * MX_LANES, n * n, it->upper, factors);
}

void mx_factor_one(const struct mx_m_step *it, const double *matrix, double *upper) {
    int64_t n = it->n_columns;
    if (n >= MX_WIDE) {
        memcpy(it->workspace, matrix, sizeof(double) * n * n);
        factor_wide(n, it->workspace, upper);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            it->half[i * n + j] = matrix[i * n + j] - (mx_lanes){0};
        }
    }
    mx_cholesky(n, it->half, it->variances);
    mx_inverse_transpose(n, it->half, it->variances, it->upper);
    for (int64_t p = 0; p < n * n; p++) {
        upper[p] = it->upper[p][0];
    }
}

int mx_is_flat(int64_t n, const double *upper, const double *variances, int64_t gap) {
    double most = 1.0 / (MX_ROUNDING * (double)n);
    for (int64_t i = 0; i < n; i++) {
        double precision = 0.0;
        for (int64_t j = i; j < n; j++) {
            precision += upper[i * n + j] * upper[i * n + j];
        }
        /* No factor ends in a zero, which a column that is nothing but rounding leaves. */
        if (!(variances[i * gap] * precision <= most) || !(upper[i * (n + 1)] > 0.0)) {
            return 1;
        }
    }
    return 0;
}

void mx_factor_along_one(int64_t n, const double *axes, const double *variances, double *upper,
                         double *workspace) {
    double *triangle = workspace;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            triangle[(n - 1 - i) * n + j] = axes[j * n + i] / sqrt(variances[j]);
        }
    }
    mx_wide_triangle(n, triangle, triangle + n * n);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            int64_t row = n - 1 - j, column = n - 1 - i;
            double entry = triangle[column * n + row];
            upper[i * n + j] = j < i ? 0.0 : copysign(1.0, triangle[row * (n + 1)]) * entry;
        }
    }
}

/* What mx_factor_along does, for one component. */
static void follow_one(const struct mx_m_step *it, const mx_lanes *axes, int64_t k) {
    int64_t n = it->n_columns, lane = k % MX_LANES;
    const mx_lanes *variances = it->variances + k / MX_LANES * n;
    double *own = it->workspace, *along = own + n * n;
    for (int64_t p = 0; p < n * n; p++) {
        own[p] = axes[p][lane];
    }
    for (int64_t j = 0; j < n; j++) {
        along[j] = variances[j][lane];
    }
    mx_factor_along_one(n, own, along, it->factors + k * n * n, along + n);
}

int mx_follow_axes(const struct mx_m_step *it, const mx_lanes *common) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *axes = common != NULL ? common : it->vectors + block * n * n;
        const mx_lanes *variances = it->variances + block * n;
        if (n < MX_WIDE) {
            mx_factor_along(n, axes, variances, it->half, it->upper);
            mx_apart(it->n_components, block * MX_LANES, n * n, it->upper, it->factors);
        }
        for (int64_t k = block * MX_LANES; k < (block + 1) * MX_LANES; k++) {
            if (k == it->n_components) {
                break;
            }
            if (n >= MX_WIDE) {
                follow_one(it, axes, k);
            }
            double *along = it->workspace;
            for (int64_t i = 0; i < n; i++) {
                along[i] = 0.0;
                for (int64_t j = 0; j < n; j++) {
                    double entry = axes[j * n + i][k % MX_LANES];
                    along[i] += entry * entry * variances[j][k % MX_LANES];
                }
            }
            if (mx_is_flat(n, it->factors + k * n * n, along, 1)) {
                return mx_refuse(it, k);
            }
        }
    }
    return MX_DONE;
}
