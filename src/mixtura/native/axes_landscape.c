/* The height F of common axes, and what it is made of. */
#include "axes_landscape.h"

#include <float.h>
#include <math.h>

/* Set `halves` to what they are at the axes. */
static void turn_halves(const struct mx_landscape *it) {
    int64_t n = it->n_columns;
    for (int64_t block = 0; block < it->n_blocks; block++) {
        const mx_lanes *lower = it->lower + block * n * n;
        for (int64_t j = 0; j < n; j++) {
            const double *axis = it->columns + j * n;
            mx_lanes *half = it->halves + (block * n + j) * n;
            for (int64_t m = 0; m < n; m++) {
                mx_lanes sum = {0};
                for (int64_t i = m; i < n; i++) {
                    sum += lower[i * n + m] * axis[i];
                }
                half[m] = sum;
            }
        }
    }
}

/* Set `spreads` to the squared lengths of the halves. */
static void measure_spreads(const struct mx_landscape *it) {
    int64_t n = it->n_columns;
    for (int64_t row = 0; row < it->n_blocks * n; row++) {
        mx_lanes spread = {0};
        for (int64_t m = 0; m < n; m++) {
            spread += it->halves[row * n + m] * it->halves[row * n + m];
        }
        it->spreads[row] = spread;
    }
}

/* Return F at the spreads, and set the weights. */
static double weigh(const struct mx_landscape *it) {
    int64_t n = it->n_columns;
    double value = 0.0, largest = -DBL_MAX, total = 0.0;
    for (int64_t k = 0; k < it->n_components; k++) {
        const mx_lanes *spreads = it->spreads + k / MX_LANES * n;
        double sum = 0.0;
        for (int64_t j = 0; j < n; j++) {
            sum += log(spreads[j][k % MX_LANES]);
        }
        it->weights[k] = sum / (double)n + (it->one_volume ? log(it->sizes[k]) : 0.0);
        value += it->rows[k] * sum;
        largest = fmax(largest, it->weights[k]);
    }
    for (int64_t k = 0; k < MX_LANES * it->n_blocks; k++) {
        int present = k < it->n_components;
        it->weights[k] = !present         ? 0.0
                         : it->one_volume ? exp(it->weights[k] - largest)
                                          : it->rows[k];
        total += it->weights[k];
    }
    if (!it->one_volume) {
        return value;
    }
    for (int64_t k = 0; k < it->n_components; k++) {
        it->weights[k] *= it->n_rows / total;
    }
    return it->n_rows * (double)n * (largest + log(total));
}

double mx_height_of_halves(const struct mx_landscape *it) {
    measure_spreads(it);
    return weigh(it);
}

double mx_height(const struct mx_landscape *it) {
    turn_halves(it);
    return mx_height_of_halves(it);
}
