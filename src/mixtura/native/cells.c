#include "cells.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "small_matrices.h"
#include "spectrum.h"

int64_t mx_cells_workspace(int64_t n, int full) {
    return full ? 4 * n + 3 * n * n + mx_eigen_workspace(n) : 4 * n;
}

mx_cells mx_cells_of(int64_t n_columns, const double *floor, int full, double *workspace) {
    mx_cells cells = {.n_columns = n_columns,
                      .full = full,
                      .one = full ? n_columns * n_columns : n_columns,
                      .rounded = (int64_t *)workspace,
                      .others = (int64_t *)workspace + n_columns,
                      .roots = workspace + 2 * n_columns,
                      .matrix = workspace + 3 * n_columns};
    cells.scratch = cells.matrix + (full ? cells.one : 0);
    for (int64_t j = 0; j < n_columns; j++) {
        if (floor[j] > 0) {
            cells.log_floor += log(floor[j]);
            cells.roots[cells.n_rounded] = sqrt(floor[j]);
            cells.rounded[cells.n_rounded++] = j;
        } else {
            cells.others[cells.n_others++] = j;
        }
    }
    return cells;
}

/* Sets the lower triangle to L, and returns log|L L^T|; NAN where it is singular. */
static double cholesky(int64_t n, double *matrix) {
    double logs = 0;
    for (int64_t j = 0; j < n; j++) {
        double left = matrix[j * n + j], whole = left;
        for (int64_t m = 0; m < j; m++)
            left -= matrix[j * n + m] * matrix[j * n + m];
        if (!(left > MX_ROUNDING * (double)n * whole))
            return NAN;
        double root = matrix[j * n + j] = sqrt(left);
        logs += log(left);
        for (int64_t i = j + 1; i < n; i++) {
            double sum = matrix[i * n + j];
            for (int64_t m = 0; m < j; m++)
                sum -= matrix[i * n + m] * matrix[j * n + m];
            matrix[i * n + j] = sum / root;
        }
    }
    return logs;
}

static int excess_of_variances(const mx_cells *cells, const double *scatter, double *excess,
                               double *log_others) {
    *log_others = 0;
    for (int64_t i = 0; i < cells->n_rounded; i++)
        excess[i] = scatter[cells->rounded[i]] / (cells->roots[i] * cells->roots[i]);
    for (int64_t i = 0; i < cells->n_others; i++) {
        if (!(scatter[cells->others[i]] > 0))
            return MX_FLAT;
        *log_others += log(scatter[cells->others[i]]);
    }
    return MX_DONE;
}

int mx_excess(const mx_cells *cells, const double *scatter, double *excess, double *log_others) {
    if (!cells->full)
        return excess_of_variances(cells, scatter, excess, log_others);
    int64_t d = cells->n_columns, r = cells->n_rounded, o = cells->n_others;
    double *others = cells->scratch, *half = others + o * o;
    for (int64_t i = 0; i < o; i++)
        for (int64_t j = 0; j < o; j++)
            others[i * o + j] = scatter[cells->others[i] * d + cells->others[j]];
    *log_others = cholesky(o, others);
    if (isnan(*log_others))
        return MX_FLAT;
    /* L^-1 W_or, a row for each other column. */
    for (int64_t i = 0; i < o; i++)
        for (int64_t j = 0; j < r; j++) {
            double sum = scatter[cells->others[i] * d + cells->rounded[j]];
            for (int64_t m = 0; m < i; m++)
                sum -= others[i * o + m] * half[m * r + j];
            half[i * r + j] = sum / others[i * o + i];
        }
    for (int64_t i = 0; i < r; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = scatter[cells->rounded[i] * d + cells->rounded[j]];
            for (int64_t m = 0; m < o; m++)
                sum -= half[m * r + i] * half[m * r + j];
            excess[i * r + j] = excess[j * r + i] = sum / (cells->roots[i] * cells->roots[j]);
        }
    return MX_DONE;
}

