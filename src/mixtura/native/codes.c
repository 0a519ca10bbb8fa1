#include "codes.h"

void mx_look_up(const mx_coded *coded, int64_t n_rows, int64_t first, int64_t count,
                int64_t n_components, int64_t stride, double *densities) {
    for (int64_t j = 0; j < coded->n_items; j++) {
        const int32_t *codes = coded->codes + j * n_rows + first;
        for (int64_t k = 0; k < n_components; k++) {
            const double *table = coded->table + k * coded->n_codes;
            double *own = densities + k * stride;
            for (int64_t row = 0; row < count; row++)
                own[row] += codes[row] < 0 ? 0 : table[codes[row]];
        }
    }
}

void mx_count_up(const mx_coded *coded, int64_t n_rows, int64_t first, int64_t count,
                 int64_t n_components, int64_t stride, const double *responsibilities) {
    for (int64_t j = 0; j < coded->n_items; j++) {
        const int32_t *codes = coded->codes + j * n_rows + first;
        for (int64_t k = 0; k < n_components; k++) {
            double *sums = coded->sums + k * coded->n_codes;
            const double *own = responsibilities + k * stride;
            for (int64_t row = 0; row < count; row++)
                if (codes[row] >= 0)
                    sums[codes[row]] += own[row];
        }
    }
}
