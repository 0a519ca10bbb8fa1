#include "cells.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST_ROUNDS 15
/* What is left of a column beyond others, relative to it, below which this needs more care. */
#define LEAST_PIVOT 1e-8

mx_cells mx_cells_of(int64_t n_columns, const double *floor, int full) {
    mx_cells cells = {
        .n_columns = n_columns, .full = full, .one = full ? n_columns * n_columns : n_columns};
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

/* Turns rows and columns i and j so that entry (i, j) vanishes. */
static void rotate(int64_t n, int64_t i, int64_t j, double *matrix, double *vectors) {
    double off = matrix[i * n + j];
    double ratio = (matrix[j * n + j] - matrix[i * n + i]) / (2 * off);
    double tangent = copysign(1.0, ratio) / (fabs(ratio) + sqrt(1 + ratio * ratio));
    double cosine = 1 / sqrt(1 + tangent * tangent), sine = cosine * tangent;
    for (int64_t l = 0; l < n; l++) {
        double left = matrix[l * n + i], right = matrix[l * n + j];
        matrix[l * n + i] = cosine * left - sine * right;
        matrix[l * n + j] = sine * left + cosine * right;
        left = vectors[l * n + i], right = vectors[l * n + j];
        vectors[l * n + i] = cosine * left - sine * right;
        vectors[l * n + j] = sine * left + cosine * right;
    }
    for (int64_t l = 0; l < n; l++) {
        double left = matrix[i * n + l], right = matrix[j * n + l];
        matrix[i * n + l] = cosine * left - sine * right;
        matrix[j * n + l] = sine * left + cosine * right;
    }
    matrix[i * n + j] = matrix[j * n + i] = 0;
}

void mx_eigen(int64_t n, double *matrix, double *values, double *vectors) {
    for (int64_t p = 0; p < n * n; p++)
        vectors[p] = p % (n + 1) == 0;
    int moved = 1;
    for (int round = 0; moved && round < MOST_ROUNDS; round++) {
        moved = 0;
        for (int64_t i = 0; i < n - 1; i++)
            for (int64_t j = i + 1; j < n; j++) {
                double size = fabs(matrix[i * n + i]) + fabs(matrix[j * n + j]);
                if (!(fabs(matrix[i * n + j]) > DBL_EPSILON * size))
                    continue;
                rotate(n, i, j, matrix, vectors);
                moved = 1;
            }
    }
    for (int64_t j = 0; j < n; j++)
        values[j] = matrix[j * n + j];
}

/* Sets the lower triangle to L, and returns log|L L^T|; NAN where more care is needed. */
static double cholesky(int64_t n, double *matrix) {
    double logs = 0;
    for (int64_t j = 0; j < n; j++) {
        double left = matrix[j * n + j], whole = left;
        for (int64_t m = 0; m < j; m++)
            left -= matrix[j * n + m] * matrix[j * n + m];
        if (!(left > LEAST_PIVOT * whole))
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
            return MX_HARD;
        *log_others += log(scatter[cells->others[i]]);
    }
    return MX_DONE;
}

int mx_excess(const mx_cells *cells, const double *scatter, double *excess, double *log_others) {
    if (!cells->full)
        return excess_of_variances(cells, scatter, excess, log_others);
    int64_t d = cells->n_columns, r = cells->n_rounded, o = cells->n_others;
    double others[MX_MOST_CELLS], half[MX_MOST_CELLS];
    for (int64_t i = 0; i < o; i++)
        for (int64_t j = 0; j < o; j++)
            others[i * o + j] = scatter[cells->others[i] * d + cells->others[j]];
    *log_others = cholesky(o, others);
    if (isnan(*log_others))
        return MX_HARD;
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
    double matrix[MX_MOST_CELLS];
    memcpy(matrix, excess, sizeof(double) * r * r);
    mx_eigen(r, matrix, values, vectors);
}

int mx_is_beyond(int64_t n, const double *matrix, double sign, double added) {
    double lower[MX_MOST_CELLS];
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
    double values[MX_MOST_COLUMNS], vectors[MX_MOST_CELLS];
    if (cells->full && mx_is_beyond(r, excess, 1.0, -rows))
        return;
    mx_excess_values(cells, excess, values, vectors);
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
    double matrix[MX_MOST_CELLS], values[MX_MOST_COLUMNS], vectors[MX_MOST_CELLS], largest = 0;
    if (cells->full) {
        mx_tightness(cells, factor, matrix);
        mx_eigen(r, matrix, values, vectors);
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
