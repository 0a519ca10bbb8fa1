#include "softmax.h"

#include "vector.h"

/* Rows that are worked on at once: those of many components stay in the second cache level. */
#define STRIP 64

static void strip(int64_t n_components, int64_t stride, int64_t n_rows, double *values,
                  double *largest, double *total) {
    for (int64_t row = 0; row < n_rows; row += LANES) {
        double *own = values + row;
        vec most = load(own), sum = {0};
        for (int64_t k = 1; k < n_components; k++) {
            vec other = load(own + k * stride);
            most = chosen(other > most, other, most);
        }
        for (int64_t k = 0; k < n_components; k++) {
            vec share = exponential(load(own + k * stride) - most);
            store(own + k * stride, share);
            sum += share;
        }
        vec scale = 1.0 / sum;
        for (int64_t k = 0; k < n_components; k++)
            store(own + k * stride, load(own + k * stride) * scale);
        store(largest + row, most);
        store(total + row, -logarithm(sum));
    }
}

void mx_softmax_rows(int64_t n_components, int64_t n_rows, double *values, double *largest,
                     double *total) {
    int64_t whole = n_rows / LANES * LANES;
    for (int64_t first = 0; first < whole; first += STRIP) {
        int64_t count = whole - first < STRIP ? whole - first : STRIP;
        strip(n_components, n_rows, count, values + first, largest + first, total + first);
    }
    /* The rows that fill no vector, one by one. */
    for (int64_t row = whole; row < n_rows; row++) {
        double *own = values + row;
        vec most = all_of(own[0]), sum = {0};
        for (int64_t k = 1; k < n_components; k++)
            most = chosen(all_of(own[k * n_rows]) > most, all_of(own[k * n_rows]), most);
        for (int64_t k = 0; k < n_components; k++) {
            vec share = exponential(all_of(own[k * n_rows]) - most);
            own[k * n_rows] = share[0];
            sum += share;
        }
        for (int64_t k = 0; k < n_components; k++)
            own[k * n_rows] /= sum[0];
        largest[row] = most[0];
        total[row] = -logarithm(sum)[0];
    }
}
