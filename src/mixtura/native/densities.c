/* Log densities of Gaussian components: natural parameters, and what they cost in digits. */
#include <math.h>
#include <string.h>

#include "few_columns.h"
#include "gaussian.h"
#include "segments.h"

/* How much larger than what they leave the terms of a centred density may be, in the frame. */
#define MOST_LOSS 1e24
/* The same where cells are missing: these densities are not whitened. */
#define MOST_GAPPY_LOSS 1e12

double mx_expected_of(const mx_form *form, const mx_model *model, const mx_moments *moments,
                      int64_t k) {
    int64_t d = form->n_columns, width = form->spherical ? 1 : form->one;
    const double *factor = model->factors + k * width, *scatter = moments->scatter + k * form->one;
    double rows = moments->rows[k], logs = model->log_weights[k] + model->bases[k], squares = 0;
    double gap[MX_MOST_COLUMNS];
    for (int64_t i = 0; i < d; i++) {
        gap[i] = moments->means[k * d + i] - model->means[k * d + i];
        logs += log(factor[form->full ? i * d + i : form->spherical ? 0 : i]);
    }
    for (int64_t j = 0; j < d; j++) {
        if (!form->full) {
            double own = factor[form->spherical ? 0 : j];
            squares += own * own * (scatter[j] + rows * gap[j] * gap[j]);
            continue;
        }
        double white = 0;
        for (int64_t i = 0; i <= j; i++) {
            double sum = 0;
            for (int64_t l = 0; l <= j; l++)
                sum += scatter[i * d + l] * factor[l * d + j];
            squares += factor[i * d + j] * sum;
            white += factor[i * d + j] * gap[i];
        }
        squares += rows * white * white;
    }
    return rows * logs - 0.5 * squares;
}

INLINE void upper_inverse(int64_t d, const double *upper, double *inverse) {
    for (int64_t j = 0; j < d; j++) {
        inverse[j * d + j] = 1.0 / upper[j * d + j];
        for (int64_t i = j - 1; i >= 0; i--) {
            double sum = 0;
            for (int64_t l = i + 1; l <= j; l++)
                sum += upper[i * d + l] * inverse[l * d + j];
            inverse[i * d + j] = -sum * inverse[i * d + i];
        }
    }
}

void mx_upper_inverse(int64_t d, const double *upper, double *inverse) {
    upper_inverse(d, upper, inverse);
}

/* What precision_of returns and sets of a full factor. */
INLINE double full_precision(int64_t d, const double *factor, const double *mean, double *precision,
                             double *log_factor, double *rough, double *central) {
    double inverse[MX_MOST_COLUMNS * MX_MOST_COLUMNS], spread[MX_MOST_COLUMNS];
    double loss = 0, own = 0;
    *log_factor = *rough = 0;
    upper_inverse(d, factor, inverse);
    for (int64_t i = 0; i < d; i++) {
        *log_factor += log(factor[i * d + i]);
        double variance = 0;
        for (int64_t j = 0; j <= i; j++)
            variance += inverse[j * d + i] * inverse[j * d + i];
        spread[i] = sqrt(variance);
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t l = i; l < d; l++)
                sum += factor[i * d + l] * factor[j * d + l];
            precision[i * d + j] = precision[j * d + i] = sum;
        }
        *rough += variance * precision[i * d + i] + fabs(mean[i]) * sqrt(precision[i * d + i]);
    }
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            double size = fabs(precision[i * d + j]);
            loss += size * fabs(mean[i] * mean[j]);
            own += size * spread[i] * spread[j];
        }
    *central = own;
    return loss + own;
}

/*
 * The precision U U^T, and how much larger the terms of a density are than what they leave, also
 * about the mean; sets `rough` as gaussian/digits.py does.
 */
static double precision_of(const mx_form *form, const double *factor, const double *mean,
                           double *precision, double *log_factor, double *rough, double *central) {
    int64_t d = form->n_columns;
    if (form->full)
        return MX_BY_COLUMNS(d, full_precision, factor, mean, precision, log_factor, rough,
                             central);
    double loss = 0;
    *log_factor = *rough = *central = 0;
    for (int64_t i = 0; i < d; i++) {
        double own = form->spherical ? factor[0] : factor[i];
        precision[i] = own * own;
        *log_factor += log(own);
        loss += precision[i] * mean[i] * mean[i];
        *rough += 1 + fabs(mean[i]) * own;
    }
    return loss;
}

