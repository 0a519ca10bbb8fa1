/* Cholesky factors, eigenvectors by one-sided Jacobi rotations, and factors from known axes. */
#include "small_matrices.h"

#include <float.h>
#include <math.h>

#include "few_columns.h"

/* What is left of a column, relative to it, below which it is rounding. */
#define LAST_DIGITS 1e-14
#define MOST_SWEEPS 30
/* Cosines this small leave their squares, once rotated away. */
#define SMALL_COSINE 1e-8

void mx_abreast(int64_t n_components, int64_t size, const double *values, mx_lanes *blocks) {
    for (int64_t first = 0; first < n_components; first += MX_LANES, blocks += size) {
        const double *own[MX_LANES];
        for (int64_t lane = 0; lane < MX_LANES; lane++) {
            int64_t k = first + lane < n_components ? first + lane : n_components - 1;
            own[lane] = values + k * size;
        }
        /* Lanes that are stored one by one would be waited for. */
        for (int64_t p = 0; p < size; p++) {
            blocks[p] = (mx_lanes){own[0][p], own[1][p], own[2][p], own[3][p]};
        }
    }
}

void mx_apart(int64_t n_components, int64_t first, int64_t size, const mx_lanes *block,
              double *values) {
    for (int64_t k = first; k < first + MX_LANES && k < n_components; k++) {
        for (int64_t p = 0; p < size; p++) {
            values[k * size + p] = block[p][k - first];
        }
    }
}

static inline void take_roots(mx_lanes *values) {
    mx_lanes roots = *values;
    for (int lane = 0; lane < MX_LANES; lane++) {
        roots[lane] = sqrt(roots[lane]);
    }
    *values = roots;
}

static inline int all_above(const mx_lanes *values, const mx_lanes *bounds) {
    int above = 1;
    for (int lane = 0; lane < MX_LANES; lane++) {
        above &= (*values)[lane] > (*bounds)[lane];
    }
    return above;
}

/* Make what is left of a column nothing where it is its last digits. */
static inline void drop(mx_lanes *left, const mx_lanes *whole) {
    for (int lane = 0; lane < MX_LANES; lane++) {
        (*left)[lane] = (*left)[lane] > LAST_DIGITS * (*whole)[lane] ? (*left)[lane] : 0.0;
    }
}

/* Set the reciprocals, zero where there is none. */
static inline void take_reciprocals(const mx_lanes *values, mx_lanes *reciprocals) {
    for (int lane = 0; lane < MX_LANES; lane++) {
        (*reciprocals)[lane] = (*values)[lane] > 0 ? 1.0 / (*values)[lane] : 0.0;
    }
}

static inline __attribute__((always_inline)) int cholesky(int64_t n, int singular, mx_lanes *matrix,
                                                          mx_lanes *reciprocals) {
    int good = 1;
    for (int64_t j = 0; j < n; j++) {
        const mx_lanes *row = matrix + j * n;
        mx_lanes left = row[j], least = MX_ROUNDING * (double)n * row[j];
        for (int64_t m = 0; m < j; m++) {
            left -= row[m] * row[m];
        }
        if (singular) {
            drop(&left, row + j);
        } else {
            good &= all_above(&left, &least);
        }
        take_roots(&left);
        matrix[j * n + j] = left;
        take_reciprocals(&left, reciprocals + j);
        for (int64_t i = j + 1; i < n; i++) {
            mx_lanes *other = matrix + i * n, sum = other[j];
            for (int64_t m = 0; m < j; m++) {
                sum -= other[m] * row[m];
            }
            other[j] = sum * reciprocals[j];
        }
    }
    return good;
}

int mx_cholesky(int64_t n, mx_lanes *matrix, mx_lanes *reciprocals) {
    return MX_BY_COLUMNS(n, cholesky, 0, matrix, reciprocals);
}

void mx_singular_cholesky(int64_t n, mx_lanes *matrix, mx_lanes *reciprocals) {
    cholesky(n, 1, matrix, reciprocals);
}

static inline __attribute__((always_inline)) void
inverse_transpose(int64_t n, const mx_lanes *lower, const mx_lanes *reciprocals, mx_lanes *upper) {
    for (int64_t j = 0; j < n; j++) {
        mx_lanes *column = upper + j * n;
        for (int64_t i = 0; i < j; i++) {
            column[i] = (mx_lanes){0};
        }
        column[j] = reciprocals[j];
        for (int64_t i = j + 1; i < n; i++) {
            mx_lanes sum = lower[i * n + j] * column[j];
            for (int64_t m = j + 1; m < i; m++) {
                sum += lower[i * n + m] * column[m];
            }
            column[i] = -sum * reciprocals[i];
        }
    }
}

