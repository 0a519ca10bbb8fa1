/* The M-step of every structure: from scatters to factors of precisions. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "common_axes.h"
#include "mixtura.h"
#include "small_matrices.h"
#include "volumes.h"

/* Scatters outside this range are left to more careful methods: their squares are numbers yet. */
#define LEAST_SCATTER 1e-60
#define MOST_SCATTER 1e60
#define LEAST_ROWS 1e-290
#define LEAST_VARIANCE 1e-290
#define LEAST_FACTOR 1e-145
#define LEAST_RATIO 1e-10

struct m_step {
    int64_t n_components, n_columns, n_blocks;
    const double *rows;
    double n_rows;
    const double *previous;
    double *factors;
    double *axes;
    mx_lanes *matrices;  /* (blocks, D, D) or (blocks, D) the scatters, and what becomes of them */
    mx_lanes *variances; /* (blocks, D) */
    mx_lanes *vectors;   /* (blocks, D, D) */
    double *log_volumes; /* (4 blocks) */
    double *shape;       /* (D, D) */
    double *room;
};

static int ordinary(double value, double least, double most) {
    return value > least && value < most;
}

/* Whether scatters, every `gap`-th of them on a diagonal, are neither tiny, huge nor NaN. */
static int ordinary_scatter(const double *scatter, int64_t count, int64_t size, int64_t gap) {
    int good = 1;
    for (int64_t k = 0; k < count; k++) {
        for (int64_t p = 0; p < size; p += gap) {
            good &= ordinary(scatter[k * size + p], LEAST_SCATTER, MOST_SCATTER);
        }
    }
    return good;
}

/* Set `factor` to 1 / sqrt(variance), if that is an ordinary number. */
static int root_of_precision(double variance, double *factor) {
    *factor = 1.0 / sqrt(variance);
    return ordinary(variance, LEAST_VARIANCE, 1.0 / LEAST_VARIANCE) ? MX_DONE : MX_HARD;
}

static int update_spherical(const struct m_step *it, int shared, const double *scatter) {
    int status = MX_DONE;
    double columns = (double)it->n_columns;
    for (int64_t k = 0; k < it->n_components; k++) {
        double trace = 0.0;
        for (int64_t j = 0; j < it->n_columns; j++) {
            trace += scatter[(shared ? 0 : k * it->n_columns) + j];
        }
        double rows = shared ? it->n_rows : it->rows[k];
        status |= root_of_precision(trace / (columns * rows), it->factors + k);
    }
    return status;
}

/* EEI and VVI. */
static int update_variances(const struct m_step *it, int shared, const double *scatter) {
    int status = MX_DONE;
    for (int64_t k = 0; k < it->n_components; k++) {
        const double *mine = scatter + (shared ? 0 : k * it->n_columns);
        double rows = shared ? it->n_rows : it->rows[k];
        for (int64_t j = 0; j < it->n_columns; j++) {
            status |= root_of_precision(mine[j] / rows, it->factors + k * it->n_columns + j);
        }
    }
    return status;
}

/* EVI: B_k = diag W_k / |diag W_k|^(1/D), and the volume sum_k |diag W_k|^(1/D) / n. */
static int update_one_volume_of_variances(const struct m_step *it, const double *scatter) {
    int status = MX_DONE;
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
            status |= root_of_precision(scatter[k * n + j] * scale, it->factors + k * n + j);
        }
    }
    return status;
}

/* Set the log volumes to those of the previous factors: -2 log|U_k| / D. */
static void read_log_volumes(const struct m_step *it, int full) {
    int64_t n = it->n_columns, size = full ? n * n : n, gap = full ? n + 1 : 1;
    for (int64_t k = 0; it->previous != NULL && k < it->n_components; k++) {
        double sum = 0.0;
        for (int64_t p = 0; p < size; p += gap) {
            sum += log(it->previous[k * size + p]);
        }
        it->log_volumes[k] = -2.0 * sum / (double)n;
    }
}

