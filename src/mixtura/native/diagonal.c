#include "diagonal.h"

#include <math.h>
#include <stddef.h>

#include "volumes.h"

/* Set `factor` to 1 / sqrt(variance), if that is an ordinary number. */
static int root_of_precision(const struct mx_m_step *it, int64_t component, double variance,
                             double *factor) {
    *factor = 1.0 / sqrt(variance);
    return mx_ordinary(variance, MX_LEAST_VARIANCE, 1.0 / MX_LEAST_VARIANCE)
               ? MX_DONE
               : mx_refuse(it, component);
}

static int update_spherical(const struct mx_m_step *it, int shared, const double *scatter) {
    double columns = (double)it->n_columns;
    for (int64_t k = 0; k < it->n_components; k++) {
        double trace = 0.0;
        for (int64_t j = 0; j < it->n_columns; j++) {
            trace += scatter[(shared ? 0 : k * it->n_columns) + j];
        }
        double rows = shared ? it->n_rows : it->rows[k];
        if (root_of_precision(it, shared ? MX_SHARED : k, trace / (columns * rows),
                              it->factors + k)) {
            return MX_FLAT;
        }
    }
    return MX_DONE;
}

/* EEI and VVI. */
static int update_variances(const struct mx_m_step *it, int shared, const double *scatter) {
    for (int64_t k = 0; k < it->n_components; k++) {
        const double *mine = scatter + (shared ? 0 : k * it->n_columns);
        double rows = shared ? it->n_rows : it->rows[k];
        for (int64_t j = 0; j < it->n_columns; j++) {
            if (root_of_precision(it, shared ? MX_SHARED : k, mine[j] / rows,
                                  it->factors + k * it->n_columns + j)) {
                return MX_FLAT;
            }
        }
    }
    return MX_DONE;
}

/* EVI: B_k = diag W_k / |diag W_k|^(1/D), and the volume sum_k |diag W_k|^(1/D) / n. */
static int update_one_volume_of_variances(const struct mx_m_step *it, const double *scatter) {
    int64_t n = it->n_columns;
    double volume = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        double sum = 0.0;
        for (int64_t j = 0; j < n; j++) {
            sum += log(scatter[k * n + j]);
        }
        it->log_volumes[k] = exp(sum / (double)n);
        volume += it->log_volumes[k] / it->n_rows;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        double scale = volume / it->log_volumes[k];
        for (int64_t j = 0; j < n; j++) {
            if (root_of_precision(it, k, scatter[k * n + j] * scale, it->factors + k * n + j)) {
                return MX_FLAT;
            }
        }
    }
    return MX_DONE;
}

/* Set variance j of component k to lambda_k shape_j / n. */
static int update_one_shape_of_variances(const struct mx_m_step *it) {
    mx_read_log_volumes(it, 0);
    if (mx_volumes_of_variances(it->n_components, it->n_columns, it->matrices, it->rows,
                                it->previous != NULL, it->log_volumes, it->shape, it->workspace)) {
        return mx_refuse(it, MX_SHARED);
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        double volume = exp(it->log_volumes[k]);
        for (int64_t j = 0; j < it->n_columns; j++) {
            /* A shape is as large as all rows weigh, and no volume over so much may be a number. */
            if (root_of_precision(it, k, volume * (it->shape[j] / it->n_rows),
                                  it->factors + k * it->n_columns + j)) {
                return MX_FLAT;
            }
        }
    }
    return MX_DONE;
}

int mx_update_diagonal(int structure, const struct mx_m_step *it, const double *scatter) {
    switch (structure) {
    case MX_EII:
    case MX_VII: return update_spherical(it, structure == MX_EII, scatter);
    case MX_EEI:
    case MX_VVI: return update_variances(it, structure == MX_EEI, scatter);
    case MX_VEI:
        mx_abreast(it->n_components, it->n_columns, scatter, it->matrices);
        return update_one_shape_of_variances(it);
    default: return update_one_volume_of_variances(it, scatter);
    }
}