void mx_inverse_transpose(int64_t n, const mx_lanes *lower, const mx_lanes *reciprocals,
                          mx_lanes *upper) {
    MX_BY_COLUMNS(n, inverse_transpose, lower, reciprocals, upper);
}

/* Make two columns orthogonal in every lane; return whether a cosine was more than small. */
static inline int make_orthogonal(int64_t n, mx_lanes *one, mx_lanes *other) {
    mx_lanes alpha = {0}, beta = {0}, gamma = {0};
    for (int64_t m = 0; m < n; m++) {
        alpha += one[m] * one[m];
        beta += other[m] * other[m];
        gamma += one[m] * other[m];
    }
    mx_lanes difference = beta - alpha;
    mx_lanes size = difference * difference + 4.0 * gamma * gamma;
    take_roots(&size);
    mx_lanes cosine;
    int moved = 0;
    for (int lane = 0; lane < MX_LANES; lane++) {
        size[lane] = copysign(size[lane] + DBL_MIN, difference[lane]);
        moved |=
            gamma[lane] * gamma[lane] > SMALL_COSINE * SMALL_COSINE * (alpha[lane] * beta[lane]);
    }
    mx_lanes tangent = 2.0 * gamma / (difference + size);
    cosine = 1.0 + tangent * tangent;
    take_roots(&cosine);
    cosine = 1.0 / cosine;
    mx_lanes sine = cosine * tangent;
    for (int64_t m = 0; m < n; m++) {
        mx_lanes left = one[m], right = other[m];
        one[m] = cosine * left - sine * right;
        other[m] = sine * left + cosine * right;
    }
    return moved;
}

int mx_principal_axes(int64_t n, const mx_lanes *lower, mx_lanes *axes, mx_lanes *values) {
    for (int64_t j = 0; j < n; j++) {
        for (int64_t m = 0; m < n; m++) {
            axes[j * n + m] = m < j ? (mx_lanes){0} : lower[m * n + j];
        }
    }
    int moved = n > 1;
    for (int sweep = 0; moved && sweep < MOST_SWEEPS; sweep++) {
        moved = 0;
        for (int64_t i = 0; i < n - 1; i++) {
            for (int64_t j = i + 1; j < n; j++) {
                moved |= make_orthogonal(n, axes + i * n, axes + j * n);
            }
        }
    }
    for (int64_t j = 0; j < n; j++) {
        mx_lanes length = {0};
        for (int64_t m = 0; m < n; m++) {
            length += axes[j * n + m] * axes[j * n + m];
        }
        values[j] = length;
        take_roots(&length);
        length = 1.0 / length;
        for (int64_t m = 0; m < n; m++) {
            axes[j * n + m] *= length;
        }
    }
    return !moved;
}

void mx_factor_along(int64_t n, const mx_lanes *axes, const mx_lanes *variances, mx_lanes *half,
                     mx_lanes *upper) {
    for (int64_t j = 0; j < n; j++) {
        mx_lanes scale = variances[j];
        take_roots(&scale);
        scale = 1.0 / scale;
        for (int64_t i = 0; i < n; i++) {
            half[i * n + j] = axes[j * n + i] * scale;
        }
    }
    /* Modified Gram-Schmidt on the rows of Q diag(variances)^-1/2, from the last to the first. */
    for (int64_t i = n - 1; i >= 0; i--) {
        mx_lanes *row = half + i * n, length = {0};
        for (int64_t m = 0; m < n; m++) {
            length += row[m] * row[m];
        }
        take_roots(&length);
        upper[i * n + i] = length;
        length = 1.0 / length;
        for (int64_t m = 0; m < n; m++) {
            row[m] *= length;
        }
        for (int64_t j = 0; j < i; j++) {
            mx_lanes *other = half + j * n, product = {0};
            for (int64_t m = 0; m < n; m++) {
                product += row[m] * other[m];
            }
            for (int64_t m = 0; m < n; m++) {
                other[m] -= product * row[m];
            }
            upper[j * n + i] = product;
            upper[i * n + j] = (mx_lanes){0};
        }
    }
}
