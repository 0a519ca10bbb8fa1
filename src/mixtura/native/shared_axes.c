/* Axes that precisions share, from the factors that a search for common axes ended with. */
#include <math.h>
#include <string.h>

#include "mixtura.h"
#include "spectrum.h"

/* Irregular multiples hardly ever add up to a matrix with equal eigenvalues. */
#define GOLDEN_RATIO 1.61803398874989485

int64_t mx_shared_axes_workspace(int64_t n) { return 2 * n * n + n + mx_spectrum_workspace(n); }

void mx_shared_axes(int64_t n_components, int64_t n_columns, const double *factors, double *axes,
                    double *workspace) {
    int64_t n = n_columns;
    double *sum = workspace, *rows = sum + n * n, *values = rows + n * n;
    memset(sum, 0, sizeof(double) * n * n);
    for (int64_t k = 0; k < n_components; k++) {
        const double *upper = factors + k * n * n;
        double size = 0.0;
        for (int64_t p = 0; p < n * n; p++) {
            size += upper[p] * upper[p];
        }
        double multiple = (1.0 + fmod(GOLDEN_RATIO * (double)k, 1.0)) / size;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                double product = 0.0;
                for (int64_t m = i; m < n; m++) {
                    product += upper[i * n + m] * upper[j * n + m];
                }
                sum[i * n + j] += multiple * product;
                sum[j * n + i] = sum[i * n + j];
            }
        }
    }
    mx_spectrum(n, sum, values, rows, values + n);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            axes[i * n + j] = rows[j * n + i];
        }
    }
}
