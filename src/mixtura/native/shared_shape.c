/* The splitting of a shared shape between components, of variances and of matrices. */
#include "shared_shape.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "lapack.h"

#define ROOT_OF_TWO 1.41421356237309504880

void mx_add_up(const struct mx_shared_shape *it, const double *minus_logs) {
    int64_t n = it->n_columns, size = it->full ? n * n : n;
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        it->multiples[k] = k < it->n_components ? exp(minus_logs[k]) : 0.0;
    }
    const mx_lanes *multiples = (const mx_lanes *)it->multiples;
    for (int64_t p = 0; p < size; p++) {
        if (it->full && p % n > p / n) {
            continue;
        }
        mx_lanes sum = {0};
        for (int64_t block = 0; block < it->n_blocks; block++) {
            sum += multiples[block] * it->scatter[block * size + p];
        }
        it->shape[p] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

/* Set the parts and traces at u, and `log_determinant`; return whether M is regular. */
static int split_variances(const struct mx_shared_shape *it, double *log_determinant) {
    int64_t n = it->n_columns;
    const mx_lanes *multiples = (const mx_lanes *)it->multiples;
    mx_lanes *traces = (mx_lanes *)it->traces;
    *log_determinant = 0.0;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        traces[block] = (mx_lanes){0};
    }
    for (int64_t j = 0; j < n; j++) {
        if (!(it->shape[j] > DBL_MIN && it->shape[j] < DBL_MAX)) {
            return 0;
        }
        *log_determinant += log(it->shape[j]);
        double inverse = 1.0 / it->shape[j];
        for (int64_t block = 0; block < it->n_blocks; block++) {
            mx_lanes part = multiples[block] * it->scatter[block * n + j] * inverse;
            it->parts[block * n + j] = part;
            traces[block] += part;
        }
    }
    return 1;
}

int64_t mx_split_matrices_workspace(int64_t n) { return MX_LANES * (2 * n * n + 2 * n); }

/* The same as below one component after the other, by blocked routines. */
static int split_wide(const struct mx_shared_shape *it, double *log_determinant) {
    int64_t n = it->n_columns, size = n * (n + 1) / 2;
    double *lower = it->workspace, *own = lower + n * n;
    memcpy(lower, it->shape, sizeof(double) * n * n);
    if (!mx_wide_cholesky(n, lower)) {
        return 0;
    }
    *log_determinant = 0.0;
    for (int64_t j = 0; j < n; j++) {
        double root = lower[j * (n + 1)];
        if (!(root * root > MX_ROUNDING * (double)n * it->shape[j * (n + 1)])) {
            return 0;
        }
        *log_determinant += 2.0 * log(root);
    }
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        const mx_lanes *scatter = it->scatter + k / MX_LANES * n * n;
        mx_lanes *part = it->parts + k / MX_LANES * size;
        int64_t lane = k % MX_LANES;
        for (int64_t p = 0; p < n * n; p++) {
            own[p] = scatter[p][lane] * it->multiples[k];
        }
        if (k < it->n_components) {
            mx_wide_whiten(n, lower, own);
        }
        it->traces[k] = 0.0;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                (*part++)[lane] = own[i * n + j] * (j == i ? 1.0 : ROOT_OF_TWO);
            }
            it->traces[k] += own[i * n + i];
        }
    }
    return 1;
}

static int split_matrices(const struct mx_shared_shape *it, double *log_determinant) {
    int64_t n = it->n_columns, size = n * (n + 1) / 2;
    if (n >= MX_WIDE) {
        return split_wide(it, log_determinant);
    }
    mx_lanes *lower = (mx_lanes *)it->workspace, *inverse = lower + n * n;
    mx_lanes *reciprocals = inverse + n * n, *row = reciprocals + n;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            lower[i * n + j] = it->shape[i * n + j] - (mx_lanes){0};
        }
    }
    if (!mx_cholesky(n, lower, reciprocals)) {
        return 0;
    }
    mx_inverse_transpose(n, lower, reciprocals, inverse);
    *log_determinant = 0.0;
    for (int64_t j = 0; j < n; j++) {
        *log_determinant += 2.0 * log(lower[j * n + j][0]);
    }
    const mx_lanes *multiples = (const mx_lanes *)it->multiples;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *scatter = it->scatter + block * n * n;
        mx_lanes *part = it->parts + block * size, trace = {0};
        for (int64_t i = 0; i < n; i++) {
            for (int64_t m = 0; m <= i; m++) {
                mx_lanes sum = {0};
                for (int64_t r = 0; r <= i; r++) {
                    sum += inverse[r * n + i] * scatter[r * n + m];
                }
                row[m] = sum * multiples[block];
            }
            for (int64_t j = 0; j <= i; j++) {
                mx_lanes sum = {0};
                for (int64_t m = 0; m <= j; m++) {
                    sum += row[m] * inverse[m * n + j];
                }
                if (j == i) {
                    trace += sum;
                    *part++ = sum;
                } else {
                    *part++ = ROOT_OF_TWO * sum;
                }
            }
        }
        ((mx_lanes *)it->traces)[block] = trace;
    }
    return 1;
}

int mx_split(const struct mx_shared_shape *it, const double *minus_logs, double *value) {
    mx_add_up(it, minus_logs);
    double log_determinant;
    if (!(it->full ? split_matrices : split_variances)(it, &log_determinant)) {
        return 0;
    }
    double mean = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        mean += it->shares[k] * minus_logs[k];
    }
    *value = log_determinant - (double)it->n_columns * mean;
    return isfinite(*value);
}
