/*
 * Newton's method over rotations: F(Q cayley(E)) = F(Q) + <G, E> + <E, H E> / 2 + ... for skew E,
 * with S_k = Q^T W_k Q, weights c_k = dF / d log s_kj and T = sum_k c_k S_k diag(1 / s_k):
 * G = T - T^T, and H E by products alone. E comes from conjugate gradients, preconditioned by the
 * curvature of each plane as if every S_k were diagonal.
 */
#include <math.h>

#include "axes_landscape.h"
#include "lapack.h"

#define MOST_CONJUGATE_STEPS 30
/* A step that promises less than this per row is none. */
#define LEAST_DECREASE 1e-12
#define LONGEST_STEP 2.0

struct model {
    double *gradient, *curvature, *bent; /* (D, D); the last T + T^T */
    mx_lanes *scaled;                    /* (blocks, D) c_k / s_kj */
    double *sums;                        /* (D, D, D) sum_k S_kim c_k / s_kj, if not wide */
    double *skew, *residual, *search, *image, *product; /* (D, D) */
    mx_lanes *bends;                     /* (blocks, D) */
    mx_lanes *means;                     /* (blocks) */
};

int64_t mx_newton_workspace(int64_t n_blocks, int64_t n_columns) {
    int64_t n = n_columns, sums = n < MX_WIDE ? n * n * n : 0;
    return 8 * n * n + sums + MX_LANES * n_blocks * (2 * n + 1);
}

static struct model model_in(const struct mx_landscape *it) {
    int64_t n = it->n_columns, size = n * n;
    double *gradient = it->workspace;
    struct model here = {.gradient = gradient,
                         .curvature = gradient + size,
                         .bent = gradient + 2 * size,
                         .skew = gradient + 3 * size,
                         .residual = gradient + 4 * size,
                         .search = gradient + 5 * size,
                         .image = gradient + 6 * size,
                         .product = gradient + 7 * size,
                         .scaled = (mx_lanes *)(gradient + 8 * size)};
    here.bends = here.scaled + it->n_blocks * n;
    here.means = here.bends + it->n_blocks * n;
    here.sums = (double *)(here.means + it->n_blocks);
    return here;
}

/* Set S_k. */
static void multiply_halves(const struct mx_landscape *it) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *halves = it->halves + block * n * n;
        mx_lanes *turned = it->turned + block * n * n;
        for (int64_t i = 0; i < n; i++) {
            turned[i * n + i] = it->spreads[block * n + i];
            for (int64_t j = 0; j < i; j++) {
                mx_lanes sum = {0};
                for (int64_t m = 0; m < n; m++) {
                    sum += halves[i * n + m] * halves[j * n + m];
                }
                turned[i * n + j] = turned[j * n + i] = sum;
            }
        }
    }
}

/* Set the sums (D, D, D) over components by which most of H E is independent of their number. */
static void sum_components(const struct mx_landscape *it, const struct model *here) {
    int64_t n = it->n_columns;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t m = 0; m <= i; m++) {
            for (int64_t j = 0; j < n; j++) {
                mx_lanes sum = {0};
                for (int64_t block = 0; block < it->n_blocks; block++) {
                    sum += it->turned[(block * n + i) * n + m] * here->scaled[block * n + j];
                }
                here->sums[(i * n + m) * n + j] = mx_add_lanes(&sum);
                here->sums[(m * n + i) * n + j] = here->sums[(i * n + m) * n + j];
            }
        }
    }
}

/* sum_k S_kim c_k / s_kj */
static double summed(const struct mx_landscape *it, const struct model *here, int64_t i, int64_t m,
                     int64_t j) {
    int64_t n = it->n_columns;
    if (n < MX_WIDE) {
        return here->sums[(i * n + m) * n + j];
    }
    mx_lanes sum = {0};
    for (int64_t block = 0; block < it->n_blocks; block++) {
        sum += it->turned[(block * n + i) * n + m] * here->scaled[block * n + j];
    }
    return mx_add_lanes(&sum);
}

