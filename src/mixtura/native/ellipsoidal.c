#include "ellipsoidal.h"

#include <math.h>
#include <stddef.h>

#include "common_axes.h"
#include "volumes.h"

/* Eigenvalues of one component whose ratio is less than this are left to more careful methods. */
#define LEAST_RATIO 1e-15
/* By what share of their variances columns are lifted where a scatter is singular. */
#define LIFT 1e-11
#define LEAST_LIFTED 1e-9

/* Set every component's factor to that of one matrix (D, D) times a number of its own. */
static int share_factor(const struct mx_m_step *it, const double *matrix, const double *multiples) {
    int64_t n = it->n_columns;
    mx_lanes lower[n * n], upper[n * n], reciprocals[n];
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            lower[i * n + j] = matrix[i * n + j] - (mx_lanes){0};
        }
    }
    if (!mx_cholesky(n, lower, reciprocals)) {
        return MX_HARD;
    }
    mx_inverse_transpose(n, lower, reciprocals, upper);
    for (int64_t k = 0; k < it->n_components; k++) {
        for (int64_t p = 0; p < n * n; p++) {
            it->factors[k * n * n + p] = multiples[k] * upper[p][0];
        }
    }
    return MX_DONE;
}

static int update_one_covariance(const struct mx_m_step *it, const double *scatter) {
    double root = sqrt(it->n_rows);
    for (int64_t k = 0; k < it->n_components; k++) {
        it->log_volumes[k] = root;
    }
    return share_factor(it, scatter, it->log_volumes);
}

static int update_one_shape_and_axes(const struct mx_m_step *it) {
    mx_read_log_volumes(it, 1);
    if (mx_volumes_of_matrices(it->n_components, it->n_columns, it->matrices, it->rows,
                               it->previous != NULL, it->log_volumes, it->shape, it->workspace)) {
        return MX_HARD;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        it->log_volumes[k] = sqrt(it->n_rows * exp(-it->log_volumes[k]));
    }
    return share_factor(it, it->shape, it->log_volumes);
}

/* Replace the scatters by their Cholesky factors, and leave 1 / L_jj in `variances`. */
static int factorise(const struct mx_m_step *it) {
    int good = 1;
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        good &= mx_cholesky(n, it->matrices + block * n * n, it->variances + block * n);
    }
    return good;
}

/* VVV, and EVV where all are brought to one volume. */
static int update_matrices(const struct mx_m_step *it, int one_volume) {
    int64_t n = it->n_columns;
    mx_lanes upper[n * n];
    double volume = one_volume ? 0.0 : 1.0;
    if (!factorise(it)) {
        return MX_HARD;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        const mx_lanes *lower = it->matrices + k / MX_LANES * n * n;
        double sum = 0.0;
        for (int64_t j = 0; one_volume && j < n; j++) {
            sum += log(lower[j * n + j][k % MX_LANES]);
        }
        it->log_volumes[k] = one_volume ? exp(2.0 * sum / (double)n) : it->rows[k];
        volume += one_volume ? it->log_volumes[k] / it->n_rows : 0.0;
    }
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes scale = {0};
        for (int64_t lane = 0; lane < MX_LANES; lane++) {
            int64_t k = block * MX_LANES + lane;
            scale[lane] = k < it->n_components ? sqrt(it->log_volumes[k] / volume) : 0.0;
        }
        mx_inverse_transpose(n, it->matrices + block * n * n, it->variances + block * n, upper);
        for (int64_t p = 0; p < n * n; p++) {
            upper[p] *= scale;
        }
        mx_apart(it->n_components, block * MX_LANES, n * n, upper, it->factors);
    }
    return MX_DONE;
}

/* Where each eigenvalue of each component stands in ascending order. */
typedef int places[MX_MOST_COMPONENTS][MX_MOST_COLUMNS];

static void sort_values(int64_t n, const mx_lanes *values, int64_t lane, int *place,
                        mx_lanes *ascending) {
    for (int64_t j = 0; j < n; j++) {
        place[j] = 0;
        for (int64_t m = 0; m < n; m++) {
            place[j] +=
                values[m][lane] < values[j][lane] || (values[m][lane] == values[j][lane] && m < j);
        }
        ascending[place[j]][lane] = values[j][lane];
    }
}

/* Make scatters regular: where a component has no spread, any axes will do. */
static void lift(const struct mx_m_step *it, const double *scatter) {
    int64_t n = it->n_columns;
    mx_abreast(it->n_components, n * n, scatter, it->matrices);
    for (int64_t block = 0; block < it->n_blocks; block++) {
        for (int64_t i = 0; i < n; i++) {
            it->matrices[block * n * n + i * (n + 1)] *= 1.0 + LIFT;
        }
    }
}