/* Set variance j of component k to lambda_k shape_j / n. */
static int update_one_shape_of_variances(const struct m_step *it) {
    int status = MX_DONE;
    read_log_volumes(it, 0);
    if (mx_volumes_of_variances(it->n_components, it->n_columns, it->matrices, it->rows,
                                it->previous != NULL, it->log_volumes, it->shape, it->room)) {
        return MX_HARD;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        double volume = exp(it->log_volumes[k]) / it->n_rows;
        for (int64_t j = 0; j < it->n_columns; j++) {
            status |= root_of_precision(volume * it->shape[j], it->factors + k * it->n_columns + j);
        }
    }
    return status;
}

/* Set every component's factor to that of one matrix (D, D) times a number of its own. */
static int share_factor(const struct m_step *it, const double *matrix, const double *multiples) {
    int64_t n = it->n_columns;
    mx_lanes lower[MX_MOST_COLUMNS * MX_MOST_COLUMNS], upper[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    mx_lanes reciprocals[MX_MOST_COLUMNS];
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

static int update_one_covariance(const struct m_step *it, const double *scatter) {
    double root = sqrt(it->n_rows);
    for (int64_t k = 0; k < it->n_components; k++) {
        it->log_volumes[k] = root;
    }
    return share_factor(it, scatter, it->log_volumes);
}

static int update_one_shape_and_axes(const struct m_step *it) {
    read_log_volumes(it, 1);
    if (mx_volumes_of_matrices(it->n_components, it->n_columns, it->matrices, it->rows,
                               it->previous != NULL, it->log_volumes, it->shape, it->room)) {
        return MX_HARD;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        it->log_volumes[k] = sqrt(it->n_rows * exp(-it->log_volumes[k]));
    }
    return share_factor(it, it->shape, it->log_volumes);
}

/* Replace the scatters by their Cholesky factors, and leave 1 / L_jj in `variances`. */
static int factorise(const struct m_step *it) {
    int good = 1;
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        good &= mx_cholesky(n, it->matrices + block * n * n, it->variances + block * n);
    }
    return good;
}

/* VVV, and EVV where all are brought to one volume. */
static int update_matrices(const struct m_step *it, int one_volume) {
    int64_t n = it->n_columns;
    mx_lanes upper[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
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
            place[j] += values[m][lane] < values[j][lane] ||
                        (values[m][lane] == values[j][lane] && m < j);
        }
        ascending[place[j]][lane] = values[j][lane];
    }
}

