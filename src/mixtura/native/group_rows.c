#include "group_rows.h"

#include <math.h>
#include <string.h>

/* Column widths of which a group is left to the caller: beyond these powers of two, or this share
 * of the column's cells. */
#define LARGEST_PLAIN_EXPONENT 40
#define SLIGHT 1e-11

mx_group_rows mx_group_rows_in(const mx_form *form, int64_t most, mx_workspace *from) {
    int64_t d = form->n_columns;
    mx_group_rows at = {.form = *form, .n_products = d + 1 + d * (d + 1) / 2};
    at.features = mx_taken(from, at.n_products * most);
    at.points = mx_taken(from, MX_VIEWS * (d + 1) * mx_padded(most));
    at.origin = mx_taken(from, d);
    at.spread = mx_taken(from, d);
    at.unit = mx_taken(from, d);
    at.covariance = mx_taken(from, d * d);
    at.second = mx_taken(from, d * d);
    at.own = mx_taken(from, d * d);
    at.factor_of_all = mx_taken(from, d * d);
    return at;
}

/* The sum of values (n), each as often as its weight says, which are n in all. */
static double sum_of(int64_t n_rows, const double *values, const double *weights) {
    double total = 0;
    for (int64_t i = 0; i < n_rows; i++)
        total += weights ? weights[i] * values[i] : values[i];
    return total;
}

int mx_group_features(mx_group_rows *at, int64_t n_rows, const double *cells,
                      const double *weights) {
    int64_t d = at->form.n_columns;
    int constant = 0;
    for (int64_t j = 0; j < d; j++) {
        double first = cells[j], *own = at->features + j * n_rows;
        int64_t same = 0;
        for (int64_t i = 0; i < n_rows; i++) {
            own[i] = cells[i * d + j] - first;
            same += own[i] == 0;
        }
        constant |= same == n_rows;
        double mean = sum_of(n_rows, own, weights) / (double)n_rows;
        at->origin[j] = first + mean;
        for (int64_t i = 0; i < n_rows; i++)
            own[i] = cells[i * d + j] - at->origin[j];
    }
    double *ones = at->features + d * n_rows;
    for (int64_t i = 0; i < n_rows; i++)
        ones[i] = 1;
    for (int64_t p = 0, i = 0, j = 0; p < d * (d + 1) / 2; p++, mx_next_pair(d, &i, &j)) {
        double *product = ones + (p + 1) * n_rows;
        const double *one = at->features + i * n_rows, *other = at->features + j * n_rows;
        for (int64_t row = 0; row < n_rows; row++)
            product[row] = one[row] * other[row];
    }
    return constant;
}

int mx_group_measures(mx_group_rows *at, double prior_share, int64_t one_scale, int64_t n_rows,
                      const double *weights) {
    int64_t d = at->form.n_columns;
    const double *products = at->features + (d + 1) * n_rows;
    double mean = 0;
    for (int64_t p = 0, i = 0, j = 0; p < d * (d + 1) / 2; p++, mx_next_pair(d, &i, &j)) {
        double total = sum_of(n_rows, products + p * n_rows, weights);
        at->covariance[i * d + j] = at->covariance[j * d + i] = total / (double)n_rows;
    }
    double widest = 0;
    for (int64_t j = 0; j < d; j++) {
        double variance = at->covariance[j * (d + 1)];
        at->spread[j] = sqrt(variance);
        widest = fmax(widest, at->spread[j]);
        mean += variance / (double)d;
        double share = at->spread[j] / (fabs(at->origin[j]) + at->spread[j]);
        if (!(fabs(log2(at->spread[j])) < LARGEST_PLAIN_EXPONENT) || share < SLIGHT)
            return MX_HARD;
    }
    for (int64_t j = 0; j < d; j++) {
        at->unit[j] = one_scale ? sqrt(mean) : at->spread[j];
        if (at->form.spherical)
            at->spread[j] = widest;
    }
    /* What components have of all rows, in the shape of one component's scatter. */
    int64_t step = at->form.full ? 1 : d + 1;
    for (int64_t i = 0; i < at->form.one; i++) {
        at->second[i] = at->covariance[i * step] * (double)n_rows;
        at->own[i] = at->second[i] * prior_share;
    }
    return MX_DONE;
}

int mx_group_views(mx_group_rows *at, int64_t n_rows, double *workspace) {
    int64_t d = at->form.n_columns;
    double rows = 1, whole[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    if (mx_update(MX_VVV, 1, d, at->covariance, &rows, NULL, whole, NULL, NULL, workspace))
        return MX_HARD;
    for (int64_t i = 0; i < (at->form.full ? d * d : d); i++)
        at->factor_of_all[i] =
            at->form.full ? whole[i] : 1 / (at->form.spherical ? at->unit[i] : at->spread[i]);
    int64_t stride = mx_padded(n_rows);
    double *plain = at->points, *whitened = plain + (d + 1) * stride;
    memset(plain, 0, sizeof(double) * MX_VIEWS * (d + 1) * stride);
    for (int64_t row = 0; row < n_rows; row++)
        plain[d * stride + row] = whitened[d * stride + row] = 1;
    for (int64_t j = 0; j < d; j++)
        for (int64_t row = 0; row < n_rows; row++)
            plain[j * stride + row] = at->features[j * n_rows + row] / at->spread[j];
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = i; j < d; j++)
            for (int64_t row = 0; row < n_rows; row++)
                whitened[j * stride + row] += whole[i * d + j] * at->features[i * n_rows + row];
    return MX_DONE;
}

mx_points mx_view_of(const mx_group_rows *at, int64_t view, int64_t n_rows, const uint32_t *keys) {
    int64_t d = at->form.n_columns, stride = mx_padded(n_rows);
    return (mx_points){.n_rows = n_rows,
                       .n_columns = d,
                       .stride = stride,
                       .columns = at->points + view * (d + 1) * stride,
                       .keys = keys};
}
