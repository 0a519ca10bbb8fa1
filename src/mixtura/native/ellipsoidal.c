#include "ellipsoidal.h"

#include <math.h>
#include <stddef.h>

#include "common_axes.h"
#include "lapack.h"
#include "precision_factors.h"
#include "spectrum.h"
#include "volumes.h"

/* No data make one variance that all share this much smaller than another; a divergence does. */
#define FLAT 1e-200

int64_t mx_ellipsoidal_workspace(int64_t n) {
    int64_t spectrum = 2 * n * n + n + mx_spectrum_workspace(n), one = mx_one_factor_workspace(n);
    return spectrum > one ? spectrum : one;
}

/* Set every component's factor to that of one matrix (D, D) times a number of its own. */
static int share_factor(const struct mx_m_step *it, const double *matrix, const double *multiples) {
    int64_t n = it->n_columns;
    mx_factor_one(it, matrix, it->factors);
    if (mx_is_flat(n, it->factors, matrix, n + 1)) {
        return mx_refuse(it, MX_SHARED);
    }
    for (int64_t k = it->n_components - 1; k >= 0; k--) {
        for (int64_t p = 0; p < n * n; p++) {
            it->factors[k * n * n + p] = multiples[k] * it->factors[p];
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

static int update_one_shape_and_axes(const struct mx_m_step *it, const double *scatter) {
    int64_t n = it->n_columns;
    mx_abreast(it->n_components, n * n, scatter, it->matrices);
    mx_read_log_volumes(it, 1);
    if (mx_volumes_of_matrices(it->n_components, n, it->matrices, it->rows, it->previous != NULL,
                               it->log_volumes, it->shape, it->workspace)) {
        return mx_refuse(it, MX_SHARED);
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        it->log_volumes[k] = sqrt(it->n_rows) * exp(-0.5 * it->log_volumes[k]);
    }
    return share_factor(it, it->shape, it->log_volumes);
}

/* Set the matrices to the scatters over sizes that leave variances of about one. */
static void take_sized(const struct mx_m_step *it, const double *scatter) {
    int64_t n = it->n_columns, size = n * n;
    mx_abreast(it->n_components, size, scatter, it->matrices);
    for (int64_t block = 0; block < it->n_blocks; block++) {
        for (int64_t lane = 0; lane < MX_LANES; lane++) {
            int64_t k = block * MX_LANES + lane;
            double trace = 0.0;
            int exponent;
            for (int64_t j = 0; j < n; j++) {
                trace += it->matrices[block * size + j * (n + 1)][lane];
            }
            frexp(trace / (double)n, &exponent);
            it->sizes[k] = ldexp(1.0, exponent);
        }
        mx_lanes sizes = ((const mx_lanes *)it->sizes)[block];
        for (int64_t p = 0; p < size; p++) {
            it->matrices[block * size + p] /= sizes;
        }
    }
}

/* VVV, and EVV where all are brought to one volume. */
static int update_matrices(const struct mx_m_step *it, const double *scatter, int one_volume) {
    int64_t n = it->n_columns;
    double volume = 0.0;
    for (int64_t k = 0; n >= MX_WIDE && k < it->n_components; k++) {
        mx_factor_one(it, scatter + k * n * n, it->factors + k * n * n);
    }
    if (n < MX_WIDE) {
        mx_abreast(it->n_components, n * n, scatter, it->matrices);
    }
    for (int64_t block = 0; n < MX_WIDE && block < it->n_blocks; block++) {
        mx_factor_block(it, block, it->factors);
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        double *factor = it->factors + k * n * n, sum = 0.0;
        for (int64_t j = 0; one_volume && j < n; j++) {
            sum += log(factor[j * n + j]);
        }
        if (mx_is_flat(n, factor, scatter + k * n * n, n + 1)) {
            return mx_refuse(it, k);
        }
        it->log_volumes[k] = one_volume ? exp(-2.0 * sum / (double)n) : it->rows[k];
        volume += one_volume ? it->log_volumes[k] / it->n_rows : 0.0;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        double scale = sqrt(it->log_volumes[k] / (one_volume ? volume : 1.0));
        for (int64_t p = 0; p < n * n; p++) {
            it->factors[k * n * n + p] *= scale;
        }
    }
    return MX_DONE;
}

/* Where each eigenvalue of each component stands in ascending order. */
static void sort_values(int64_t n, const mx_lanes *values, int64_t lane, int64_t *place,
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

/* Whether a component's axes by plain rotations have all digits: if so they are put in order. */
static int is_plain(const struct mx_m_step *it, const double *scatter, int64_t k) {
    int64_t n = it->n_columns, lane = k % MX_LANES;
    const mx_lanes *lower = it->matrices + k / MX_LANES * n * n;
    mx_lanes *sorted = it->ascending + k / MX_LANES * n;
    for (int64_t j = 0; j < n; j++) {
        double left = lower[j * (n + 1)][lane] * lower[j * (n + 1)][lane];
        if (!(left > MX_ROUNDING * (double)n * scatter[(k * n + j) * n + j] / it->sizes[k])) {
            return 0;
        }
    }
    sort_values(n, it->variances + k / MX_LANES * n, lane, it->places + k * n, sorted);
    return sorted[0][lane] > MX_PLAIN * sorted[n - 1][lane];
}

/* Set a component's axes, and its eigenvalues in order, by careful rotations. */
static int find_spectrum(const struct mx_m_step *it, const double *scatter, int64_t k) {
    int64_t n = it->n_columns, lane = k % MX_LANES;
    double *matrix = it->workspace, *axes = matrix + n * n, *values = axes + n * n;
    for (int64_t p = 0; p < n * n; p++) {
        matrix[p] = scatter[k * n * n + p] / it->sizes[k];
    }
    int found = mx_spectrum(n, matrix, values, axes, values + n);
    if (!found) {
        return mx_refuse(it, k);
    }
    *it->shortened |= found == MX_SHORTENED;
    mx_lanes *vectors = it->vectors + k / MX_LANES * n * n;
    for (int64_t p = 0; p < n * n; p++) {
        vectors[p][lane] = axes[p];
    }
    for (int64_t j = 0; j < n; j++) {
        it->places[k * n + j] = j;
        it->ascending[k / MX_LANES * n + j][lane] = values[j];
    }
    return MX_DONE;
}

/* Set `vectors` to the axes of each component, and `ascending` to its eigenvalues in order. */
static int find_axes(const struct mx_m_step *it, const double *scatter) {
    int64_t n = it->n_columns;
    int wide = n >= MX_WIDE;
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        it->sizes[k] = k < it->n_components && wide ? it->rows[k] : 1.0;
    }
    if (!wide) {
        take_sized(it, scatter);
    }
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes *values = it->variances + block * n, *lower = it->matrices + block * n * n;
        if (!wide) {
            mx_cholesky(n, lower, values);
            mx_principal_axes(n, lower, it->vectors + block * n * n, values);
        }
        for (int64_t k = block * MX_LANES; k < (block + 1) * MX_LANES; k++) {
            if (k < it->n_components && (wide || !is_plain(it, scatter, k)) &&
                find_spectrum(it, scatter, k)) {
                return MX_FLAT;
            }
        }
        for (int64_t lane = 0; lane < MX_LANES; lane++) {
            int64_t k = block * MX_LANES + lane;
            for (int64_t j = 0; j < n; j++) {
                it->ascending[block * n + j][lane] =
                    k < it->n_components ? it->ascending[block * n + j][lane] * it->sizes[k] : 0.0;
            }
        }
    }
    return MX_DONE;
}

/* EEV, and VEV with volumes of their own: one spectrum along the axes of each component. */
static int update_one_spectrum(const struct mx_m_step *it, const double *scatter, int one_volume) {
    int64_t n = it->n_columns;
    if (find_axes(it, scatter)) {
        return MX_FLAT;
    }
    if (one_volume) {
        for (int64_t j = 0; j < n; j++) {
            it->shape[j] = 0.0;
            for (int64_t k = 0; k < it->n_components; k++) {
                it->shape[j] += it->ascending[k / MX_LANES * n + j][k % MX_LANES];
            }
        }
    } else {
        mx_read_log_volumes(it, 1);
        if (mx_volumes_of_variances(it->n_components, n, it->ascending, it->rows,
                                    it->previous != NULL, it->log_volumes, it->shape,
                                    it->workspace)) {
            return mx_refuse(it, MX_SHARED);
        }
    }
    if (!(it->shape[0] > FLAT * it->shape[n - 1])) {
        return mx_refuse(it, MX_SHARED);
    }
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        int present = k < it->n_components;
        double volume = present && !one_volume ? exp(it->log_volumes[k]) : 1.0;
        for (int64_t j = 0; j < n; j++) {
            it->variances[k / MX_LANES * n + j][k % MX_LANES] =
                present ? volume * (it->shape[it->places[k * n + j]] / it->n_rows) : 1.0;
        }
    }
    return mx_follow_axes(it, NULL) ? mx_refuse(it, MX_SHARED) : MX_DONE;
}

/* The first component that columns before others explain somewhere, or the first of all. */
static int64_t first_singular(const struct mx_m_step *it, const double *scatter) {
    int64_t n = it->n_columns;
    for (int64_t k = 0; k < it->n_components; k++) {
        for (int64_t j = 0; j < n; j++) {
            double root = it->matrices[(k / MX_LANES * n + j) * n + j][k % MX_LANES];
            if (!(root * root >
                  MX_ROUNDING * (double)n * scatter[(k * n + j) * n + j] / it->sizes[k])) {
                return k;
            }
        }
    }
    return 0;
}

static int update_common_axes(const struct mx_m_step *it, const double *scatter, int one_volume) {
    int64_t n = it->n_columns;
    take_sized(it, scatter);
    /* Spreads along the axes are needed, not inverses: components on few rows have them too. */
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_singular_cholesky(n, it->matrices + block * n * n, it->variances + block * n);
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        for (int64_t j = 0; j < n; j++) {
            double left = it->matrices[(k / MX_LANES * n + j) * n + j][k % MX_LANES];
            *it->shortened |= left == 0.0;
        }
    }
    if (mx_common_axes(it->n_components, n, one_volume, it->matrices, it->rows, it->sizes,
                       it->previous != NULL, it->axes, it->variances, it->workspace)) {
        return mx_refuse(it, first_singular(it, scatter));
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            it->vectors[j * n + i] = it->axes[i * n + j] - (mx_lanes){0};
        }
    }
    return mx_follow_axes(it, it->vectors);
}

int mx_update_ellipsoidal(int structure, const struct mx_m_step *it, const double *scatter) {
    switch (structure) {
    case MX_EEE: return update_one_covariance(it, scatter);
    case MX_VEE: return update_one_shape_and_axes(it, scatter);
    case MX_EVE:
    case MX_VVE: return update_common_axes(it, scatter, structure == MX_EVE);
    case MX_EEV:
    case MX_VEV: return update_one_spectrum(it, scatter, structure == MX_EEV);
    default: return update_matrices(it, scatter, structure == MX_EVV);
    }
}
