#include <math.h>
#include <string.h>

#include "stage.h"

int mx_is_definite(int64_t d, double *matrix) {
    for (int64_t j = 0; j < d; j++) {
        for (int64_t l = 0; l < j; l++)
            matrix[j * d + j] -= matrix[j * d + l] * matrix[j * d + l];
        if (!(matrix[j * d + j] > 0))
            return 0;
        double root = matrix[j * d + j] = sqrt(matrix[j * d + j]);
        for (int64_t i = j + 1; i < d; i++) {
            for (int64_t l = 0; l < j; l++)
                matrix[i * d + j] -= matrix[i * d + l] * matrix[j * d + l];
            matrix[i * d + j] /= root;
        }
    }
    return 1;
}

static void covariance_of(const mx_form *form, const double *factor, double *covariance) {
    int64_t d = form->n_columns;
    double inverse[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    mx_upper_inverse(d, factor, inverse);
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t l = 0; l <= j; l++)
                sum += inverse[l * d + i] * inverse[l * d + j];
            covariance[i * d + j] = covariance[j * d + i] = sum;
        }
}

/* log|Sigma| of two components as one, of which the first has a share. */
static double joint_volume(const mx_form *form, const double *one, const double *other,
                           const double *means, const double *others, double share) {
    int64_t d = form->n_columns;
    double weight = share * (1 - share), volume = 0, mean = 0;
    double joint[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    if (form->full) {
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < d; j++)
                joint[i * d + j] = share * one[i * d + j] + (1 - share) * other[i * d + j] +
                                   weight * (means[i] - others[i]) * (means[j] - others[j]);
        if (!mx_is_definite(d, joint))
            return INFINITY;
        for (int64_t i = 0; i < d; i++)
            volume += 2 * log(joint[i * d + i]);
        return volume;
    }
    for (int64_t i = 0; i < d; i++) {
        double gap = means[i] - others[i];
        double a = form->spherical ? one[0] : one[i], b = form->spherical ? other[0] : other[i];
        double within = share / (a * a) + (1 - share) / (b * b) + weight * gap * gap;
        mean += within / d;
        volume += log(within);
    }
    return form->spherical ? d * log(mean) : volume;
}

void mx_merging_losses(mx_stage *at, const mx_place *now) {
    const mx_form *form = &at->form;
    int64_t n = form->n_components, d = form->n_columns, width = form->spherical ? 1 : form->one;
    const mx_state *state = &now->state;
    double *spreads = at->workspace, *volumes = spreads + n * width;
    for (int64_t k = 0; k < n; k++) {
        const double *factor = state->factors + k * width;
        volumes[k] = 0;
        for (int64_t i = 0; i < d; i++)
            volumes[k] -= 2 * log(form->full ? factor[i * d + i] : factor[form->spherical ? 0 : i]);
        if (form->full)
            covariance_of(form, factor, spreads + k * width);
        else
            memcpy(spreads + k * width, factor, sizeof(double) * width);
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t l = 0; l <= k; l++) {
            double a = state->rows[k], b = state->rows[l];
            double volume = joint_volume(form, spreads + k * width, spreads + l * width,
                                         state->means + k * d, state->means + l * d, a / (a + b));
            double loss = 0.5 * ((a + b) * volume - a * volumes[k] - b * volumes[l]);
            at->losses[k * n + l] = at->losses[l * n + k] = k == l ? 0 : loss;
        }
}