/* Set the model of F about the axes, from S_k. */
static void differentiate(const struct mx_landscape *it, const struct model *here) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes weight = ((const mx_lanes *)it->weights)[block];
        for (int64_t j = 0; j < n; j++) {
            here->scaled[block * n + j] = weight / it->spreads[block * n + j];
        }
    }
    if (n < MX_WIDE) {
        sum_components(it, here);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            double slope = summed(it, here, i, j, j), other = summed(it, here, j, i, i);
            double ratios = summed(it, here, i, i, j) + summed(it, here, j, j, i);
            here->gradient[i * n + j] = slope - other;
            here->bent[i * n + j] = slope + other;
            here->curvature[i * n + j] =
                fmax(ratios - 2.0 * it->n_rows, MX_LEAST_CURVATURE * it->n_rows);
        }
    }
}

/* So many sums at once, as one waits for itself. */
#define ABREAST 4

/* Set sums_l to sum_m row_m E_m(j+l): E is skew, and along its rows it is read in order. */
static void times_columns(int64_t n, const mx_lanes *row, const double *skew, int64_t j,
                          mx_lanes *sums) {
    const double *columns[ABREAST];
    for (int64_t l = 0; l < ABREAST; l++) {
        sums[l] = (mx_lanes){0};
        columns[l] = skew + (j + l < n ? j + l : n - 1) * n;
    }
    for (int64_t m = 0; m < n; m++) {
        for (int64_t l = 0; l < ABREAST; l++) {
            sums[l] -= row[m] * columns[l][m];
        }
    }
}

/* Set c_k / s_kj times what the changes of log s_kj along E bend F by. */
static void bend(const struct mx_landscape *it, const struct model *here, const double *skew,
                 mx_lanes *bends) {
    int64_t n = it->n_columns;
    mx_lanes *means = here->means, total = {0};
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes mean = {0};
        for (int64_t j = 0; j < n; j++) {
            const mx_lanes *row = it->turned + (block * n + j) * n;
            mx_lanes sum = {0};
            for (int64_t m = 0; m < n; m++) {
                sum -= row[m] * skew[j * n + m];
            }
            bends[block * n + j] = 2.0 * sum / it->spreads[block * n + j];
            mean += bends[block * n + j];
        }
        means[block] = mean / (double)n;
        total += means[block] * ((const mx_lanes *)it->weights)[block];
    }
    double mean = mx_add_lanes(&total) / it->n_rows;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        mx_lanes common = (means[block] - mean) * (double)it->one_volume;
        for (int64_t j = 0; j < n; j++) {
            bends[block * n + j] =
                2.0 * here->scaled[block * n + j] * (common - bends[block * n + j]);
        }
    }
}

/* Add sum_m 2 T_imj E_mj to a row, T the sums over components, where they were not kept. */
static void add_products(const struct mx_landscape *it, const struct model *here, int64_t i,
                         const double *skew, double *row) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *turned = it->turned + (block * n + i) * n;
        for (int64_t j = 0; j < n; j += ABREAST) {
            mx_lanes sums[ABREAST];
            times_columns(n, turned, skew, j, sums);
            for (int64_t l = 0; l < ABREAST && j + l < n; l++) {
                mx_lanes sum = sums[l] * here->scaled[block * n + j + l];
                row[j + l] += 2.0 * mx_add_lanes(&sum);
            }
        }
    }
}

/* Set `image` to H E. */
static void hessian_times(const struct mx_landscape *it, const struct model *here,
                          const double *skew, double *image) {
    int64_t n = it->n_columns;
    double *product = here->product;
    mx_lanes *bends = here->bends;
    bend(it, here, skew, bends);
    for (int64_t i = 0; i < n; i++) {
        double *row = product + i * n;
        for (int64_t j = 0; j < n; j++) {
            mx_lanes sum = {0};
            for (int64_t block = 0; block < it->n_blocks; block++) {
                sum += it->turned[(block * n + i) * n + j] * bends[block * n + j];
            }
            row[j] = mx_add_lanes(&sum);
        }
        if (n >= MX_WIDE) {
            add_products(it, here, i, skew, row);
        }
        for (int64_t m = 0; m < n; m++) {
            const double *bent = here->bent + m * n;
            const double *sums = here->sums + (i * n + m) * n;
            for (int64_t j = 0; n < MX_WIDE && j < n; j++) {
                row[j] += 2.0 * sums[j] * skew[m * n + j] - skew[i * n + m] * bent[j];
            }
            for (int64_t j = 0; n >= MX_WIDE && j < n; j++) {
                row[j] -= skew[i * n + m] * bent[j];
            }
        }
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            image[i * n + j] = 0.5 * (product[i * n + j] - product[j * n + i]);
        }
    }
}

