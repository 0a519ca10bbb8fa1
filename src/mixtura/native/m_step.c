/* What several M-steps read of the factors that they start from. */
#include "m_step.h"

#include <math.h>
#include <stddef.h>

void mx_read_log_volumes(const struct mx_m_step *it, int full) {
    int64_t n = it->n_columns, size = full ? n * n : n, gap = full ? n + 1 : 1;
    for (int64_t k = 0; it->previous != NULL && k < it->n_components; k++) {
        double sum = 0.0;
        for (int64_t p = 0; p < size; p += gap) {
            sum += log(it->previous[k * size + p]);
        }
        it->log_volumes[k] = -2.0 * sum / (double)n;
    }
}