/* Sets those of columns to the product of precision and mean; returns that with the mean. */
INLINE double full_natural(int64_t d, int lean, const double *precision, const double *mean,
                           double *theta) {
    double distance = 0;
    for (int64_t i = 0; i < d; i++) {
        double sum = 0;
        for (int64_t j = 0; j < d; j++)
            sum += precision[i * d + j] * mean[j];
        theta[i] = sum;
        distance += sum * mean[i];
    }
    for (int64_t p = 0, i = 0, j = 0; !lean && p < d * (d + 1) / 2; p++, mx_next_pair(d, &i, &j))
        theta[d + 1 + p] = (i == j ? -0.5 : -1.0) * precision[i * d + j];
    return distance;
}

/* Sets the natural parameters of a component: its precision's, or those of a centred one. */
static void set_natural(const mx_form *form, const double *precision, const double *mean,
                        double constant, int centred, double *theta) {
    int64_t d = form->n_columns;
    memset(theta, 0, sizeof(double) * form->n_features);
    theta[d] = constant;
    if (centred)
        return;
    if (form->full) {
        theta[d] -= 0.5 * MX_BY_COLUMNS(d, full_natural, form->lean, precision, mean, theta);
        return;
    }
    double distance = 0;
    for (int64_t i = 0; i < d; i++) {
        theta[i] = precision[i] * mean[i];
        distance += theta[i] * mean[i];
    }
    theta[d] -= 0.5 * distance;
    for (int64_t p = 0; !form->lean && p < d; p++)
        theta[d + 1 + p] = -0.5 * precision[p];
}

/*
 * Adds the constant of noise. Where cells are missing, precisions are of normal cells as uncertain
 * as those of noise: their entropy is looked at, and no density.
 */
static void set_noise(const mx_problem *problem, const mx_form *form, double *theta) {
    int64_t d = form->n_columns;
    theta[d] += problem->log_noise;
    for (int64_t i = 0; problem->gaps && i < d; i++)
        theta[d + 1 + i] = -0.5 * exp(1.0 + 2.0 * problem->gaps->even[i]);
}

int mx_bind_plain(const mx_problem *problem, const mx_form *form, mx_model *model) {
    return mx_bind(problem, form, model) || model->n_centred ? MX_HARD : MX_DONE;
}

int mx_bind(const mx_problem *problem, const mx_form *form, mx_model *model) {
    int64_t d = form->n_columns;
    double precision[MX_MOST_COLUMNS * MX_MOST_COLUMNS], nowhere[MX_MOST_COLUMNS] = {0};
    model->offset = model->log_prior = 0;
    model->n_centred = 0;
    for (int64_t k = 0; k < form->n_components; k++) {
        model->bases[k] = model->rough[k] = model->centred[k] = 0;
        model->log_prior += (problem->concentration - 1.0) * model->log_weights[k];
        if (k >= form->n_gaussians || !d)
            set_natural(form, 0, 0, model->log_weights[k], 1, model->theta + k * form->n_features);
    }
    for (int64_t k = 0; d && k < form->n_gaussians; k++) {
        const double *mean = model->means + k * d;
        int64_t width = form->spherical ? 1 : form->one;
        double log_factor, central, *theta = model->theta + k * form->n_features;
        double loss = precision_of(form, model->factors + k * width, mean, precision, &log_factor,
                                   model->rough + k, &central);
        if (!(loss < (form->lean ? problem->far : MOST_LOSS)) ||
            (problem->gaps && !(central < MOST_GAPPY_LOSS)))
            return MX_HARD;
        int centred = !(loss < problem->far);
        model->centred[k] = centred;
        model->n_centred += centred;
        double constant = model->log_weights[k] + log_factor;
        if (centred && problem->gaps)
            set_natural(form, precision, nowhere, constant, 0, theta);
        else
            set_natural(form, precision, mean, constant, centred, theta);
        double trace = 0;
        for (int64_t i = 0; problem->prior_rows > 0 && i < form->one; i++)
            trace += precision[i] * problem->prior_scatter[i];
        model->log_prior += problem->prior_rows * log_factor - 0.5 * trace;
        for (int64_t i = 0; form->lean && k == 0 && i < form->one; i++)
            model->offset -= 0.5 * precision[i] * problem->second[i];
    }
    if (problem->has_noise)
        set_noise(problem, form, model->theta + form->n_gaussians * form->n_features);
    mx_bind_segments(problem, form, model);
    return MX_DONE;
}
