/*
 * Newton's method in u_k = -log lambda_k. With M(u) = sum_k e^(u_k) W_k the M-step minimises
 *
 *     g(u) = log|M(u)| - D sum_k (N_k / n) u_k,
 *
 * which is convex, with gradient tr M_k - D N_k / n and second derivatives
 * delta_kl tr M_k - tr(M_k M_l), where M_k = e^(u_k) W_k in coordinates in which M = I.
 */
#include "volumes.h"

#include <float.h>
#include <math.h>

#include "shared_shape.h"

#define MOST_STEPS 200
#define LONGEST_STEP 3.0
#define WIDEST_VOLUMES 200.0
/* After a step this short the error is about its square. */
#define SHORT_STEP 1e-7
#define ROUNDING (8 * DBL_EPSILON)
#define LEAST_PIVOT 1e-13

/* Set the upper triangle of the scaled second derivatives, and `step` to minus the gradient. */
static void differentiate(const struct mx_shared_shape *it) {
    int64_t n = it->n_columns, size = it->full ? n * (n + 1) / 2 : n;
    double columns = (double)n;
    for (int64_t k = 0; k < it->n_components; k++) {
        const mx_lanes *mine = it->parts + k / MX_LANES * size;
        double *row = it->hessian + k * MX_LANES * it->n_blocks, root = sqrt(it->shares[k]);
        for (int64_t block = k / MX_LANES; block < it->n_blocks; block++) {
            const mx_lanes *others = it->parts + block * size;
            mx_lanes sum = {0};
            for (int64_t p = 0; p < size; p++) {
                sum += mine[p][k % MX_LANES] * others[p];
            }
            for (int lane = 0; lane < MX_LANES; lane++) {
                row[block * MX_LANES + lane] = sum[lane];
            }
        }
        for (int64_t l = k; l < it->n_components; l++) {
            double both = root * sqrt(it->shares[l]);
            row[l] = columns * both - row[l] / both;
        }
        row[k] += it->traces[k] / it->shares[k];
        it->step[k] = (columns * it->shares[k] - it->traces[k]) / root;
    }
}

/* Solve for the Newton step in place; return 0 where the second derivatives are singular. */
static int solve(const struct mx_shared_shape *it) {
    int64_t count = it->n_components, stride = MX_LANES * it->n_blocks;
    for (int64_t k = 0; k < count; k++) {
        const double *row = it->hessian + k * stride;
        if (!(row[k] > LEAST_PIVOT && row[k] < DBL_MAX)) {
            return 0;
        }
        for (int64_t l = k + 1; l < count; l++) {
            double factor = row[l] / row[k], *other = it->hessian + l * stride;
            for (int64_t m = l; m < count; m++) {
                other[m] -= factor * row[m];
            }
            it->step[l] -= factor * it->step[k];
        }
    }
    for (int64_t k = count - 1; k >= 0; k--) {
        const double *row = it->hessian + k * stride;
        for (int64_t l = k + 1; l < count; l++) {
            it->step[k] -= row[l] * it->step[l];
        }
        it->step[k] /= row[k];
    }
    for (int64_t k = 0; k < count; k++) {
        it->step[k] /= sqrt(it->shares[k]);
    }
    return 1;
}

/* Set `step` to that of the alternation between shape and volumes, which never raises g. */
static int fixed_point(const struct mx_shared_shape *it) {
    for (int64_t k = 0; k < it->n_components; k++) {
        if (!(it->traces[k] > 0.0)) {
            return 0;
        }
        it->step[k] = log((double)it->n_columns * it->shares[k] / it->traces[k]);
    }
    return 1;
}

/* Return the length of the step, made no longer than the longest. */
static double shorten(const struct mx_shared_shape *it) {
    double length = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        length = fmax(length, fabs(it->step[k]));
    }
    for (int64_t k = 0; length > LONGEST_STEP && k < it->n_components; k++) {
        it->step[k] *= LONGEST_STEP / length;
    }
    return length;
}

static void move(const struct mx_shared_shape *it, double sign, double *minus_logs) {
    for (int64_t k = 0; k < it->n_components; k++) {
        minus_logs[k] += sign * it->step[k];
    }
}