/* Set `vectors` to the axes of each component, and `ascending` to its eigenvalues in order. */
static int find_axes(const struct m_step *it, places place, mx_lanes *ascending) {
    int64_t n = it->n_columns;
    if (!factorise(it)) {
        return MX_HARD;
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
static void follow_axes(const struct m_step *it, const mx_lanes *common) {
    int64_t n = it->n_columns;
    mx_lanes upper[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *axes = common != NULL ? common : it->vectors + block * n * n;
        mx_factor_along(n, axes, it->variances + block * n, upper);
        mx_apart(it->n_components, block * MX_LANES, n * n, upper, it->factors);
    }
}

/* EEV, and VEV with volumes of their own: one spectrum along the axes of each component. */
static int update_one_spectrum(const struct m_step *it, int one_volume) {
    int64_t n = it->n_columns;
    places place;
    mx_lanes *ascending = (mx_lanes *)it->room;
    double *room = it->room + MX_LANES * it->n_blocks * n;
    if (find_axes(it, place, ascending)) {
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
        read_log_volumes(it, 1);
        if (mx_volumes_of_variances(it->n_components, n, ascending, it->rows,
                                    it->previous != NULL, it->log_volumes, it->shape, room)) {
            return MX_HARD;
        }
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

static int update_common_axes(const struct m_step *it, int one_volume) {
    int64_t n = it->n_columns;
    if (!factorise(it) ||
        mx_common_axes(it->n_components, n, one_volume, it->matrices, it->rows,
                       it->previous != NULL, it->axes, it->variances, it->room)) {
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

/* Whether no variance left the range of ordinary numbers. */
static int ordinary_factors(const struct m_step *it) {
    int64_t n = it->n_columns, good = 1;
    for (int64_t k = 0; k < it->n_components; k++) {
        for (int64_t j = 0; j < n; j++) {
            good &= ordinary(it->factors[(k * n + j) * n + j], LEAST_FACTOR, 1.0 / LEAST_FACTOR);
        }
    }
    return good ? MX_DONE : MX_HARD;
}

static int update_diagonal(int structure, const struct m_step *it, const double *scatter) {
    switch (structure) {
    case MX_EII:
    case MX_VII:
        return update_spherical(it, structure == MX_EII, scatter);
    case MX_EEI:
    case MX_VVI:
        return update_variances(it, structure == MX_EEI, scatter);
    case MX_VEI:
        mx_abreast(it->n_components, it->n_columns, scatter, it->matrices);
        return update_one_shape_of_variances(it);
    default:
        return update_one_volume_of_variances(it, scatter);
    }
}

static int update_full(int structure, const struct m_step *it, const double *scatter) {
    if (structure == MX_EEE) {
        return update_one_covariance(it, scatter);
    }
    mx_abreast(it->n_components, it->n_columns * it->n_columns, scatter, it->matrices);
    switch (structure) {
    case MX_VEE:
        return update_one_shape_and_axes(it);
    case MX_EVE:
    case MX_VVE:
        return update_common_axes(it, structure == MX_EVE);
    case MX_EEV:
    case MX_VEV:
        return update_one_spectrum(it, structure == MX_EEV);
    default:
        return update_matrices(it, structure == MX_EVV);
    }
}

int64_t mx_update_room(int64_t n_components, int64_t n_columns) {
    int64_t padded = MX_LANES * mx_blocks(n_components), size = n_columns * n_columns;
    int64_t volumes = padded * n_columns + mx_volumes_room(n_components, n_columns);
    int64_t axes = mx_common_axes_room(n_components, n_columns);
    return padded * (2 * size + n_columns + 1) + size + (volumes > axes ? volumes : axes);
}

int mx_update(int structure, int64_t n_components, int64_t n_columns, const double *scatter,
              const double *rows, const double *previous, double *factors, double *axes,
              double *room) {
    if (structure < MX_EII || structure > MX_VVV || n_components < 1 ||
        n_components > MX_MOST_COMPONENTS || n_columns < 1 || n_columns > MX_MOST_COLUMNS) {
        return MX_HARD;
    }
    int64_t n = n_columns, blocks = mx_blocks(n_components), padded = MX_LANES * blocks;
    int full = structure >= MX_EEE;
    int pooled = structure == MX_EII || structure == MX_EEI || structure == MX_EEE;
    double n_rows = 0.0;
    for (int64_t k = 0; k < n_components; k++) {
        if (!ordinary(rows[k], LEAST_ROWS, 1.0 / LEAST_ROWS)) {
            return MX_HARD;
        }
        n_rows += rows[k];
    }
    if (!ordinary_scatter(scatter, pooled ? 1 : n_components, full ? n * n : n,
                          full ? n + 1 : 1)) {
        return MX_HARD;
    }
    mx_lanes *matrices = (mx_lanes *)room, *vectors = matrices + blocks * n * n;
    mx_lanes *variances = vectors + blocks * n * n;
    double *log_volumes = (double *)(variances + blocks * n), *shape = log_volumes + padded;
    struct m_step it = {n_components, n, blocks, rows, n_rows, previous, factors, axes,
                        matrices, variances, vectors, log_volumes, shape, shape + n * n};
    if (!full) {
        return update_diagonal(structure, &it, scatter);
    }
    return update_full(structure, &it, scatter) || ordinary_factors(&it) ? MX_HARD : MX_DONE;
}