void mx_excess_values(const mx_cells *cells, const double *excess, double *values,
                      double *vectors) {
    int64_t r = cells->n_rounded;
    if (!cells->full) {
        memcpy(values, excess, sizeof(double) * r);
        return;
    }
    double *matrix = cells->scratch;
    memcpy(matrix, excess, sizeof(double) * r * r);
    mx_eigen(r, matrix, values, vectors, matrix + r * r);
}

int mx_is_beyond(const mx_cells *cells, const double *matrix, double sign, double added) {
    int64_t n = cells->n_rounded;
    double *lower = cells->scratch;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double left = sign * matrix[i * n + j] + (i == j ? added : 0.0);
            for (int64_t m = 0; m < j; m++)
                left -= lower[i * n + m] * lower[j * n + m];
            if (i == j && !(left > 0))
                return 0;
            lower[i * n + j] = i == j ? sqrt(left) : left / lower[j * n + j];
        }
    return 1;
}

void mx_lift(const mx_cells *cells, const double *excess, double rows, double *scatter) {
    int64_t d = cells->n_columns, r = cells->n_rounded;
    if (cells->full && mx_is_beyond(cells, excess, 1.0, -rows))
        return;
    mx_cells below = *cells;
    double *values = cells->scratch, *vectors = values + r;
    below.scratch = cells->full ? vectors + r * r : vectors;
    mx_excess_values(&below, excess, values, vectors);
    for (int64_t l = 0; l < r; l++) {
        double more = rows - values[l];
        if (!(more > 0))
            continue;
        if (!cells->full) {
            scatter[cells->rounded[l]] += more * cells->roots[l] * cells->roots[l];
            continue;
        }
        for (int64_t i = 0; i < r; i++)
            for (int64_t j = 0; j < r; j++)
                scatter[cells->rounded[i] * d + cells->rounded[j]] +=
                    more * (vectors[i * r + l] * vectors[j * r + l]) *
                    (cells->roots[i] * cells->roots[j]);
    }
}

void mx_tightness(const mx_cells *cells, const double *factor, double *matrix) {
    int64_t d = cells->n_columns, r = cells->n_rounded;
    for (int64_t i = 0; i < r; i++) {
        const double *row = factor + cells->rounded[i] * d;
        for (int64_t j = 0; j <= i; j++) {
            const double *other = factor + cells->rounded[j] * d;
            double sum = 0;
            for (int64_t l = cells->rounded[i]; l < d; l++)
                sum += row[l] * other[l];
            matrix[i * r + j] = matrix[j * r + i] = sum * cells->roots[i] * cells->roots[j];
        }
    }
}

double mx_share(const mx_cells *cells, const double *factor) {
    int64_t r = cells->n_rounded;
    double *matrix = cells->scratch, *vectors = matrix + r * r, largest = 0;
    double *values = cells->full ? vectors + r * r : matrix;
    if (cells->full) {
        mx_tightness(cells, factor, matrix);
        mx_eigen(r, matrix, values, vectors, values + r);
    }
    for (int64_t i = 0; i < r; i++) {
        double half = cells->full ? 0 : factor[cells->rounded[i]] * cells->roots[i];
        largest = fmax(largest, cells->full ? values[i] : half * half);
    }
    return largest;
}

double mx_trace(const mx_cells *cells, const double *factor, const double *scatter) {
    int64_t d = cells->n_columns;
    double trace = 0;
    for (int64_t j = 0; j < d; j++) {
        if (!cells->full) {
            trace += factor[j] * factor[j] * scatter[j];
            continue;
        }
        for (int64_t i = 0; i <= j; i++) {
            double sum = 0;
            for (int64_t l = 0; l <= j; l++)
                sum += scatter[i * d + l] * factor[l * d + j];
            trace += factor[i * d + j] * sum;
        }
    }
    return trace;
}

double mx_log_factor(const mx_cells *cells, const double *factor) {
    double sum = 0;
    for (int64_t j = 0; j < cells->n_columns; j++)
        sum += log(factor[cells->full ? j * cells->n_columns + j : j]);
    return sum;
}