/* Lead u to the minimum of g and set `shape` to M there; return whether all went well. */
static int minimise(const struct mx_shared_shape *it, double *minus_logs) {
    double value, trial;
    if (!mx_split(it, minus_logs, &value)) {
        return 0;
    }
    for (int count = 0; count < MOST_STEPS; count++) {
        differentiate(it);
        if (!solve(it) && !fixed_point(it)) {
            return 0;
        }
        double length = shorten(it);
        move(it, 1.0, minus_logs);
        if (length < SHORT_STEP) {
            mx_add_up(it, minus_logs);
            return 1;
        }
        if (!mx_split(it, minus_logs, &trial)) {
            return 0;
        }
        if (!(trial <= value + ROUNDING * fabs(value))) {
            move(it, -1.0, minus_logs);
            if (!mx_split(it, minus_logs, &trial) || !fixed_point(it)) {
                return 0;
            }
            move(it, 1.0, minus_logs);
            if (!mx_split(it, minus_logs, &trial)) {
                return 0;
            }
        }
        value = trial;
    }
    mx_add_up(it, minus_logs);
    return 1;
}

static int comparable(int64_t count, const double *logs) {
    double least = logs[0], most = logs[0];
    for (int64_t k = 1; k < count; k++) {
        least = fmin(least, logs[k]);
        most = fmax(most, logs[k]);
    }
    return most - least < WIDEST_VOLUMES;
}

int64_t mx_volumes_workspace(int64_t n_components, int64_t n_columns, int full) {
    int64_t padded = MX_LANES * mx_blocks(n_components);
    int64_t parts = full ? n_columns * (n_columns + 1) / 2 : n_columns;
    int64_t splitting = full ? mx_split_matrices_workspace(n_columns) : 0;
    return padded * (parts + n_components + 5) + splitting;
}

/* Return u_k where no start is given: the volume of a sphere of the same trace. */
static double start_from_trace(const struct mx_shared_shape *it, double rows, int64_t k) {
    int64_t n = it->n_columns, size = it->full ? n * n : n, gap = it->full ? n + 1 : 1;
    const mx_lanes *mine = it->scatter + k / MX_LANES * size;
    double trace = 0.0;
    for (int64_t p = 0; p < size; p += gap) {
        trace += mine[p][k % MX_LANES];
    }
    return log(rows * (double)n / trace);
}

static int find_volumes(int64_t n_components, int64_t n_columns, int full, const mx_lanes *scatter,
                        const double *rows, int warm, double *log_volumes, double *shape,
                        double *workspace) {
    int64_t padded = MX_LANES * mx_blocks(n_components);
    int64_t size = full ? n_columns * (n_columns + 1) / 2 : n_columns;
    double total = 0.0, *shares = workspace, *multiples = shares + padded;
    double *traces = multiples + padded, *step = traces + padded, *hessian = step + padded;
    mx_lanes *parts = (mx_lanes *)(hessian + padded * n_components);
    double *splitting = (double *)(parts + mx_blocks(n_components) * size);
    struct mx_shared_shape it = {n_components, n_columns, mx_blocks(n_components),
                                 full,         scatter,   shares,
                                 shape,        multiples, parts,
                                 traces,       hessian,   step,
                                 splitting};
    for (int64_t k = 0; k < n_components; k++) {
        total += rows[k];
    }
    for (int64_t k = 0; k < n_components; k++) {
        shares[k] = rows[k] / total;
        log_volumes[k] = warm ? -log_volumes[k] : start_from_trace(&it, rows[k], k);
    }
    if (!minimise(&it, log_volumes) || !comparable(n_components, log_volumes)) {
        return MX_FLAT;
    }
    for (int64_t k = 0; k < n_components; k++) {
        log_volumes[k] = -log_volumes[k];
    }
    return MX_DONE;
}

int mx_volumes_of_variances(int64_t n_components, int64_t n_columns, const mx_lanes *scatter,
                            const double *rows, int warm, double *log_volumes, double *shape,
                            double *workspace) {
    return find_volumes(n_components, n_columns, 0, scatter, rows, warm, log_volumes, shape,
                        workspace);
}

int mx_volumes_of_matrices(int64_t n_components, int64_t n_columns, const mx_lanes *scatter,
                           const double *rows, int warm, double *log_volumes, double *shape,
                           double *workspace) {
    return find_volumes(n_components, n_columns, 1, scatter, rows, warm, log_volumes, shape,
                        workspace);
}
