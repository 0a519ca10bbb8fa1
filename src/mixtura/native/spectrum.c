#include "spectrum.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "lapack.h"
#include "small_matrices.h"

#define MOST_ROUNDS 15
/* From so many columns on, tridiagonal forms take less time than plain rotations. */
#define FEW 8
/* Ten times the usual bound of what rounding leaves: kernels differ in how they round. */
#define NOISE (10 * DBL_EPSILON)

/* Turns rows and columns i and j so that entry (i, j) vanishes, and rows i and j of the axes. */
static inline __attribute__((always_inline)) void rotate(int64_t n, int64_t i, int64_t j,
                                                         double *matrix, double *axes) {
    double *one = matrix + i * n, *other = matrix + j * n, off = one[j];
    double ratio = (other[j] - one[i]) / (2 * off);
    double tangent = copysign(1.0, ratio) / (fabs(ratio) + sqrt(1 + ratio * ratio));
    double cosine = 1 / sqrt(1 + tangent * tangent), sine = cosine * tangent;
    double first = one[i] - tangent * off, second = other[j] + tangent * off;
    for (int64_t l = 0; l < n; l++) {
        double left = one[l], right = other[l];
        one[l] = cosine * left - sine * right;
        other[l] = sine * left + cosine * right;
    }
    for (int64_t l = 0; l < n; l++) {
        double left = axes[i * n + l], right = axes[j * n + l];
        axes[i * n + l] = cosine * left - sine * right;
        axes[j * n + l] = sine * left + cosine * right;
    }
    one[i] = first;
    other[j] = second;
    one[j] = other[i] = 0;
    for (int64_t l = 0; l < n; l++) {
        matrix[l * n + i] = one[l];
        matrix[l * n + j] = other[l];
    }
}

/* Eigenvalues by plain rotations, in loops of known lengths. */
static inline __attribute__((always_inline)) void turn(int64_t n, double *matrix, double *values,
                                                       double *vectors) {
    double axes[FEW * FEW];
    for (int64_t p = 0; p < n * n; p++)
        axes[p] = p % (n + 1) == 0;
    int moved = 1;
    for (int round = 0; moved && round < MOST_ROUNDS; round++) {
        moved = 0;
        for (int64_t i = 0; i < n - 1; i++)
            for (int64_t j = i + 1; j < n; j++) {
                double size = fabs(matrix[i * n + i]) + fabs(matrix[j * n + j]);
                if (!(fabs(matrix[i * n + j]) > DBL_EPSILON * size))
                    continue;
                rotate(n, i, j, matrix, axes);
                moved = 1;
            }
    }
    for (int64_t j = 0; j < n; j++) {
        values[j] = matrix[j * n + j];
        for (int64_t l = 0; l < n; l++)
            vectors[l * n + j] = axes[j * n + l];
    }
}

int64_t mx_eigen_workspace(int64_t n) { return n < FEW ? 0 : mx_wide_eigen_workspace(n); }

void mx_eigen(int64_t n, double *matrix, double *values, double *vectors, double *workspace) {
    if (n >= FEW) {
        mx_wide_eigen(n, matrix, values, workspace);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                vectors[j * n + i] = matrix[i * n + j];
        return;
    }
    switch (n) {
    case 1: turn(1, matrix, values, vectors); break;
    case 2: turn(2, matrix, values, vectors); break;
    case 3: turn(3, matrix, values, vectors); break;
    case 4: turn(4, matrix, values, vectors); break;
    case 5: turn(5, matrix, values, vectors); break;
    case 6: turn(6, matrix, values, vectors); break;
    default: turn(n, matrix, values, vectors);
    }
}

/* Sets A (n, n, column major), A^T A = matrix, to a Cholesky factor; 0 where rounding decides it.
 */