/* Set `vectors` to the axes of each component, and `ascending` to its eigenvalues in order. */
static int find_axes(const struct mx_m_step *it, const double *scatter, places place,
                     mx_lanes *ascending, int *lifted) {
    int64_t n = it->n_columns;
    *lifted = !factorise(it);
    if (*lifted) {
        lift(it, scatter);
        if (!factorise(it)) {
            return MX_HARD;
        }
    }
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes *values = it->variances + block * n, *sorted = ascending + block * n;
        if (!mx_principal_axes(n, it->matrices + block * n * n, it->vectors + block * n * n,
                               values)) {
            return MX_HARD;
        }
        for (int64_t lane = 0; lane < MX_LANES; lane++) {
            sort_values(n, values, lane, place[block * MX_LANES + lane], sorted);
            if (!(sorted[0][lane] > LEAST_RATIO * sorted[n - 1][lane])) {
                return MX_HARD;
            }
        }
    }
    return MX_DONE;
}

/* Set the factors to those of the variances along each component's axes, or along common ones. */
static void follow_axes(const struct mx_m_step *it, const mx_lanes *common) {
    int64_t n = it->n_columns;
    mx_lanes upper[n * n];
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *axes = common != NULL ? common : it->vectors + block * n * n;
        mx_factor_along(n, axes, it->variances + block * n, upper);
        mx_apart(it->n_components, block * MX_LANES, n * n, upper, it->factors);
    }
}

/* EEV, and VEV with volumes of their own: one spectrum along the axes of each component. */
static int update_one_spectrum(const struct mx_m_step *it, const double *scatter, int one_volume) {
    int64_t n = it->n_columns;
    places place;
    mx_lanes *ascending = (mx_lanes *)it->workspace;
    double *workspace = it->workspace + MX_LANES * it->n_blocks * n;
    int lifted;
    if (find_axes(it, scatter, place, ascending, &lifted)) {
        return MX_HARD;
    }
    if (one_volume) {
        for (int64_t j = 0; j < n; j++) {
            it->shape[j] = 0.0;
            for (int64_t k = 0; k < it->n_components; k++) {
                it->shape[j] += ascending[k / MX_LANES * n + j][k % MX_LANES];
            }
        }
    } else {
        mx_read_log_volumes(it, 1);
        if (mx_volumes_of_variances(it->n_components, n, ascending, it->rows, it->previous != NULL,
                                    it->log_volumes, it->shape, workspace)) {
            return MX_HARD;
        }
    }
    /* Where all are singular together, so is what they share. */
    if (lifted && !(it->shape[0] > LEAST_LIFTED * it->shape[n - 1])) {
        return MX_HARD;
    }
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        int varies = !one_volume && k < it->n_components;
        double volume = (varies ? exp(it->log_volumes[k]) : 1.0) / it->n_rows;
        for (int64_t j = 0; j < n; j++) {
            it->variances[k / MX_LANES * n + j][k % MX_LANES] = volume * it->shape[place[k][j]];
        }
    }
    follow_axes(it, NULL);
    return MX_DONE;
}

static int update_common_axes(const struct mx_m_step *it, int one_volume) {
    int64_t n = it->n_columns;
    /* Spreads along the axes are needed, not inverses: components on few rows have them too. */
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_singular_cholesky(n, it->matrices + block * n * n, it->variances + block * n);
    }
    if (mx_common_axes(it->n_components, n, one_volume, it->matrices, it->rows,
                       it->previous != NULL, it->axes, it->variances, it->workspace)) {
        return MX_HARD;
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            it->vectors[j * n + i] = it->axes[i * n + j] - (mx_lanes){0};
        }
    }
    follow_axes(it, it->vectors);
    return MX_DONE;
}

int mx_update_ellipsoidal(int structure, const struct mx_m_step *it, const double *scatter) {
    if (structure == MX_EEE) {
        return update_one_covariance(it, scatter);
    }
    mx_abreast(it->n_components, it->n_columns * it->n_columns, scatter, it->matrices);
    switch (structure) {
    case MX_VEE: return update_one_shape_and_axes(it);
    case MX_EVE:
    case MX_VVE: return update_common_axes(it, structure == MX_EVE);
    case MX_EEV:
    case MX_VEV: return update_one_spectrum(it, scatter, structure == MX_EEV);
    default: return update_matrices(it, structure == MX_EVV);
    }
}