static double dot(int64_t size, const double *one, const double *other) {
    double sum = 0.0;
    for (int64_t p = 0; p < size; p++) {
        sum += one[p] * other[p];
    }
    return sum;
}

/* Set E to about -H^-1 G; return the decrease that it promises, or -1 where H bends down. */
static double newton_direction(const struct mx_landscape *it, const struct model *here,
                               double *skew) {
    int64_t size = it->n_columns * it->n_columns;
    double least = LEAST_DECREASE * it->n_rows;
    double *residual = here->residual, *search = here->search, *image = here->image;
    double length = 0.0;
    for (int64_t p = 0; p < size; p++) {
        skew[p] = 0.0;
        residual[p] = -here->gradient[p];
        search[p] = residual[p] / here->curvature[p];
        length += residual[p] * search[p];
    }
    double start = length;
    if (!(0.5 * start > least)) {
        return 0.0;
    }
    /* The more there is to gain, the less it pays to solve exactly; nor does next to nothing. */
    double tolerance = fmax(start * fmin(0.01, start / it->n_rows), 0.1 * least);
    for (int step = 0; step < MOST_CONJUGATE_STEPS && length > tolerance; step++) {
        hessian_times(it, here, search, image);
        double bend_along = dot(size, search, image);
        if (!(bend_along > 0.0)) {
            return -1.0;
        }
        double along = length / bend_along, before = length;
        for (int64_t p = 0; p < size; p++) {
            skew[p] += along * search[p];
            residual[p] -= along * image[p];
        }
        length = 0.0;
        for (int64_t p = 0; p < size; p++) {
            length += residual[p] * (residual[p] / here->curvature[p]);
        }
        for (int64_t p = 0; p < size; p++) {
            search[p] = residual[p] / here->curvature[p] + length / before * search[p];
        }
    }
    double promised = -0.5 * dot(size, here->gradient, skew);
    return promised > least ? promised : 0.0;
}

/*
 * Turn the axes by cayley(E) = 2 (I - E / 2)^-1 - I. The symmetric part of I - E / 2 is I, so that
 * elimination needs no pivots.
 */
static void turn(int64_t n, const double *skew, double *matrix, double *right, double *columns) {
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            /* Transposed, as the rows of `columns` are the columns of Q. */
            matrix[i * n + j] = (i == j) + 0.5 * skew[i * n + j];
            right[i * n + j] = 2.0 * columns[i * n + j];
        }
    }
    for (int64_t i = 0; i < n; i++) {
        double inverse = 1.0 / matrix[i * n + i];
        for (int64_t l = i + 1; l < n; l++) {
            double factor = matrix[l * n + i] * inverse;
            for (int64_t j = i + 1; j < n; j++) {
                matrix[l * n + j] -= factor * matrix[i * n + j];
            }
            for (int64_t j = 0; j < n; j++) {
                right[l * n + j] -= factor * right[i * n + j];
            }
        }
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t l = i + 1; l < n; l++) {
            for (int64_t j = 0; j < n; j++) {
                right[i * n + j] -= matrix[i * n + l] * right[l * n + j];
            }
        }
        for (int64_t j = 0; j < n; j++) {
            right[i * n + j] /= matrix[i * n + i];
        }
    }
    for (int64_t p = 0; p < n * n; p++) {
        columns[p] = right[p] - columns[p];
    }
}

double mx_newton_step(const struct mx_landscape *it) {
    int64_t n = it->n_columns;
    struct model here = model_in(it);
    double *skew = here.skew;
    multiply_halves(it);
    differentiate(it, &here);
    double promised = newton_direction(it, &here, skew);
    if (promised > 0.0) {
        if (dot(n * n, skew, skew) > LONGEST_STEP * LONGEST_STEP) {
            return -1.0;
        }
        turn(n, skew, here.residual, here.search, it->columns);
    }
    return promised;
}