static int sharp_factor(int64_t n, const double *matrix, double *factor) {
    memcpy(factor, matrix, sizeof(double) * n * n);
    if (!mx_wide_cholesky(n, factor))
        return 0;
    for (int64_t j = 0; j < n; j++) {
        double left = factor[j * (n + 1)] * factor[j * (n + 1)];
        if (!(left > MX_ROUNDING * (double)n * matrix[j * (n + 1)]))
            return 0;
    }
    return 1;
}

/*
 * Sets A, rows of nothing below the others, with A^T A the matrix but for rounding; 0 where no A
 * is: scatter about means far away keeps the digits of its widest column.
 */
static int singular_factor(int64_t n, const double *matrix, double *factor, double *workspace) {
    double *widths = workspace, *pivoted = widths + n;
    int32_t *order = (int32_t *)(pivoted + n * n);
    workspace = pivoted + n * n + n;
    for (int64_t j = 0; j < n; j++) {
        double variance = matrix[j * (n + 1)];
        widths[j] = variance > 0 ? sqrt(variance) : 1.0;
    }
    for (int64_t p = 0; p < n * n; p++)
        pivoted[p] = matrix[p] / widths[p / n] / widths[p % n];
    int64_t rank = mx_pivoted(n, pivoted, MX_ROUNDING * (double)n, order, workspace);
    memset(factor, 0, sizeof(double) * n * n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < rank && i <= j; i++)
            factor[(order[j] - 1) * n + i] = pivoted[j * n + i];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t m = 0; m < rank; m++)
                sum += factor[i * n + m] * factor[j * n + m];
            if (!(fabs(sum - matrix[i * n + j] / widths[i] / widths[j]) <= MX_PLAIN))
                return 0;
        }
    for (int64_t p = 0; p < n * n; p++)
        factor[p] *= widths[p / n];
    return 1;
}

static void reverse(int64_t n, double *values, double *axes) {
    for (int64_t i = 0, j = n - 1; i < j; i++, j--) {
        double value = values[i];
        values[i] = values[j];
        values[j] = value;
        for (int64_t l = 0; l < n; l++) {
            value = axes[i * n + l];
            axes[i * n + l] = axes[j * n + l];
            axes[j * n + l] = value;
        }
    }
}

static int above_noise(int64_t n, double *values) {
    double largest = values[n - 1];
    for (int64_t j = 0; j < n; j++)
        if (!(values[j] > NOISE * (double)n * largest))
            values[j] = 0;
    return largest > 0 && largest < INFINITY;
}

int64_t mx_spectrum_workspace(int64_t n) {
    int64_t jacobi = mx_jacobi_workspace(n), eigen = mx_wide_eigen_workspace(n);
    int64_t singular = n * n + 2 * n + mx_pivoted_workspace(n);
    int64_t most = jacobi > eigen ? jacobi : eigen;
    return n * n + (singular > most ? singular : most);
}

/* By the matrix itself, whose small eigenvalues have the digits of the largest. */
static int plainly(int64_t n, const double *matrix, double *values, double *axes,
                   double *workspace) {
    memcpy(axes, matrix, sizeof(double) * n * n);
    return mx_wide_eigen(n, axes, values, workspace) && above_noise(n, values);
}

int mx_spectrum(int64_t n, const double *matrix, double *values, double *axes, double *workspace) {
    double *factor = workspace;
    workspace += n * n;
    if (n >= MX_WIDE && plainly(n, matrix, values, axes, workspace) &&
        values[0] > MX_PLAIN * values[n - 1])
        return MX_WHOLE;
    int sharp = sharp_factor(n, matrix, factor);
    if (!sharp && !singular_factor(n, matrix, factor, workspace))
        return plainly(n, matrix, values, axes, workspace) ? MX_SHORTENED : 0;
    mx_jacobi(n, factor, values, axes, workspace);
    reverse(n, values, axes);
    if (!(values[n - 1] > 0 && values[n - 1] < INFINITY))
        return 0;
    return sharp ? MX_WHOLE : MX_SHORTENED;
}
